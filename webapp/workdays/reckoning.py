"""`due`: the one function that finds a deadline.

Rules, after the Civil Code (民法典 第二百零一至二百零四条): the day it begins isn't counted; hours run from the moment;
a month ends on its corresponding day, or on the month's last day where there is none; a last day that isn't worked
moves on to the next working day. A day on which the clock stood still at any moment isn't counted, so that waiting for
a correction never counts against the one who waits. Nothing is ever due earlier than these rules say, whatever the
zone's clock changes.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .calendar import Calendar
from .clock import Pause, add, instant, open_before, standing
from .deadlines import UNITS, Deadline
from .errors import WorkdaysError
from .walking import Walk

END_OF_DAY = time(23, 59, 59)
# About ten years in each unit: longer is a slip of the pen, and would walk (and store) thousands of days.
_MOST = {"working_days": 2500, "days": 3650, "weeks": 520, "months": 120, "hours": 87_600}


def due(
    n: int,
    unit: str,
    since: datetime,
    calendar: Calendar,
    *,
    zone: ZoneInfo,
    pauses: Sequence[Pause] = (),
    close_of_day: time = END_OF_DAY,
    now: datetime | None = None,
    roll_on: bool = True,
) -> Deadline:
    """When `n` `unit`s after `since` are over.

    `unit` is one of UNITS; `since`, `now` and both ends of each pause are aware. The deadline is the last day's
    `close_of_day` in `zone` (for hours: the exact moment). A pause whose end is None still lasts: it is reckoned up to
    `now` (default: its own beginning) and the deadline says `paused`. `roll_on=False` leaves a last day that isn't
    worked where it is. Raises WorkdaysError for a unit, a number or a time it can't take.
    """
    _check(n, unit)
    _check_moments(since, now, pauses)
    since = since.astimezone(UTC)
    still = standing(pauses, since, now)
    if unit == "hours":
        at, stood = since + timedelta(hours=n), timedelta(0)
        for start, end in still:
            if start <= at:
                at, stood = at + (end - start), stood + (end - start)
        paused = open_before(pauses, at)
        return Deadline(at, unit, n, since, (), False, calendar.version, zone.key, paused, stood)
    walk = Walk(calendar, zone, still, close_of_day)
    days = walk.working_days(n, since) if unit == "working_days" else walk.plain_days(n, unit, since, roll_on)
    at = instant(days[-1].date, close_of_day, zone)
    provisional = days[-1].date > calendar.published_until
    return Deadline(at, unit, n, since, tuple(days), provisional, calendar.version, zone.key, open_before(pauses, at))


def remind_at(
    n: int, unit: str, before: datetime, calendar: Calendar, *, zone: ZoneInfo, opening: time = time(8, 30)
) -> datetime:
    """The moment `n` `unit`s before `before`, UTC: for hours exactly, else at `opening` on the nth such day before it.

    Never later than `before`. Raises WorkdaysError as `due` does.
    """
    _check(n, unit)
    _check_moments(before, None, ())
    if unit == "hours":
        return before.astimezone(UTC) - timedelta(hours=n)
    day = before.astimezone(zone).date()
    if unit == "working_days":
        for _ in range(n):
            day = add(day, -1, "days")
            while not calendar.is_workday(day):
                day = add(day, -1, "days")
    else:
        day = add(day, -n, unit)
    return min(instant(day, opening, zone), before.astimezone(UTC))


def span(text: str) -> tuple[int, str]:
    """Read "3 working_days" as (3, "working_days"); WorkdaysError when it isn't a number and a unit."""
    number, _, unit = text.strip().partition(" ")
    if not (number.isascii() and number.isdecimal()):
        raise WorkdaysError(
            f"“{text}”不是时限：应写成数字、空格、单位，如 3 working_days。",
            f"“{text}” isn't a span: write a number, a space and a unit, such as 3 working_days.",
        )
    _check(int(number), unit.strip())
    return int(number), unit.strip()


def _check(n: int, unit: str) -> None:
    if unit not in UNITS:
        raise WorkdaysError(
            f"时限单位“{unit}”不认识：可用 {'、'.join(UNITS)}。",
            f"“{unit}” isn't a unit of time: use {', '.join(UNITS)}.",
        )
    if isinstance(n, bool) or not isinstance(n, int) or not 0 <= n <= _MOST[unit]:
        raise WorkdaysError(
            f"时限的数目应是 0 到 {_MOST[unit]} 的整数，现为 {n}。",
            f"The number of a deadline is a whole number from 0 to {_MOST[unit]}, not {n}.",
        )


def _check_moments(since: datetime, now: datetime | None, pauses: Sequence[Pause]) -> None:
    for moment in (since, now, *(m for pause in pauses for m in pause)):
        if moment is not None and moment.tzinfo is None:
            raise WorkdaysError("时刻缺少时区。", "A moment lacks its time zone.")
    if any(end is not None and end < start for start, end in pauses):
        raise WorkdaysError("停表的结束早于开始。", "A pause ends before it begins.")
