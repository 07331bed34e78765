"""How much time is left, for chips and lists."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from .calendar import Calendar

# "Due soon" begins this many working days before the end (the design language's amber).
SOON = 2


@dataclass(frozen=True)
class TimeLeft:
    """state: "ok", "soon" (within two working days), "over". `working_days` is negative when over.

    `hours` and `minutes` are what is left (or overdue) in plain time.
    """

    state: str
    working_days: int
    hours: int
    minutes: int

    def sentence(self, locale: str = "zh") -> str:
        """A few words for a chip, in Chinese ("zh...") or English."""
        zh, days = locale.startswith("zh"), abs(self.working_days)
        if self.state == "over":
            return f"超时 {days} 个工作日" if zh else f"{days} working day{'' if days == 1 else 's'} overdue"
        if days:
            return f"剩 {days} 个工作日" if zh else f"{days} working day{'' if days == 1 else 's'} left"
        if self.hours:
            return f"今天截止，剩 {self.hours} 小时" if zh else f"due today, {self.hours} h left"
        return f"今天截止，剩 {self.minutes} 分钟" if zh else f"due today, {self.minutes} min left"


def working_days_left(now: datetime, deadline_at: datetime, calendar: Calendar, zone: ZoneInfo) -> int:
    """Working days after today up to and including the deadline's day; 0 on its day, negative (at least -1) once over.

    `now` and `deadline_at` are aware; days are those of `zone`.
    """
    today, last = now.astimezone(zone).date(), deadline_at.astimezone(zone).date()
    first, step = (last, -1) if now > deadline_at else (today, 1)
    count, day, until = 0, first, max(today, last)
    while day < until:
        day += timedelta(days=1)
        count += calendar.is_workday(day)
    return step * count if step > 0 else min(-count, -1)


def time_left(now: datetime, deadline_at: datetime, calendar: Calendar, zone: ZoneInfo) -> TimeLeft:
    """What a deadline chip shows at `now` (both aware)."""
    days = working_days_left(now, deadline_at, calendar, zone)
    state = "over" if now > deadline_at else "soon" if days <= SOON else "ok"
    hours, seconds = divmod(int(abs((deadline_at - now).total_seconds())), 3600)
    return TimeLeft(state, days, hours, seconds // 60)
