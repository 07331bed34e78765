"""Deadlines of tasks: the one function `due(n, unit, since)` over the institution's calendar and the case's pauses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.engine import Element, FeelError, feel
from webapp.extensions import db
from webapp.organization.queries import calendar_days
from webapp.workdays import END_OF_DAY, UNITS, Calendar, Deadline, WorkdaysError, china_calendar, due, remind_at, span
from webapp.workflow.models import ClockPause, ProcessInstance

Pauses = Sequence[tuple[datetime, datetime | None]]


def institution_calendar(institution_id: int) -> Calendar:
    """The published calendar with the days an administrator set by hand."""
    return china_calendar(calendar_days(institution_id))


def pauses_of(instance_id: int) -> list[tuple[datetime, datetime | None]]:
    """The stretches in which the case's clock stood still."""
    rows = db.session.execute(
        select(ClockPause.begun_at, ClockPause.ended_at)
        .where(ClockPause.instance_id == instance_id)
        .order_by(ClockPause.id)
    )
    return [(row[0], row[1]) for row in rows]


@dataclass
class Clock:
    """Reckons deadlines of one case at one moment. `now` is aware UTC."""

    institution_id: int
    zone: ZoneInfo
    now: datetime
    instance: ProcessInstance | None = None
    _calendar: Calendar | None = None
    _pauses: list[tuple[datetime, datetime | None]] | None = None
    reckoned: list[Deadline] = field(default_factory=list)

    @property
    def calendar(self) -> Calendar:
        if self._calendar is None:
            self._calendar = institution_calendar(self.institution_id)
        return self._calendar

    @property
    def pauses(self) -> Pauses:
        if self._pauses is None:
            case = self.instance
            new = case is None or case.id is None
            paused = not new and case is not None and (case.round > 1 or bool((case.about or {}).get("suspended")))
            self._pauses = pauses_of(case.id) if paused and case is not None else []
        return self._pauses

    def forget_pauses(self) -> None:
        self._pauses = None

    def due(self, n: Any, unit: Any = "working_days", since: Any = None) -> str:
        """FEEL's `due(n, unit, since)`: an ISO instant; `since` defaults to now, else the case's pauses count out."""
        start = self.now if since is None else self._instant(since)
        pauses: Pauses = () if since is None else self.pauses
        if isinstance(n, float) and n.is_integer():
            n = int(n)
        if not isinstance(n, int) or isinstance(n, bool) or unit not in UNITS:
            text = f"due() 需要整数和单位 {'、'.join(UNITS)}"
            raise FeelError(text, f"due() needs a whole number and one of {', '.join(UNITS)}")
        try:
            deadline = due(n, unit, start, self.calendar, zone=self.zone, pauses=pauses)
        except WorkdaysError as error:
            raise FeelError(error.sentence, error.sentence_en) from error
        self.reckoned.append(deadline)
        return deadline.at.isoformat()

    def _instant(self, value: Any) -> datetime:
        try:
            instant = datetime.fromisoformat(str(value))
        except ValueError:
            raise FeelError(f"“{value}”不是日期", f"“{value}” is not a date") from None
        return instant if instant.tzinfo else instant.replace(tzinfo=self.zone).astimezone(UTC)

    def functions(self) -> dict[str, Callable[..., Any]]:
        """The functions diagrams may call, for the engine."""
        return {"due": self.due, "today": lambda: self.now.astimezone(self.zone).date().isoformat()}


@dataclass(frozen=True)
class TaskTimes:
    """When a task is due, with its arithmetic, and when to remind and to escalate."""

    due_at: datetime | None = None
    deadline: Deadline | None = None
    remind_at: datetime | None = None
    escalate_at: datetime | None = None


def task_times(element: Element, data: dict[str, Any], clock: Clock) -> TaskTimes:
    """Evaluate `camunda:dueDate` and the reminder and escalation properties of a user task.

    A date means the end of that day, null no deadline. Raises FeelError when the expression yields anything else.
    """
    if not element.due:
        return TaskTimes()
    clock.reckoned.clear()
    value = feel.compile(element.due).evaluate(data, clock.functions())
    deadline = clock.reckoned[-1] if clock.reckoned else None
    if value is None:
        return TaskTimes()
    due_at = _moment(value, clock.zone)
    if deadline is not None and deadline.at != due_at:
        deadline = None
    return TaskTimes(due_at, deadline, *around(element, due_at, clock))


def _moment(value: Any, zone: ZoneInfo) -> datetime:
    try:
        if isinstance(value, str) and len(value) == len("2026-03-02"):
            return datetime.combine(date.fromisoformat(value), END_OF_DAY, zone).astimezone(UTC)
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise FeelError("时限表达式没有得出时间", "The deadline expression yields no instant")
    return moment


def around(element: Element, due_at: datetime, clock: Clock) -> tuple[datetime | None, datetime | None]:
    """When to remind before `due_at` and when to escalate after it, by the element's properties."""
    remind = escalate = None
    if text := element.properties.get("remind_before"):
        n, unit = span(text)
        remind = remind_at(n, unit, due_at, clock.calendar, zone=clock.zone)
    if element.properties.get("escalate_to"):
        n, unit = span(element.properties.get("escalate_after") or "0 working_days")
        escalate = due(n, unit, due_at, clock.calendar, zone=clock.zone).at if n else due_at
    return remind, escalate
