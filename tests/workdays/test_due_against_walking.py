"""Properties of `due` against a reference that walks day by day, in many zones and with pauses."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.workdays import Deadline, china_calendar, due

CHINA = china_calendar()
ZONES = [
    ZoneInfo(name)
    for name in (
        "Asia/Shanghai",
        "America/New_York",
        "America/Santiago",  # its clock goes back at midnight: 23:30 comes twice
        "America/Havana",
        "Australia/Lord_Howe",  # half an hour
        "Europe/Berlin",
        "Pacific/Apia",  # had no 30 December 2011
        "Pacific/Kiritimati",
        "UTC",
    )
]
ONE = timedelta(days=1)

zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2011, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(seconds=1), timedelta(days=12))
pauses = st.lists(st.tuples(st.timedeltas(-timedelta(days=3), timedelta(days=25)), lengths), max_size=4)


def utc_after(local: datetime) -> datetime:
    """The latest moment this wall clock can mean."""
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def local_days(since: datetime, zone: ZoneInfo) -> list[date]:
    """Every day the zone's wall clock shows in the half year after `since`, found by stepping through real time."""
    seen: list[date] = []
    for hours in range(0, 24 * 190, 6):
        day = (since + timedelta(hours=hours)).astimezone(zone).date()
        if not seen or seen[-1] != day:
            seen.append(day)
    return seen


def walked(n: int, since: datetime, zone: ZoneInfo, stood: list[tuple[datetime, datetime]]) -> date:
    """The nth day after `since` that is worked and on which the clock never stood still."""
    counted = 0
    for day in local_days(since, zone)[1:]:
        opens = min(datetime.combine(day, time(), zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
        closes = utc_after(datetime.combine(day, time(23, 59, 59), zone))
        touched = any(max(start, since) <= closes and end > opens and end > max(start, since) for start, end in stood)
        if CHINA.is_workday(day) and not touched:
            counted += 1
        if counted == n:
            return day
    raise AssertionError("half a year wasn't enough")


def spans(since: datetime, drawn: list[tuple[timedelta, timedelta]]) -> list[tuple[datetime, datetime]]:
    return [(since + start, since + start + length) for start, length in drawn]


@settings(max_examples=250, deadline=None)
@given(st.integers(1, 40), moments, zones, pauses)
def test_working_days_agree_with_walking_day_by_day(
    n: int, since: datetime, zone: ZoneInfo, drawn: list[tuple[timedelta, timedelta]]
) -> None:
    stood = spans(since, drawn)
    last = walked(n, since, zone, stood)
    deadline = due(n, "working_days", since, CHINA, zone=zone, pauses=stood)
    assert deadline.local().date() == last
    assert deadline.at == utc_after(datetime.combine(last, time(23, 59, 59), zone))


@settings(max_examples=250, deadline=None)
@given(st.integers(0, 60), st.sampled_from(["days", "hours", "working_days"]), moments, zones, pauses)
def test_nothing_is_due_before_its_span_has_really_run(
    n: int, unit: str, since: datetime, zone: ZoneInfo, drawn: list[tuple[timedelta, timedelta]]
) -> None:
    stood = spans(since, drawn)
    deadline = due(n, unit, since, CHINA, zone=zone, pauses=stood)
    held = timedelta(0)
    reached = since
    for start, end in sorted(stood):
        start, end = max(start, reached), min(end, deadline.at)
        if end > start:
            held, reached = held + (end - start), end
    running = deadline.at - since - held
    # A day in which a zone's clock springs forward is an hour short (Lord Howe: half), yet it is a whole day.
    asked = timedelta(hours=n) if unit == "hours" else n * ONE - timedelta(hours=1)
    assert running >= asked - timedelta(seconds=1)
    if unit == "hours":
        assert running == asked


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 30), st.sampled_from(["working_days", "days", "weeks", "months", "hours"]), moments, zones, pauses
)
def test_a_pause_never_shortens_and_json_keeps_everything(
    n: int, unit: str, since: datetime, zone: ZoneInfo, drawn: list[tuple[timedelta, timedelta]]
) -> None:
    plain = due(n, unit, since, CHINA, zone=zone)
    held = due(n, unit, since, CHINA, zone=zone, pauses=spans(since, drawn))
    assert held.at >= plain.at >= since
    assert Deadline.from_json(held.as_json()) == held


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 30), st.sampled_from(["working_days", "days", "weeks", "months"]), moments, zones, pauses)
def test_the_days_shown_add_up(
    n: int, unit: str, since: datetime, zone: ZoneInfo, drawn: list[tuple[timedelta, timedelta]]
) -> None:
    deadline = due(n, unit, since, CHINA, zone=zone, pauses=spans(since, drawn))
    numbers = [day.number for day in deadline.days if day.number is not None]
    assert numbers == list(range(1, len(numbers) + 1))
    if unit != "months":
        assert len(numbers) == {"working_days": n, "days": n, "weeks": 7 * n}[unit]
    assert deadline.days[0].kind == "start"
    assert [day.kind for day in deadline.days].count("end") == 1
    assert deadline.days[-1].kind == "end"
    assert CHINA.is_workday(deadline.days[-1].date)
