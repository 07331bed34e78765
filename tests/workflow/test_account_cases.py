"""Cases about a registered account: what they may be begun for, by which day, who decides, and what they remember."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.support.changing import NOW, Changing, build_changing
from tests.support.racing import together
from tests.support.trial import fresh
from webapp import ledger
from webapp.definitions import queries as definitions
from webapp.errors import Forbidden, Invalid
from webapp.extensions import db, transactional
from webapp.organization.commands import grant_role
from webapp.organization.models import Unit
from webapp.registry.models import Account, Filing
from webapp.registry.standing import change_account, set_state
from webapp.workflow import commands
from webapp.workflow.binding import bind_task
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.starting import begin_case


@pytest.fixture
def office(kept: Callable[[Callable[[], Changing]], Changing]) -> Changing:
    return kept(build_changing)


def filing(case_id: int) -> Filing:
    fresh()
    return db.session.scalars(select(Filing).where(Filing.instance_id == case_id)).one()


def case(case_id: int) -> ProcessInstance:
    fresh()
    return db.session.get_one(ProcessInstance, case_id)


def about(case_id: int) -> dict[str, Any]:
    return dict(case(case_id).about or {})


def sound(office: Changing) -> bool:
    fresh()
    report = ledger.verify(db.session(), office.institution)
    assert report.ok, [problem.sentence_en for problem in report.problems]
    return True


def refusal(office: Changing, process: str, answers: dict[str, Any]) -> str:
    """What stands at the field `account` when a case is refused."""
    with pytest.raises(Invalid) as refused:
        office.start(process, answers)
    ((place, sentence),) = refused.value.details
    assert place == "account"
    fresh()
    return sentence


def test_a_case_keeps_its_account_as_it_was_when_it_was_filed(office: Changing) -> None:
    account_id = office.enter()
    case_id = office.start("change", office.answers(account_id))
    assert case(case_id).account_id == account_id
    assert filing(case_id).account_id == account_id
    change_account(office.institution, account_id, {"name": "新名称"}, now=NOW)
    kept = about(case_id)["account"]
    assert (kept["name"], kept["unit"]["code"], kept["group"], kept["state"]) == ("信息之窗", "xx", False, "active")
    assert sound(office)


def test_an_account_has_one_open_case_of_a_process_and_the_refusal_names_it(office: Changing) -> None:
    account_id = office.enter()
    first = office.start("change", office.answers(account_id))
    assert case(first).reference in refusal(office, "change", office.answers(account_id))
    office.start("report", office.answers(account_id, period="2026"))
    other = office.enter("另一个")
    office.start("change", office.answers(other))
    commands.cancel(office.user("zhang"), first, now=NOW)
    office.start("change", office.answers(account_id))


def test_fifteen_people_at_once_begin_one_case_about_an_account(app: Flask, office: Changing) -> None:
    account_id = office.enter()
    answers = office.answers(account_id)
    fresh()
    results = together(app, [lambda: office.start("change", answers)] * 15)
    assert len([result for result in results if isinstance(result, int)]) == 1
    assert all(isinstance(result, int | Invalid) for result in results), results
    fresh()
    assert db.session.scalar(select(func.count()).select_from(ProcessInstance)) == 1
    assert sound(office)


def test_a_year_is_filed_for_once_unless_it_was_refused_or_withdrawn(office: Changing) -> None:
    account_id = office.enter()
    answers = office.answers(account_id, period="2026")
    first = office.start("report", answers)
    assert case(first).reference in refusal(office, "report", answers)
    office.start("report", office.answers(account_id, period="2027"))
    office.decide(first, "Decide", "head", "reject")
    second = office.start("report", answers)
    office.decide(second, "Decide", "head")
    assert "2026" in refusal(office, "report", answers)
    assert filing(second).period == "2026"


def test_two_at_once_file_one_report_for_a_year(app: Flask, office: Changing) -> None:
    account_id = office.enter()
    answers = office.answers(account_id, period="2026")
    fresh()
    results = together(app, [lambda: office.start("report", answers)] * 6)
    assert len([result for result in results if isinstance(result, int)]) == 1, results


def test_the_states_a_process_is_for_are_kept_to(office: Changing) -> None:
    account_id = office.enter()
    assert "在用" in refusal(office, "relief", office.answers(account_id))
    set_state(office.institution, account_id, "rectification", now=NOW)
    office.start("relief", office.answers(account_id))
    transactional(lambda: setattr(db.session.get_one(Account, account_id), "state", "deregistered"))()
    assert "已注销" in refusal(office, "change", office.answers(account_id))
    with pytest.raises(Invalid):
        office.start("relief", {"account": None})


@pytest.mark.parametrize(
    ("changed_on", "last_day"),
    [
        ("2026-03-02", "2026-03-11"),  # a week without holidays: the day itself is not counted
        ("2026-02-13", "2026-03-02"),  # over the Spring festival of 15-23 February; 14 and 28 are worked
        ("2026-02-28", "2026-03-10"),  # a Saturday worked instead of a day of the festival
    ],
)
def test_the_last_day_counts_working_days_from_the_day_after(office: Changing, changed_on: str, last_day: str) -> None:
    case_id = office.start("change", office.answers(office.enter(), changed_on=changed_on))
    row = filing(case_id)
    assert (row.event_on, row.last_day) == (date.fromisoformat(changed_on), date.fromisoformat(last_day))
    assert row.late == (date(2026, 3, 2) > date.fromisoformat(last_day))
    kept = about(case_id)
    assert (kept["last_day"], kept["event_on"], kept["late"]) == (last_day, changed_on, row.late)
    assert kept["deadline_article"] == "wzpt-6"


def test_on_the_last_day_one_is_in_time_and_a_day_later_late_and_the_way_follows(office: Changing) -> None:
    for day, late, role in ((11, False, "unit_head"), (12, True, "publicity_head")):
        at = datetime(2026, 3, day, 15, 59, tzinfo=UTC)  # just before midnight in Shanghai
        case_id = office.start("change", office.answers(office.enter(), changed_on="2026-03-02"), now=at)
        assert filing(case_id).late is late
        seat = db.session.scalars(select(Seat).where(Seat.instance_id == case_id, Seat.state == "open")).one()
        assert seat.role == role
    assert sound(office)


def test_a_day_the_regulation_names_holds_where_its_condition_does(office: Changing) -> None:
    row = filing(office.start("change", office.answers(office.enter(), kind="old", changed_on="2026-03-02")))
    assert (row.last_day, row.event_on, row.late) == (date(2026, 1, 31), None, True)
    row = filing(office.start("change", office.answers(office.enter("乙"), kind="new")))
    assert (row.last_day, row.event_on, row.late) == (None, None, False)


def test_a_correction_is_judged_by_the_day_it_was_filed_first(office: Changing) -> None:
    account_id = office.enter()
    case_id = office.start("change", office.answers(account_id, changed_on="2026-03-02"))
    office.decide(case_id, "Decide", "head", "request_correction")
    later = datetime(2026, 3, 20, 1, tzinfo=UTC)
    answers = office.answers(account_id, changed_on="2026-02-02", name="改后")
    office.decide(case_id, "Application", "zhang", "submit", answers=answers, now=later)
    row = filing(case_id)
    assert (row.event_on, row.last_day, row.late) == (date(2026, 2, 2), date(2026, 2, 11), True)
    assert row.filed_at == NOW
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case_id, Seat.state == "open")).one()
    assert seat.role == "publicity_head"
    assert sound(office)


def test_a_correction_stays_with_its_account_and_takes_no_year_that_is_filed(office: Changing) -> None:
    account_id, other = office.enter(), office.enter("另一个")
    case_id = office.start("change", office.answers(account_id, changed_on="2026-03-02"))
    office.decide(case_id, "Decide", "head", "request_correction")
    with pytest.raises(Invalid) as refused:
        office.decide(case_id, "Application", "zhang", "submit", answers=office.answers(other))
    assert refused.value.details[0][0] == "account"


def test_a_task_is_due_at_the_end_of_a_day_an_expression_names(office: Changing) -> None:
    case_id = office.start("change", office.answers(office.enter(), changed_on="2026-03-02"))
    office.decide(case_id, "Decide", "head")
    fresh()
    task = db.session.scalars(select(UserTask).where(UserTask.element == "Confirm")).one()
    assert task.due_at == datetime(2026, 3, 11, 15, 59, 59, tzinfo=UTC)
    without = office.start("change", office.answers(office.enter("乙")))
    office.decide(without, "Decide", "head")
    fresh()
    statement = select(UserTask).where(UserTask.element == "Confirm", UserTask.instance_id == without)
    assert db.session.scalars(statement).one().due_at is None


def left_open(office: Changing, account_id: int) -> int:
    @transactional
    def begin() -> int:
        definition = definitions.newest(office.institution, "change")
        assert definition is not None
        unit = db.session.get_one(Unit, office.unit)
        account = db.session.get_one(Account, account_id)
        cause = {"process": "x", "reference": "y", "reason": "z"}
        given: dict[str, Any] = {"account": account, "cause": cause, "prefill": {"kind": "new"}}
        return begin_case(definition, office.user("zhang"), unit, now=NOW, **given).id

    return begin()


def test_a_case_the_system_opens_is_filed_by_its_applicant_and_reckoned_from_then(office: Changing) -> None:
    account_id = office.enter()
    case_id = left_open(office, account_id)
    row = case(case_id)
    assert (row.requested, row.to_be_filed, row.prefill) == (True, True, {"kind": "new"})
    seat_id, _version = office.seat(case_id, "Application")
    bound = bind_task(office.user("zhang"), db.session.get_one(Seat, seat_id), now=NOW)
    assert bound is not None
    offered = bound.answers
    assert (offered["account"]["id"], offered["kind"], offered["name"]) == (account_id, "new", "信息之窗")
    change_account(office.institution, account_id, {"name": "信息之窗新版"}, now=NOW)
    filed = datetime(2026, 3, 12, 1, tzinfo=UTC)
    answers = office.answers(account_id, changed_on="2026-03-02")
    office.decide(case_id, "Application", "zhang", "submit", answers=answers, now=filed)
    lodged = filing(case_id)
    assert (lodged.filed_at, lodged.late, lodged.event_on) == (filed, True, date(2026, 3, 2))
    kept = about(case_id)
    assert (kept["account"]["name"], kept["cause"]["reason"], "unfiled" in kept) == ("信息之窗新版", "z", False)
    assert sound(office)


def test_what_the_system_asked_for_its_applicant_cannot_withdraw(office: Changing) -> None:
    case_id = left_open(office, office.enter())
    with pytest.raises(Exception, match="撤销"):
        commands.cancel(office.user("zhang"), case_id, now=NOW)
    assert case(case_id).state == "running"


def test_a_decision_stands_until_a_return_undoes_it(office: Changing) -> None:
    """Who approved the first step decides no later one after a return to a step behind it."""
    for role in ("publicity_head", "finance"):
        transactional(grant_role)(office.institution, office.people["head"], role, office.office, actor=None)
    case_id = office.start("chain", {"note": "看"})
    office.decide(case_id, "First", "head")
    office.decide(case_id, "Second", "chief")
    sends_back(office, case_id, "Third", "money", "Second")
    with pytest.raises(Forbidden):
        office.decide(case_id, "Second", "head")
    office.decide(case_id, "Second", "chief")
    sends_back(office, case_id, "Third", "money", "First")
    # Now nothing stands any more: the first step may be anybody's, also of who held it before.
    office.decide(case_id, "First", "head")
    with pytest.raises(Forbidden):
        office.decide(case_id, "Second", "head")
    office.decide(case_id, "Second", "chief")
    office.decide(case_id, "Third", "money")
    assert case(case_id).state == "ended"


def sends_back(office: Changing, case_id: int, element: str, by: str, target: str) -> None:
    seat_id, version = office.seat(case_id, element)
    commands.return_to(office.user(by), seat_id, version, target, Submission(opinion="再看"), now=NOW)


def test_the_reference_is_one_of_the_process(office: Changing) -> None:
    case_id = office.start("change", office.answers(office.enter()))
    assert re.fullmatch(r"变〔2026〕\d{4}", case(case_id).reference)
