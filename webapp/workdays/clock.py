"""Instants and days: local times as UTC, pauses as spans, months added."""

import calendar as months_of
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# When the clock stopped, and when it went on (None: it still stands).
Pause = tuple[datetime, datetime | None]
Span = tuple[datetime, datetime]


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The local time of that day as UTC; the later one where the zone's clock shows it twice or not at all."""
    return max(both_folds(day, at, zone))


def both_folds(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local time of that day as UTC in both readings; they differ only when the zone's clock is changed."""
    local = datetime.combine(day, at, zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone has this day at all (Samoa had no 30 December 2011)."""
    noon = datetime.combine(day, time(12), zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day


def add(day: date, n: int, unit: str) -> date:
    """`n` days, weeks or months later (earlier when negative); a month without that day gives its last one."""
    if unit == "weeks":
        return day + timedelta(weeks=n)
    if unit == "days":
        return day + timedelta(days=n)
    year, month = divmod(day.year * 12 + day.month - 1 + n, 12)
    return date(year, month + 1, min(day.day, months_of.monthrange(year, month + 1)[1]))


def standing(pauses: Sequence[Pause], since: datetime, now: datetime | None) -> list[Span]:
    """The pauses as separate UTC spans in order: none before `since`, one still open ends at `now` (or is dropped)."""
    closed = [(max(start, since), now if end is None else end) for start, end in pauses]
    spans: list[Span] = []
    for start, end in sorted((a.astimezone(UTC), b.astimezone(UTC)) for a, b in closed if b is not None):
        if end <= start:
            continue
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def open_before(pauses: Sequence[Pause], at: datetime) -> bool:
    """Whether the clock stands still now, having stopped no later than `at`."""
    return any(end is None and start <= at for start, end in pauses)
