"""A clock that stands still: what isn't counted, and what an open pause says."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from webapp.workdays import Deadline, WorkdaysError, china_calendar, due

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = china_calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def held(
    *pauses: tuple[datetime, datetime | None], now: datetime | None = None, unit: str = "working_days"
) -> Deadline:
    return due(5, unit, at("2026-11-09 10:00"), CHINA, zone=SHANGHAI, pauses=pauses, now=now)


def test_days_waiting_for_a_correction_are_not_counted() -> None:
    deadline = held((at("2026-11-11 16:22"), at("2026-11-16 15:40")))
    assert deadline.local().date() == date(2026, 11, 20)
    paused = [day.date.day for day in deadline.days if day.kind == "paused"]
    assert paused == [11, 12, 13, 16]


def test_a_pause_on_the_last_day_gives_that_day_back() -> None:
    assert held().local().date() == date(2026, 11, 16)
    assert held((at("2026-11-16 09:00"), at("2026-11-18 17:00"))).local().date() == date(2026, 11, 19)


def test_a_pause_over_a_weekend_alone_changes_nothing() -> None:
    assert held((at("2026-11-14 08:00"), at("2026-11-15 20:00"))).at == held().at


def test_a_pause_after_the_end_or_before_the_beginning_changes_nothing() -> None:
    assert held((at("2026-12-01 08:00"), at("2026-12-02 20:00"))).at == held().at
    assert held((at("2026-11-02 08:00"), at("2026-11-06 20:00"))).at == held().at


def test_overlapping_pauses_are_one() -> None:
    twice = [(at("2026-11-10 09:00"), at("2026-11-11 09:00")), (at("2026-11-10 12:00"), at("2026-11-11 18:00"))]
    assert held(*twice).at == held((at("2026-11-10 09:00"), at("2026-11-11 18:00"))).at


def test_an_hours_deadline_moves_by_exactly_what_the_clock_stood() -> None:
    deadline = held((at("2026-11-09 11:00"), at("2026-11-09 13:20")), unit="hours")
    assert deadline.at == at("2026-11-09 17:20").astimezone(UTC)
    assert deadline.paused_for == timedelta(hours=2, minutes=20)


def test_an_hours_deadline_is_not_moved_by_a_pause_that_began_after_it() -> None:
    assert held((at("2026-11-09 15:01"), at("2026-11-09 16:00")), unit="hours").at == at("2026-11-09 15:00")


def test_an_open_pause_says_so_and_moves_with_now() -> None:
    opened = (at("2026-11-11 16:22"), None)
    first, later = held(opened, now=at("2026-11-12 09:00")), held(opened, now=at("2026-11-18 09:00"))
    assert first.paused
    assert later.paused
    assert first.local().date() == date(2026, 11, 18)
    assert later.local().date() == date(2026, 11, 24)
    assert not held((at("2026-11-17 09:00"), None)).paused


def test_a_pause_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(WorkdaysError, match="before it begins"):
        held((at("2026-11-12 09:00"), at("2026-11-11 09:00")))
