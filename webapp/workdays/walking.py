"""The walk over the days after a beginning, saying of each what it is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .calendar import Calendar
from .clock import Span, add, both_folds, exists, instant
from .deadlines import Day

_ONE = timedelta(days=1)


@dataclass(frozen=True)
class Walk:
    """Days of `calendar` in `zone`; `still` are the spans in which the clock stood still, `close` ends each day."""

    calendar: Calendar
    zone: ZoneInfo
    still: list[Span]
    close: time

    def working_days(self, n: int, since: datetime) -> list[Day]:
        """From the first day to the nth working day after it; for 0, the first working day that isn't over yet."""
        first = since.astimezone(self.zone).date()
        if n == 0 and self._ends_on(first, since, worked=self.calendar.is_workday(first)):
            return [Day(first, "end", 0)]
        days, counted = [Day(first, "start")], 0
        for day in self._after(first):
            entry = self._entry(day)
            if entry.kind in ("counted", "makeup"):
                counted += 1
                if counted >= n:
                    return [*days, replace(entry, kind="end", number=min(counted, n))]
                entry = replace(entry, number=counted)
            days.append(entry)
        return days

    def plain_days(self, n: int, unit: str, since: datetime, roll_on: bool) -> list[Day]:
        """From the first day to the nth one after it, every day counting but those the clock stood still.

        With `roll_on` a last day that isn't worked moves on to the next working day.
        """
        first = since.astimezone(self.zone).date()
        left = (add(first, n, unit) - first).days
        if left == 0 and self._ends_on(first, since, worked=not roll_on or self.calendar.is_workday(first)):
            return [Day(first, "end", 0)]
        days, counted = [Day(first, "start")], 0
        for day in self._after(first):
            entry = self._entry(day)
            worked = not roll_on or self.calendar.is_workday(day)
            if self.paused(day):
                days.append(replace(entry, kind="paused"))
                continue
            counted += 1
            number = counted if counted <= left else None
            if counted >= left and worked:
                return [*days, replace(entry, kind="end", number=number)]
            kind = "counted" if counted < left else entry.kind
            days.append(replace(entry, kind=kind, number=number))
        return days

    def paused(self, day: date) -> bool:
        """Whether the clock stood still at any moment of the day up to its close."""
        if not self.still:
            return False
        opens, closes = min(both_folds(day, time(), self.zone)), instant(day, self.close, self.zone)
        return any(start <= closes and end > opens for start, end in self.still)

    def _ends_on(self, first: date, since: datetime, *, worked: bool) -> bool:
        return worked and not self.paused(first) and since <= instant(first, self.close, self.zone)

    def _after(self, first: date) -> Iterator[date]:
        day = first
        while True:
            day += _ONE
            if exists(day, self.zone):
                yield day

    def _entry(self, day: date) -> Day:
        special = self.calendar.special(day)
        name, name_en = (special.name, special.name_en) if special else ("", "")
        if not self.calendar.is_workday(day):
            kind = "holiday" if special else "rest"
        elif self.paused(day):
            kind = "paused"
        else:
            kind = "makeup" if special and day.weekday() >= 5 else "counted"
        return Day(day, kind, None, name, name_en)
