"""Campaigns open by themselves on their day, once, with one case for each target."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.campaigns.school import School, at, work
from tests.support.racing import together
from webapp.campaigns import commands, queries
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.opening import open_due
from webapp.campaigns.planning import begin_due, plan_due
from webapp.errors import Forbidden, Invalid, Refused
from webapp.extensions import db
from webapp.ledger import Event
from webapp.notifications.models import Notice
from webapp.workflow.models import ProcessInstance


def two_accounts(school: School) -> None:
    school.register("sj", "设计学院微博", "zhang")
    school.register("jd", "机电学院微博", "wang")


def test_it_opens_by_itself_on_the_first_of_june(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    planned = school.campaign("yearly", "2026")
    assert (planned.state, planned.opens_on, planned.last_day) == ("planned", date(2026, 6, 1), date(2026, 6, 30))
    work(at(2026, 5, 31, 23, 59))
    assert school.campaign("yearly", "2026").state == "planned"
    work(at(2026, 6, 1, 0, 0))
    opened = school.campaign("yearly", "2026")
    assert opened.state == "open"
    assert [item.name for item in school.items(opened)] == ["设计学院微博", "机电学院微博"]
    assert school.campaign("yearly", "2027").opens_on == date(2027, 6, 1)


def test_however_often_the_jobs_run_it_opens_once(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    for hour in range(5):
        work(at(2026, 6, 1, hour))
    opened = school.campaign("yearly", "2026")
    assert len(school.items(opened)) == 2
    cases = db.session.scalar(
        select(func.count()).select_from(ProcessInstance).where(ProcessInstance.institution_id == school.institution)
    )
    assert cases == 2
    events = Counter(db.session.scalars(select(Event.action).where(Event.institution_id == school.institution)))
    assert (events["campaigns:campaign:opened"], events["campaigns:campaign:ready"]) == (1, 1)


def test_on_two_workers_at_once_it_opens_once(app: Flask, school: School) -> None:
    for number in range(130):
        school.register("sj", f"账号{number:03d}", "zhang")
    work(at(2026, 5, 20))
    now = at(2026, 6, 1)

    def worker() -> None:
        for _turn in range(12):
            plan_due(now)
            begin_due(now)
            open_due(now)

    assert together(app, [worker, worker, worker]) == [None, None, None]
    work(now)
    opened = school.campaign("yearly", "2026")
    assert opened.state == "open"
    items = school.items(opened)
    assert len({item.account_id for item in items}) == len(items) == 130
    assert len({item.instance_id for item in items}) == 130


def test_a_day_missed_while_nothing_ran_is_made_up_for_once(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    work(at(2027, 9, 1))
    opened = school.campaign("yearly", "2026")
    assert (opened.state, opened.opens_on) == ("open", date(2027, 9, 1))
    assert opened.last_day == date(2027, 9, 30)
    assert school.campaign("yearly", "2028").opens_on == date(2028, 6, 1)


def test_a_case_is_open_for_whoever_is_responsible_and_starts_from_the_registry_and_last_year(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    first = school.items(school.campaign("yearly", "2026"))[0]
    case = db.session.get_one(ProcessInstance, first.instance_id)
    assert case.applicant_id == school.user("zhang").id
    assert case.prefill is not None
    assert (case.prefill["name"], case.prefill["period"], case.prefill["note"]) == ("设计学院微博", "2026", "首次")
    assert case.prefill["account"]["id"] == first.account_id
    assert (case.about or {})["campaign"] == {
        "key": "yearly",
        "period": "2026",
        "opens_on": "2026-06-01",
        "last_day": "2026-06-30",
        "windows": {
            "self_check": {"first": "2026-06-01", "last": "2026-06-15"},
            "check": {"first": "2026-06-16", "last": "2026-06-30"},
        },
    }
    school.file(first, at(2026, 6, 3), note="一切如常")
    school.decide(first, "approve", at(2026, 6, 4))
    work(at(2027, 6, 1))
    again = school.items(school.campaign("yearly", "2027"))[0]
    prefill = db.session.get_one(ProcessInstance, again.instance_id).prefill or {}
    assert (prefill["note"], prefill["period"]) == ("一切如常", "2027")


def test_everybody_is_told_once_however_many_accounts_are_theirs(school: School) -> None:
    for number in range(60):
        school.register("sj", f"账号{number:03d}", "zhang")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    told = db.session.scalars(select(Notice.user_id).where(Notice.text_key == "campaign_opened")).all()
    assert told == [school.user("zhang").id]


def test_only_targets_that_are_meant_get_a_case(school: School) -> None:
    two_accounts(school)
    school.register("sj", "学生群", "zhang", platform="qq_group")
    school.register("sj", "旧账号", "zhang", state="deregistered")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    assert len(school.items(school.campaign("yearly", "2026"))) == 2


def test_an_account_without_anybody_to_file_is_shown_and_opened_when_that_is_mended(school: School) -> None:
    account = school.register("sj", "无主账号", None)
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    opened = school.campaign("yearly", "2026")
    (item,) = school.items(opened)
    assert (item.problem, item.instance_id) == ("nobody", None)
    from webapp.registry.commands import revise_account

    person = school.user("zhang")
    people = [{"id": person.id, "name": person.name_zh}]
    revise_account(
        school.institution, account, {"directly_responsible": people}, cause="correction", now=at(2026, 6, 2)
    )
    assert commands.try_again(school.user("sun"), opened.id, at(2026, 6, 2)) == 1
    work(at(2026, 6, 2))
    (item,) = school.items(opened)
    assert (item.problem, item.applicant_id) == ("", person.id)
    assert item.instance_id is not None


def test_what_was_filed_for_the_period_by_hand_is_not_asked_for_again(school: School) -> None:
    from webapp.workflow.filing import Submission
    from webapp.workflow.starting import start_case

    two_accounts(school)
    account_id = school.register("sj", "早报的账号", "zhang")
    picked = {"id": account_id, "filing_number": "x", "name": "早报的账号", "platform": "weibo"}
    answers = {"account": picked, "name": "早报的账号", "period": "2026", "note": ""}
    sent = Submission(answers=answers, form=("review", "0" * 64))
    case = start_case(school.user("zhang"), "review", sent, now=at(2026, 5, 4))
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    items = {item.name: item.instance_id for item in school.items(school.campaign("yearly", "2026"))}
    assert items["早报的账号"] == case.id
    assert len(items) == 3


def test_a_campaign_over_units_opens_a_case_for_each_with_a_head(school: School) -> None:
    work(at(2026, 2, 1))
    work(at(2026, 2, 9))
    opened = school.campaign("units_report", "2026")
    found = {item.name: (item.problem, item.instance_id is not None) for item in school.items(opened)}
    assert found == {
        "宣传部": ("nobody", False),
        "设计学院": ("", True),
        "机电学院": ("", True),
        "图书馆": ("", True),
    }


def test_opening_by_hand_takes_the_days_of_the_lead_office(school: School) -> None:
    two_accounts(school)
    wanted = commands.Wanted(date(2026, 3, 2), date(2026, 3, 20), "第一批")
    opened = commands.open_campaign(school.user("sun"), "by_hand", wanted, at(2026, 3, 2))
    work(at(2026, 3, 2))
    found = school.campaign("by_hand", "第一批")
    assert (found.id, found.state, found.last_day) == (opened.id, "open", date(2026, 3, 20))
    assert [item.name for item in school.items(found)] == ["机电学院微博"]
    with pytest.raises(Refused, match="已经开启过"):
        commands.open_campaign(school.user("sun"), "by_hand", wanted, at(2026, 3, 3))


def test_a_planned_opening_takes_changed_days_and_opens_on_them(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    windows = {"self_check": (date(2026, 6, 8), date(2026, 6, 19))}
    wanted = commands.Wanted(date(2026, 6, 8), date(2026, 7, 10), "2026", windows)
    commands.open_campaign(school.user("sun"), "yearly", wanted, at(2026, 5, 21))
    work(at(2026, 6, 1))
    assert school.campaign("yearly", "2026").state == "planned"
    work(at(2026, 6, 8))
    found = school.campaign("yearly", "2026")
    assert (found.state, found.last_day) == ("open", date(2026, 7, 10))
    assert found.windows[0]["last"] == "2026-06-19"
    assert found.windows[1]["first"] == "2026-06-23"


@pytest.mark.parametrize(
    ("opens_on", "last_day"),
    [(date(2026, 3, 2), date(2026, 3, 1)), (date(2026, 1, 5), date(2026, 1, 30)), (date(2026, 3, 2), date(2036, 3, 1))],
)
def test_days_that_do_not_follow_each_other_are_refused(school: School, opens_on: date, last_day: date) -> None:
    with pytest.raises(Invalid):
        commands.open_campaign(school.user("sun"), "by_hand", commands.Wanted(opens_on, last_day), at(2026, 3, 2))


def test_only_the_lead_office_opens(school: School) -> None:
    wanted = commands.Wanted(date(2026, 3, 2), date(2026, 3, 20))
    with pytest.raises(Forbidden):
        commands.open_campaign(school.user("li"), "by_hand", wanted, at(2026, 3, 2))


def test_one_target_that_cannot_be_opened_does_not_hold_up_the_others(
    app: Flask, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        school.register("sj", f"账号{number:03d}", "zhang")
    poison = school.register("sj", "毒账号", "zhang", followers=-7)
    work(at(2026, 5, 20))
    from webapp.campaigns import targets

    sound = targets.Prefill.of

    def of(self: targets.Prefill, facts: targets.Facts, last: targets.Facts | None) -> dict[str, object]:
        if facts["account"]["id"] == poison:
            raise ValueError("poison")
        return sound(self, facts, last)

    monkeypatch.setattr(targets.Prefill, "of", of)
    work(at(2026, 6, 1))
    opened = school.campaign("yearly", "2026")
    found = Counter(item.problem for item in school.items(opened))
    assert (opened.state, found) == ("open", {"": 60, "failed": 1})
    monkeypatch.undo()
    commands.try_again(school.user("sun"), opened.id, at(2026, 6, 2))
    work(at(2026, 6, 2))
    assert all(item.instance_id for item in school.items(opened))


def test_the_figures_count_every_item_once(school: School) -> None:
    two_accounts(school)
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    opened = school.campaign("yearly", "2026")
    found = queries.figures(None, opened, at(2026, 6, 2))
    count = db.session.scalar(
        select(func.count()).select_from(CampaignItem).where(CampaignItem.campaign_id == opened.id)
    )
    assert found.count == count == 2 + 2  # two accounts, and two units without any
    assert db.session.get_one(Campaign, opened.id).opened_at is not None
    assert timedelta(0) < opened.ends_at - opened.opens_at < timedelta(days=31)
