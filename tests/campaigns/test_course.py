"""A campaign's course: its last day, reminders once each, zero reports, the figures, closing, and what comes late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.campaigns.school import PACK, School, at, build_school, days, work
from webapp.bulletins.models import Bulletin
from webapp.campaigns import commands, dates, queries
from webapp.campaigns.queries import ItemFilter
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.errors import Forbidden, NotFound, Refused
from webapp.extensions import db
from webapp.ledger import Event
from webapp.notifications.models import Notice
from webapp.organization.commands import set_day
from webapp.registry.models import Filing
from webapp.workdays import china_calendar
from webapp.workflow.models import CaseRequest, ProcessInstance


def with_three_accounts() -> School:
    school = build_school()
    school.register("sj", "设计学院微博", "zhang")
    school.register("sj", "设计学院抖音", "zhang")
    school.register("jd", "机电学院微博", "wang")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    return school


@pytest.fixture
def running(kept: Callable[[Callable[[], School]], School]) -> School:
    """The yearly review with three accounts, opened on 1 June 2026."""
    return kept(with_three_accounts)


def notices(school: School, text_key: str = "campaign_reminder") -> list[tuple[str, str, date]]:
    """(who, subject, day) of what was told, in order."""
    rows = db.session.scalars(
        select(Notice)
        .where(Notice.institution_id == school.institution, Notice.text_key == text_key)
        .order_by(Notice.id)
    )
    names = {school.user(name).id: name for name in ("zhang", "wang", "li", "chen", "sun")}
    found = [(names[row.user_id], row.subject, (row.created_at + timedelta(hours=8)).date()) for row in rows]
    db.session.rollback()
    return found


@pytest.mark.parametrize(
    ("opens_on", "last_day", "rolled"),
    [
        (date(2026, 6, 1), date(2026, 6, 30), None),
        (date(2024, 6, 1), date(2024, 7, 1), date(2024, 6, 30)),  # 30 June 2024 is a Sunday
        (date(2029, 6, 1), date(2029, 7, 2), date(2029, 6, 30)),  # 30 June 2029 is a Saturday
    ],
)
def test_a_last_day_on_a_rest_day_moves_on(opens_on: date, last_day: date, rolled: date | None) -> None:
    entry = CampaignEntry.model_validate(
        {"key": "k", "process": "p", "name_zh": "n", "last_day": {"month": 6, "day": 30}, "manage_roles": ["r"]}
    )
    found = dates.proposed(entry, opens_on, china_calendar({}))
    assert (found.last_day, found.rolled) == (last_day, rolled)


@pytest.mark.parametrize(
    ("since", "every", "expected"),
    [
        (date(2026, 6, 1), 12, date(2026, 6, 1)),
        (date(2026, 6, 2), 12, date(2027, 6, 1)),
        (date(2026, 6, 2), 6, date(2026, 12, 1)),
        (date(1999, 1, 1), 12, date(2000, 6, 1)),
        (date(2027, 1, 1), 24, date(2028, 6, 1)),
    ],
)
def test_the_next_opening_is_the_first_on_or_after_a_day(since: date, every: int, expected: date) -> None:
    from webapp.definitions.campaign_entries import Recurrence

    assert dates.next_opening(Recurrence(month=6, day=1, every_months=every), since) == expected


def test_reminders_are_sent_once_each_to_those_who_have_not_filed(running: School) -> None:
    items = running.items(running.campaign("yearly"))
    running.file(items[2], at(2026, 6, 10))
    for moment in days(at(2026, 6, 2), at(2026, 6, 30)):
        work(moment)
        work(moment + timedelta(hours=3))
    subject = "请在 2026-06-30 前提交：年度审查（2026）"
    zero = "请在 2026-06-30 前零报告：年度审查（2026）"
    assert notices(running) == [
        ("zhang", subject, date(2026, 6, 23)),
        ("chen", zero, date(2026, 6, 23)),
        ("zhang", subject, date(2026, 6, 26)),
        ("chen", zero, date(2026, 6, 26)),
    ]


def test_working_day_reminders_count_across_spring_festival(school: School) -> None:
    """Opened on 9 February 2026, to file by the 26th: the holiday lasts from the 15th to the 23rd."""
    work(at(2026, 2, 1))
    for moment in days(at(2026, 2, 9), at(2026, 2, 26)):
        work(moment)
    opened = school.campaign("units_report")
    assert opened.last_day == date(2026, 2, 26)
    told = {day for _who, _subject, day in notices(school)}
    calendar = china_calendar({})
    counted = [day for n in range(1, 18) if calendar.is_workday(day := date(2026, 2, 26) - timedelta(days=n))]
    assert told == {counted[2]}
    assert counted[2] == date(2026, 2, 14)  # a Saturday that is worked, before the holiday


def test_reminders_follow_the_calendar_when_a_day_is_set_by_hand(running: School) -> None:
    """30 June, two working days before: 26 June; when the 29th is made a day off, 25 June."""
    set_day(running.user("sun"), date(2026, 6, 29), False, "校庆")
    work(at(2026, 6, 2))
    found = {row.span: row.at for row in queries.reminders(running.campaign("yearly").id)}
    assert (found["2 working_days"] + timedelta(hours=8)).date() == date(2026, 6, 25)


def test_the_lead_office_is_told_once_of_what_is_overdue(running: School) -> None:
    running.file(running.items(running.campaign("yearly"))[0], at(2026, 6, 10))
    work(at(2026, 6, 30, 23, 58))
    assert "sun" not in {who for who, _subject, _day in notices(running)}
    for moment in days(at(2026, 7, 1), at(2026, 7, 5)):
        work(moment)
    assert [row for row in notices(running) if row[0] == "sun"] == [
        ("sun", "已截止，4 项逾期：年度审查（2026）", date(2026, 7, 1))
    ]


def test_a_unit_without_targets_files_a_zero_report_once(running: School) -> None:
    opened = running.campaign("yearly")
    by_name = {item.name: item for item in running.items(opened, "zero")}
    assert set(by_name) == {"宣传部", "图书馆"}
    library = by_name["图书馆"].id
    with pytest.raises(NotFound):
        commands.report_zero(running.user("zhang"), library, at(2026, 6, 5))
    with pytest.raises(Forbidden):
        commands.report_zero(running.user("sun"), library, at(2026, 6, 5))
    for hour in (9, 10):
        commands.report_zero(running.user("chen"), library, at(2026, 6, 5, hour))
    found = db.session.scalars(select(Event).where(Event.action == "campaigns:zero_report:filed")).all()
    assert len(found) == 1
    assert queries.figures(None, opened, at(2026, 6, 5)).of("zero") == 1


def test_the_board_tells_how_each_item_stands(running: School) -> None:
    opened = running.campaign("yearly")
    first, second, third = running.items(opened)
    running.file(first, at(2026, 6, 3))
    running.decide(first, "approve", at(2026, 6, 4))
    running.file(second, at(2026, 6, 3))
    running.file(third, at(2026, 6, 3))
    running.decide(third, "reject", at(2026, 6, 4))
    found = queries.figures(None, opened, at(2026, 6, 5))
    assert found.total == {"passed": 1, "filed": 1, "failed": 1, "unfiled": 2}
    assert queries.figures(None, opened, at(2026, 7, 1)).of("overdue") == 2
    sj = running.units["sj"]
    assert found.by_unit[sj] == {"passed": 1, "filed": 1}
    rows = queries.rows(None, opened, ItemFilter(status="filed"), at(2026, 6, 5))
    assert [row.item.id for row in rows] == [second.id]


def test_units_see_their_own_items_and_the_lead_office_all(running: School) -> None:
    opened = running.campaign("yearly")

    def seen(name: str) -> set[str]:
        rows = queries.rows(running.user(name), opened, ItemFilter(), at(2026, 6, 5))
        return {row.item.name for row in rows}

    assert seen("zhang") == {"设计学院微博", "设计学院抖音"}
    assert seen("chen") == {"图书馆"}
    assert seen("li") == {"设计学院微博", "设计学院抖音", "机电学院微博"}
    assert len(seen("sun")) == 5


def test_closing_publishes_the_bulletin_and_starts_what_the_pack_says_once(running: School) -> None:
    opened = running.campaign("yearly")
    first, second, third = running.items(opened)
    running.file(first, at(2026, 6, 3))
    running.decide(first, "approve", at(2026, 6, 4))
    running.file(third, at(2026, 6, 3))
    running.decide(third, "reject", at(2026, 6, 4))
    for hour in (9, 10, 11):
        commands.close(running.user("sun"), opened.id, at(2026, 7, 2, hour))
        work(at(2026, 7, 2, hour))
    assert running.campaign("yearly", "2026").state == "closed"
    (bulletin,) = db.session.scalars(select(Bulletin).where(Bulletin.institution_id == running.institution)).all()
    assert bulletin.title_zh == "2026 年度审查情况通报"
    assert bulletin.body_zh.splitlines() == [
        "应报 5，已报 2，未报 3，通过 1，未通过 1，零报告 0，逾期提交 0。",
        "机电学院：应报 1，已报 1，未报 0，通过 0，未通过 1",
        "设计学院：应报 2，已报 1，未报 1，通过 1，未通过 0",
        "图书馆：应报 1，已报 0，未报 1，通过 0，未通过 0",
        "宣传部：应报 1，已报 0，未报 1，通过 0，未通过 0",
    ]
    (request,) = db.session.scalars(select(CaseRequest)).all()
    assert (request.process, request.account_id, request.state) == ("rectify", second.account_id, "started")
    started = db.session.get_one(ProcessInstance, request.instance_id)
    assert (started.prefill or {})["note"] == "未按期提交 2026"
    assert (started.about or {})["cause"]["reason"] == "未按期提交年度审查"
    actions = Counter(db.session.scalars(select(Event.action).where(Event.institution_id == running.institution)))
    assert (actions["campaigns:campaign:closed"], actions["campaigns:campaign:finished"]) == (1, 1)


def test_it_closes_by_itself_when_its_last_day_is_over_and_all_is_done(running: School) -> None:
    opened = running.campaign("yearly")
    items = running.items(opened)
    for item in items:
        running.file(item, at(2026, 6, 3))
        running.decide(item, "approve", at(2026, 6, 4))
    commands.report_zero(running.user("chen"), running.items(opened, "zero")[1].id, at(2026, 6, 5))
    work(at(2026, 7, 1))
    assert running.campaign("yearly", "2026").state == "open"  # 宣传部 has not reported
    from webapp.organization.commands import grant_role

    grant_role(running.institution, running.user("sun").id, "unit_head", running.units["xcb"], actor=None)
    commands.report_zero(running.user("sun"), running.items(opened, "zero")[0].id, at(2026, 7, 1))
    work(at(2026, 7, 2))
    closed = running.campaign("yearly", "2026")
    assert (closed.state, closed.closed_by_id) == ("closed", None)


def test_what_is_filed_after_closing_is_taken_and_marked_late(running: School) -> None:
    opened = running.campaign("yearly")
    first, second, _third = running.items(opened)
    running.file(first, at(2026, 6, 30, 23))
    commands.close(running.user("sun"), opened.id, at(2026, 7, 2))
    work(at(2026, 7, 2))
    running.file(second, at(2026, 7, 6))
    rows = {row.item.id: row for row in queries.rows(None, opened, ItemFilter(), at(2026, 7, 7))}
    assert (rows[first.id].late, rows[second.id].late) == (False, True)
    assert rows[second.id].status == "filed"
    filing = db.session.scalars(select(Filing).where(Filing.instance_id == second.instance_id)).one()
    assert (filing.late, filing.last_day) == (True, date(2026, 6, 30))
    assert (db.session.get_one(ProcessInstance, second.instance_id).about or {})["late"] is True


def test_what_is_still_opening_cannot_be_closed(school: School) -> None:
    wanted = commands.Wanted(date(2026, 3, 2), date(2026, 3, 20), "1")
    row = commands.open_campaign(school.user("sun"), "by_hand", wanted, at(2026, 3, 2))
    with pytest.raises(Refused):
        commands.close(school.user("sun"), row.id, at(2026, 3, 2))
    work(at(2026, 3, 2))
    with pytest.raises(Forbidden):
        commands.close(school.user("li"), row.id, at(2026, 3, 2))


def test_a_bulletin_that_cannot_be_worded_is_a_fault_and_nothing_is_lost(app: Flask) -> None:
    from webapp.campaigns.closing import close_due
    from webapp.faults.models import Fault

    school = build_school(PACK.replace("{unfiled}", "{nothing_like_it}"))
    school.register("jd", "机电学院微博", "wang")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    opened = school.campaign("yearly")
    commands.close(school.user("sun"), opened.id, at(2026, 7, 2))
    for _turn in range(3):
        close_due(at(2026, 7, 2))
    assert school.campaign("yearly", "2026").state == "closing"
    faults = db.session.scalars(select(Fault).where(Fault.institution_id == school.institution)).all()
    assert [fault.kind for fault in faults] == ["campaign"]
    assert len(db.session.scalars(select(CaseRequest)).all()) == 1
