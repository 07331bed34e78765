"""When a campaign opens and ends: arithmetic over the pack's entry and a calendar passed in, nothing else."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.definitions.campaign_entries import CampaignEntry, MonthDay, Recurrence
from webapp.workdays import END_OF_DAY, Calendar, remind_at, span

_BASE = 2000 * 12  # months are counted from here, so that "every 24 months" means the same years everywhere


@dataclass(frozen=True)
class Dates:
    """Proposed days. `windows`: {key, name_zh, name_en, first, last}, days as ISO text; `rolled`: the last day that
    was moved on because it is not worked, else None."""

    opens_on: date
    last_day: date
    windows: list[dict[str, Any]]
    rolled: date | None = None


def next_opening(recurs: Recurrence, since: date) -> date:
    """The first day on or after `since` on which a campaign opens by itself."""
    month = _BASE + recurs.month - 1
    passed = max(0, (since.year * 12 + since.month - 1 - month) // recurs.every_months)
    month += passed * recurs.every_months
    while (day := _on(month // 12, month % 12 + 1, recurs.day)) < since:
        month += recurs.every_months
    return day


def proposed(entry: CampaignEntry, opens_on: date, calendar: Calendar) -> Dates:
    """The days the pack proposes for an opening; a last day that is not worked moves on to the next working day."""
    said = _ahead(entry.last_day.date, opens_on) if entry.last_day.date else None
    said = said or opens_on + timedelta(days=entry.last_day.days or 0)
    last_day = said
    while not calendar.is_workday(last_day):
        last_day += timedelta(days=1)
    windows = []
    for window in entry.windows:
        first = _end(window.days[0], opens_on, opens_on)
        last = _end(window.days[1], opens_on, first)
        named = {"key": window.key, "name_zh": window.name_zh, "name_en": window.name_en}
        windows.append({**named, "first": first.isoformat(), "last": last.isoformat()})
    return Dates(opens_on, last_day, windows, said if last_day != said else None)


def period_of(pattern: str, opens_on: date) -> str:
    """The period an opening on this day stands for, such as "2026"."""
    year, month = opens_on.year, opens_on.month
    places = {
        "year": str(year),
        "year_before": str(year - 1),
        "month": f"{month:02d}",
        "half": str((month + 5) // 6),
        "quarter": str((month + 2) // 3),
    }
    for name, value in places.items():
        pattern = pattern.replace(f"{{{name}}}", value)
    return pattern[:40]


def first_moment(day: date, zone: ZoneInfo) -> datetime:
    """The beginning of a day of the institution, UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def last_moment(day: date, zone: ZoneInfo) -> datetime:
    """The end of a day of the institution, UTC."""
    return datetime.combine(day, END_OF_DAY, zone).astimezone(UTC)


def reminder_at(text: str, ends_at: datetime, calendar: Calendar, zone: ZoneInfo) -> datetime:
    """When the reminder "7 days" or "2 working_days" before the end is sent, UTC."""
    n, unit = span(text)
    return remind_at(n, unit, ends_at, calendar, zone=zone)


def _on(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


def _ahead(day: MonthDay | None, since: date) -> date | None:
    """This day of the year, on or after `since`."""
    if day is None:
        return None
    found = _on(since.year, day.month, day.day)
    return found if found >= since else _on(since.year + 1, day.month, day.day)


def _end(end: int | MonthDay, opens_on: date, since: date) -> date:
    if isinstance(end, MonthDay):
        return _ahead(end, since) or since
    return opens_on + timedelta(days=end)
