"""Timers: when an armed timer is due, and the ISO 8601 durations diagrams are written with."""

# mypy: disallow-subclassing-any=False

import re
from datetime import UTC, datetime, timedelta

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from webapp.engine.errors import EngineError
from webapp.engine.tokens import Token

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT.+")
MAX_DIGITS = 6  # of each number of a duration: a million years is no deadline


def is_literal(text: str) -> bool:
    """Whether a timer's text is an ISO 8601 duration or date rather than a FEEL expression."""
    return _DURATION.fullmatch(text) is not None or _DATE.fullmatch(text) is not None


def has_offset(text: str) -> bool:
    """Whether an ISO 8601 date can be read and says its offset."""
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def due_at(text: str, now: datetime) -> datetime:
    """The moment an ISO 8601 text means, in UTC: a duration such as P7D from `now`, or a date with an offset.

    Months and years keep the day of the month where they can (31 January + P1M = 28 or 29 February).
    Raises EngineError when the text is neither, or a date without an offset.
    """
    duration = _DURATION.fullmatch(text)
    try:
        if duration is not None and all(len(part or "") <= MAX_DIGITS for part in duration.groups()):
            return _later(now, {name: int(part or 0) for name, part in duration.groupdict().items()})
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise _unreadable(text) from error
    if moment.tzinfo is None:
        raise EngineError(
            f"时间“{text}”没有时区，请写明时区，如 2026-03-09T17:00:00+08:00",
            f'the time "{text}" has no offset; write it, such as 2026-03-09T17:00:00+08:00',
        )
    return moment.astimezone(UTC)


def _later(now: datetime, parts: dict[str, int]) -> datetime:
    months = now.year * 12 + now.month - 1 + parts["years"] * 12 + parts["months"]
    year, month = divmod(months, 12)
    first = now.replace(year=year, month=month + 1, day=1)
    next_month = (first + timedelta(days=31)).replace(day=1)
    day = min(now.day, (next_month - timedelta(days=1)).day)
    rest = timedelta(
        weeks=parts["weeks"],
        days=parts["days"],
        hours=parts["hours"],
        minutes=parts["minutes"],
        seconds=parts["seconds"],
    )
    return (first.replace(day=day) + rest).astimezone(UTC)


def _unreadable(text: str) -> EngineError:
    return EngineError(
        f'“{text}”不是时长或时间，请写成 P7D 或 due(7, "working_days")',
        f'"{text}" is no duration and no time; write P7D or due(7, "working_days")',
    )


class Timer(TimerEventDefinition):
    """A timer that is armed once and fires only when it is marked: the library would ask its own clock."""

    def has_fired(self, token: Token) -> bool:
        """Whether the timer was marked; arms it the first time it is asked."""
        if "due" not in token.internal_data:
            due: datetime = token.workflow.script_engine.due(token, self.expression)
            token.internal_data["due"] = due.isoformat()
        return bool(token.internal_data.get("fired", False))


def armed(token: Token) -> datetime | None:
    """When a waiting token's timer is due, in UTC; None when it waits for no timer."""
    due = token.internal_data.get("due")
    return datetime.fromisoformat(due) if due else None
