"""What people do to cases, through the commands, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.cases import run_case
from webapp.errors import Forbidden, Invalid, NotFound, Refused, Stale
from webapp.extensions import db
from webapp.ledger import Event, verify
from webapp.organization.models import User
from webapp.registry.models import Decision
from webapp.scenarios.runs import ScenarioRun
from webapp.workdays import Deadline
from webapp.workflow import commands, queries
from webapp.workflow.filing import Submission
from webapp.workflow.models import ClockPause, ProcessInstance, Seat, UserTask

pytestmark = pytest.mark.usefixtures("app")
Person = Callable[[str], User]
APPROVAL = Submission("approve", "同意备案", answers={})


def case_of(run: ScenarioRun) -> ProcessInstance:
    instance = db.session.get(ProcessInstance, run.instance_id)
    assert instance is not None
    return instance


def open_seat(run: ScenarioRun) -> Seat:
    (task,) = queries.open_tasks(case_of(run)).values()
    (seat,) = task.seats
    return seat


def approve_once() -> Submission:
    return Submission("approve", "同意备案", answers={"positioning_review": "clear"}, key="one-key")


def waiting_for_publicity() -> ScenarioRun:
    return run_case("wzpt", "straight_way", steps=2)


def test_a_person_claims_and_unclaims(person: Person) -> None:
    run = waiting_for_publicity()
    seat = open_seat(run)
    sun = person("wzpt.sun")
    claimed = commands.claim(sun, seat.id, seat.version)
    assert claimed.holder_id == sun.id
    with pytest.raises(Stale, match="孙老师"):
        commands.claim(person("wzpt.qian"), seat.id, claimed.version)
    released = commands.unclaim(sun, seat.id, claimed.version)
    assert released.holder_id is None
    actions = db.session.scalars(select(Event.action).where(Event.instance_id == run.instance_id)).all()
    assert {"workflow:task:claimed", "workflow:task:unclaimed"} <= set(actions)


def test_who_comes_second_is_told_who_was_first(person: Person) -> None:
    run = waiting_for_publicity()
    seat = open_seat(run)
    seat_id, version = seat.id, seat.version
    commands.answer(person("wzpt.sun"), seat_id, version, approve_once(), now=run.now)
    with pytest.raises(Stale, match="孙老师"):
        commands.answer(person("wzpt.qian"), seat_id, version, APPROVAL, now=run.now)
    decided = db.session.scalars(select(Decision).where(Decision.element == "PublicityDecision")).all()
    assert len(decided) == 1


def test_the_same_post_twice_gives_the_same_answer(person: Person) -> None:
    run = waiting_for_publicity()
    seat = open_seat(run)
    seat_id, version, sun = seat.id, seat.version, person("wzpt.sun")
    first = commands.answer(sun, seat_id, version, approve_once(), now=run.now)
    again = commands.answer(sun, seat_id, version, approve_once(), now=run.now)
    assert first.id == again.id
    assert len(db.session.scalars(select(Decision).where(Decision.seat_id == seat_id)).all()) == 1


def test_a_stranger_sees_no_task_at_all(person: Person) -> None:
    seat = open_seat(waiting_for_publicity())
    for username in ("wzpt.xu", "zzlg.sun"):
        with pytest.raises(NotFound):
            commands.answer(person(username), seat.id, seat.version, APPROVAL)
    with pytest.raises(NotFound):
        commands.claim(person("wzpt.sun"), 10**9, 1)


def test_the_applicant_cannot_decide_on_the_own_application(person: Person) -> None:
    seat = open_seat(waiting_for_publicity())
    with pytest.raises((NotFound, Forbidden)):
        commands.answer(person("wzpt.zhang"), seat.id, seat.version, APPROVAL)


@pytest.mark.parametrize(
    ("submission", "sentence"),
    [
        (Submission("receive"), "不能作这样的决定"),
        (Submission("submit"), "不能作这样的决定"),
        (Submission("reject", "不同意"), "条款"),
        (Submission("reject", "", ("wzpt-4",)), "意见"),
        (Submission("reject", "不同意", ("no-such-clause",)), "没有条款"),
        (Submission("request_correction", "  "), "意见"),
    ],
)
def test_a_decision_needs_what_its_step_asks(person: Person, submission: Submission, sentence: str) -> None:
    run = waiting_for_publicity()
    seat = open_seat(run)
    seat_id, version = seat.id, seat.version
    with pytest.raises(Invalid, match=sentence):
        commands.answer(person("wzpt.sun"), seat_id, version, submission)
    unchanged = db.session.get(Seat, seat_id)
    assert unchanged is not None
    assert (unchanged.state, unchanged.version) == ("open", version)


def test_withdrawing_ends_the_case_and_its_tasks(person: Person) -> None:
    run = waiting_for_publicity()
    seat_id, version = open_seat(run).id, open_seat(run).version
    ended = commands.cancel(person("wzpt.zhang"), case_of(run).id, reason="不开了", now=run.now)
    assert (ended.state, ended.outcome, ended.state_blob) == ("withdrawn", "withdrawn", None)
    assert queries.open_tasks(ended) == {}
    assert commands.cancel(person("wzpt.zhang"), ended.id).id == ended.id
    with pytest.raises(Stale, match="撤销"):
        commands.answer(person("wzpt.sun"), seat_id, version, APPROVAL)


def test_a_decided_case_cannot_be_withdrawn(person: Person) -> None:
    instance = case_of(run_case("wzpt", "straight_way"))
    with pytest.raises(Refused):
        commands.cancel(person("wzpt.zhang"), instance.id)
    assert case_of_id(instance.id).outcome == "approved"


def case_of_id(instance_id: int) -> ProcessInstance:
    found = db.session.get(ProcessInstance, instance_id)
    assert found is not None
    return found


def test_nobody_but_the_applicant_withdraws(person: Person) -> None:
    run = waiting_for_publicity()
    with pytest.raises(Refused):
        commands.cancel(person("wzpt.sun"), case_of(run).id)
    with pytest.raises(NotFound):
        commands.cancel(person("wzpt.xu"), case_of(run).id)


def test_waiting_for_a_correction_is_a_round_of_its_own_and_stops_the_clock() -> None:
    run = run_case("wzpt", "corrected_twice")
    instance = case_of(run)
    assert instance.round == 3
    pauses = db.session.scalars(select(ClockPause).where(ClockPause.instance_id == instance.id)).all()
    assert [pause.ended_at is not None for pause in pauses] == [True, True]
    rounds = [(row.element, row.round) for row in queries.answers_of(instance.id)]
    assert [r for element, r in rounds if element == "Application"] == [1, 2, 3]
    assert instance.outcome == "approved"


def test_a_deadline_keeps_its_arithmetic() -> None:
    run = waiting_for_publicity()
    task = open_seat(run).task
    assert task.deadline is not None
    deadline = Deadline.from_json(task.deadline)
    assert deadline.at == task.due_at
    assert deadline.count("counted") + deadline.count("makeup") + deadline.count("end") == 5
    assert task.remind_at is not None
    assert task.due_at is not None
    assert task.remind_at < task.due_at


def test_returning_to_an_earlier_step_opens_it_again_with_earlier_answers_kept(person: Person) -> None:
    run = waiting_for_publicity()
    seat = open_seat(run)
    seat_id, version = seat.id, seat.version
    with pytest.raises(Invalid, match="理由"):
        commands.return_to(person("wzpt.sun"), seat_id, version, "Opinions", Submission("return", " "))
    with pytest.raises(Invalid, match="不能退回"):
        commands.return_to(person("wzpt.sun"), seat_id, version, "RegisterAccount", Submission("return", "请重看"))
    commands.return_to(person("wzpt.sun"), seat_id, version, "Opinions", Submission("return", "请重看"), now=run.now)
    tasks = queries.open_tasks(case_of(run))
    assert [task.element for task in tasks.values()] == ["UnitOpinion"]
    assert case_of(run).round == 2
    assert "Application" in queries.newest_answers(case_of(run).id)


def test_a_missing_approver_is_a_fault_and_never_an_approval(person: Person) -> None:
    from webapp.faults.models import Fault
    from webapp.organization.models import RoleGrant

    head = person("wzpt.li")
    for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == head.id)).all():
        db.session.delete(grant)
    db.session.commit()
    run = run_case("wzpt", "straight_way", steps=1)
    assert case_of(run).state == "running"
    (fault,) = db.session.scalars(select(Fault).where(Fault.kind == "no_approver")).all()
    assert fault.instance_id == case_of(run).id
    assert fault.sentence


def test_every_act_is_in_the_ledger_and_the_ledger_verifies(app: Flask) -> None:
    run = run_case("wzpt", "straight_way")
    instance = case_of(run)
    report = verify(db.session(), instance.institution_id)
    assert report.problems == []
    actions = db.session.scalars(select(Event.action).where(Event.instance_id == instance.id).order_by(Event.seq)).all()
    assert {"registry:filing:lodged", "workflow:case:started", "registry:account:registered"} <= set(actions)
    assert actions.count("workflow:task:answered") == 3


def test_the_state_of_an_ended_case_is_not_kept() -> None:
    assert case_of(run_case("wzpt", "straight_way")).state_blob is None


def test_a_task_is_due_later_when_a_holiday_lies_between() -> None:
    run = run_case("wzpt", "straight_way", steps=1)
    task = db.session.scalars(
        select(UserTask).where(UserTask.instance_id == run.instance_id, UserTask.state == "open")
    ).one()
    assert task.due_at is not None
    assert task.due_at - task.opened_at >= timedelta(days=5)
