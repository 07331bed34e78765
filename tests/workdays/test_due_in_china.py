"""Deadlines over the Chinese calendar: festivals, make-up workdays, overrides and unpublished years."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from webapp.workdays import WorkdaysError, china_calendar, due, remind_at

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = china_calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def last_day(n: int, unit: str, since: str, **options: object) -> date:
    return due(n, unit, at(since), CHINA, zone=SHANGHAI, **options).local().date()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("n", "since", "last"),
    [
        (5, "2026-11-17 10:05", date(2026, 11, 24)),
        (1, "2026-02-13 09:00", date(2026, 2, 14)),  # Saturday 14 February is worked
        (2, "2026-02-13 09:00", date(2026, 2, 24)),  # then the Spring Festival, 15 to 23 February
        (5, "2026-02-13 09:00", date(2026, 2, 27)),
        (6, "2026-02-13 09:00", date(2026, 2, 28)),  # Saturday 28 February is worked
        (1, "2026-02-18 09:00", date(2026, 2, 24)),  # filed during the festival
        (1, "2026-09-30 17:30", date(2026, 10, 8)),
        (3, "2026-09-30 17:30", date(2026, 10, 10)),  # Saturday 10 October is worked
        (4, "2026-09-30 17:30", date(2026, 10, 12)),
        (1, "2026-09-19 12:00", date(2026, 9, 20)),  # Sunday 20 September is worked
        (2, "2026-12-31 09:00", date(2027, 1, 5)),
    ],
)
def test_working_days_follow_the_published_notices(n: int, since: str, last: date) -> None:
    assert last_day(n, "working_days", since) == last


def test_a_working_day_deadline_ends_with_its_day_in_the_institutions_zone() -> None:
    deadline = due(5, "working_days", at("2026-11-17 10:05"), CHINA, zone=SHANGHAI)
    assert deadline.at == datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC)
    early = due(5, "working_days", at("2026-11-17 10:05"), CHINA, zone=SHANGHAI, close_of_day=time(17))
    assert early.at == datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_the_day_is_that_of_the_institution_not_of_utc() -> None:
    late_evening_utc = datetime(2026, 11, 16, 16, 30, tzinfo=UTC)  # 00:30 on the 17th in Shanghai
    assert due(1, "working_days", late_evening_utc, CHINA, zone=SHANGHAI).local().date() == date(2026, 11, 18)


@pytest.mark.parametrize(
    ("n", "unit", "since", "last"),
    [
        (7, "days", "2026-11-17 10:00", date(2026, 11, 24)),
        (4, "days", "2026-11-17 10:00", date(2026, 11, 23)),  # the 21st is a Saturday: on to Monday
        (1, "weeks", "2026-09-29 10:00", date(2026, 10, 8)),  # the 6th lies in the National Day week
        (15, "days", "2026-01-30 10:00", date(2026, 2, 14)),  # a Saturday that is worked
        (1, "months", "2026-01-31 10:00", date(2026, 2, 28)),
        (1, "months", "2024-01-31 10:00", date(2024, 2, 29)),
        (3, "months", "2025-11-30 10:00", date(2026, 2, 28)),
        (12, "months", "2026-03-16 10:00", date(2027, 3, 16)),
    ],
)
def test_days_weeks_and_months_end_on_a_day_that_is_worked(n: int, unit: str, since: str, last: date) -> None:
    assert last_day(n, unit, since) == last


def test_a_last_day_off_stays_when_rolling_on_is_switched_off() -> None:
    assert last_day(4, "days", "2026-11-17 10:00", roll_on=False) == date(2026, 11, 21)


def test_hours_run_from_the_moment_through_nights_and_festivals() -> None:
    assert due(48, "hours", at("2026-02-16 22:15"), CHINA, zone=SHANGHAI).at == at("2026-02-18 22:15").astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "last"),
    [
        ("2026-11-20 09:00", date(2026, 11, 20)),
        ("2026-11-21 09:00", date(2026, 11, 23)),
        ("2026-02-14 09:00", date(2026, 2, 14)),
    ],
)
def test_zero_working_days_end_on_the_first_working_day_not_yet_over(since: str, last: date) -> None:
    assert last_day(0, "working_days", since) == last


def test_zero_working_days_after_the_close_end_on_the_next_one() -> None:
    assert last_day(0, "working_days", "2026-11-20 18:00", close_of_day=time(17)) == date(2026, 11, 23)


def test_a_deadline_past_the_last_published_year_is_provisional() -> None:
    assert CHINA.published_until.year >= 2026
    beyond = CHINA.published_until.replace(month=12, day=30)
    since = datetime(beyond.year, 12, 30, 4, tzinfo=UTC)
    assert due(10, "working_days", since, CHINA, zone=SHANGHAI).provisional
    assert not due(1, "days", since, CHINA, zone=SHANGHAI, roll_on=False).provisional


def test_an_administrators_day_wins_over_the_notice_and_changes_the_version() -> None:
    storm = china_calendar({date(2026, 11, 18): (False, "台风停课")})
    assert due(1, "working_days", at("2026-11-17 10:00"), storm, zone=SHANGHAI).local().date() == date(2026, 11, 19)
    opened = china_calendar({date(2026, 10, 5): (True, "校庆上班")})
    assert due(1, "working_days", at("2026-09-30 10:00"), opened, zone=SHANGHAI).local().date() == date(2026, 10, 5)
    assert len({CHINA.version, storm.version, opened.version}) == 3


def test_a_typed_notice_publishes_its_year() -> None:
    year = CHINA.published_until.year + 1
    typed = china_calendar({date(year, 1, 2): (False, "元旦")}, published_year=year)
    since = datetime(year, 3, 1, 4, tzinfo=UTC)
    assert due(5, "working_days", since, CHINA, zone=SHANGHAI).provisional
    assert not due(5, "working_days", since, typed, zone=SHANGHAI).provisional


def test_a_reminder_stands_on_the_working_day_before() -> None:
    deadline = at("2026-10-08 23:59")
    assert remind_at(1, "working_days", deadline, CHINA, zone=SHANGHAI) == at("2026-09-30 08:30").astimezone(UTC)
    assert remind_at(3, "hours", deadline, CHINA, zone=SHANGHAI) == at("2026-10-08 20:59").astimezone(UTC)
    early = at("2026-10-08 06:00")
    assert remind_at(0, "working_days", early, CHINA, zone=SHANGHAI) == early.astimezone(UTC)


@pytest.mark.parametrize(
    ("n", "unit", "since"),
    [
        (1, "fortnights", at("2026-01-05 09:00")),
        (-1, "days", at("2026-01-05 09:00")),
        (10**9, "days", at("2026-01-05 09:00")),
        (True, "days", at("2026-01-05 09:00")),
        (1, "days", datetime(2026, 1, 5, 9)),  # noqa: DTZ001 - the naive moment is the point
    ],
)
def test_what_can_not_be_reckoned_is_refused_in_both_languages(n: int, unit: str, since: datetime) -> None:
    with pytest.raises(WorkdaysError) as refused:
        due(n, unit, since, CHINA, zone=SHANGHAI)
    assert refused.value.sentence
    assert refused.value.sentence_en
