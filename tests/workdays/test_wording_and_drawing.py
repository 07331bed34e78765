"""What people read: the sentence, the cells, and the time left."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from webapp.workdays import Deadline, WorkdaysError, cells, china_calendar, due, span, time_left, working_days_left

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = china_calendar()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def deadline(n: int, unit: str, since: str, **options: object) -> Deadline:
    return due(n, unit, at(since), CHINA, zone=SHANGHAI, close_of_day=time(17), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("found", "zh", "en"),
    [
        (
            deadline(5, "working_days", "2026-11-17 10:05"),
            "2026-11-17 收到，次日起算 5 个工作日，扣周末 2 天，11-24 17:00 截止。",
            "Received 2026-11-17, 5 working days counted from the next day, 2 weekend days left out, due 11-24 17:00.",
        ),
        (
            deadline(2, "working_days", "2026-02-13 10:05"),
            "2026-02-13 收到，次日起算 2 个工作日，扣周末 3 天、节假日 6 天，调休上班 1 天计入，02-24 17:00 截止。",
            "Received 2026-02-13, 2 working days counted from the next day, 3 weekend days and 6 holidays left out, "
            "1 make-up workday counted, due 02-24 17:00.",
        ),
        (
            deadline(1, "days", "2026-11-20 10:05"),
            "2026-11-20 收到，次日起算 1 天，末日逢休息日，顺延至下一工作日，11-23 17:00 截止。",
            "Received 2026-11-20, 1 day counted from the next day, moved on to the next working day, due 11-23 17:00.",
        ),
        (
            deadline(48, "hours", "2026-11-17 10:05", pauses=[(at("2026-11-17 11:00"), at("2026-11-17 12:30"))]),
            "2026-11-17 10:05 起算 48 小时，停表 1 小时 30 分不计入，11-19 11:35 截止。",
            "48 hours from 2026-11-17 10:05, 1 hour 30 minutes on hold not counted, due 11-19 11:35.",
        ),
        (
            deadline(0, "working_days", "2026-11-17 10:05"),
            "2026-11-17 收到，当日办结，11-17 17:00 截止。",
            "Received 2026-11-17, to be done the same day, due 11-17 17:00.",
        ),
    ],
)
def test_the_sentence_shows_the_working(found: Deadline, zh: str, en: str) -> None:
    assert found.sentence("zh") == zh
    assert found.sentence("en") == en


def test_the_sentence_says_what_may_still_move_the_date() -> None:
    paused = deadline(5, "working_days", "2026-11-17 10:05", pauses=[(at("2026-11-18 09:00"), None)])
    assert "现已停表" in paused.sentence("zh")
    assert "stands still" in paused.sentence("en")
    year = CHINA.published_until.year + 1
    beyond = due(3, "working_days", datetime(year, 6, 1, tzinfo=UTC), CHINA, zone=SHANGHAI)
    assert f"{year} 年放假安排尚未公布" in beyond.sentence("zh-CN")
    assert "aren't published yet" in beyond.sentence("en")


def test_the_cells_are_those_of_the_design() -> None:
    drawn = cells(deadline(5, "working_days", "2026-11-17 10:05"), at("2026-11-20 09:00"))
    assert [(c.weekday, c.day, c.mark, c.classes) for c in drawn] == [
        ("二", "17", "收到", "is-past"),
        ("三", "18", "第1日", "is-past"),
        ("四", "19", "第2日", "is-past"),
        ("五", "20", "今天", "is-today"),
        ("六", "21", "休", "is-rest"),
        ("日", "22", "休", "is-rest"),
        ("一", "23", "第4日", ""),
        ("二", "24", "截止", "is-end"),
    ]
    assert (
        cells(deadline(5, "working_days", "2026-11-17 10:05"), at("2026-11-23 09:00"))[-1].classes == "is-end is-soon"
    )
    english = cells(deadline(2, "working_days", "2026-09-30 10:05"), at("2026-09-30 09:00"), "en")
    assert [c.mark for c in english] == ["In", *["Off"] * 7, "Day 1", "Due"]
    assert "National Day" in english[1].title


@pytest.mark.parametrize(
    ("now", "days", "state", "words"),
    [
        ("2026-11-20 09:00", 2, "soon", "剩 2 个工作日"),
        ("2026-11-17 09:00", 5, "ok", "剩 5 个工作日"),
        ("2026-11-21 09:00", 2, "soon", "剩 2 个工作日"),
        ("2026-11-24 09:00", 0, "soon", "今天截止，剩 8 小时"),
        ("2026-11-24 16:40", 0, "soon", "今天截止，剩 20 分钟"),
        ("2026-11-24 17:01", -1, "over", "超时 1 个工作日"),
        ("2026-11-27 09:00", -3, "over", "超时 3 个工作日"),
    ],
)
def test_time_left_counts_working_days(now: str, days: int, state: str, words: str) -> None:
    end = at("2026-11-24 17:00")
    assert working_days_left(at(now), end, CHINA, SHANGHAI) == days
    left = time_left(at(now), end, CHINA, SHANGHAI)
    assert (left.state, left.working_days, left.sentence()) == (state, days, words)
    assert left.sentence("en")


def test_a_stored_deadline_of_an_unknown_format_is_refused() -> None:
    stored = deadline(1, "days", "2026-11-17 10:05").as_json() | {"format": 99}
    with pytest.raises(WorkdaysError, match="format"):
        Deadline.from_json(stored)


def test_spans_are_a_number_and_a_unit() -> None:
    assert span("3 working_days") == (3, "working_days")
    for wrong in ("3", "working_days", "3 moons", "-1 days", "３ days", "1.5 hours", ""):
        with pytest.raises(WorkdaysError):
            span(wrong)


def test_a_festival_is_named_in_both_languages() -> None:
    days = {day.date: day for day in deadline(3, "working_days", "2026-02-13 10:05").days}
    assert days[date(2026, 2, 17)].name == "春节"
    assert days[date(2026, 2, 17)].name_en != days[date(2026, 2, 17)].name
    assert (days[date(2026, 2, 14)].kind, days[date(2026, 2, 14)].number) == ("makeup", 1)
