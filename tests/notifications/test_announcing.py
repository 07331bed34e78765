"""People are told of the tasks that wait for them: everybody who may act, once, straight to their place."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select, update

from tests.support.records_world import statements
from tests.support.trial import NOW, Trial, build_trial, fresh
from webapp.definitions.queries import newest
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.notifications import commands
from webapp.notifications.models import Notice, OutboxMessage
from webapp.organization.models import Delegation, User
from webapp.workflow.announcing import announce_due
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.openings import Opening, start_many


@pytest.fixture
def trial(app: Flask) -> Trial:
    return build_trial()


def told(trial: Trial) -> dict[int, Notice]:
    """The newest notice of a task by person."""
    fresh()
    found = select(Notice).where(Notice.institution_id == trial.institution, Notice.kind == "task")
    return {notice.user_id: notice for notice in db.session.scalars(found.order_by(Notice.id))}


def announce(now: Any = NOW) -> int:
    done = 0
    while found := announce_due(now):
        done += found
    return done


@transactional
def substitute(trial: Trial, principal: int, user_id: int, **more: Any) -> None:
    given = {"valid_from": date(2026, 3, 1), "valid_to": date(2026, 3, 5), "created_at": NOW, **more}
    db.session.add(Delegation(institution_id=trial.institution, principal_id=principal, substitute_id=user_id, **given))


@transactional
def person(trial: Trial, username: str, **more: Any) -> int:
    row = User(institution_id=trial.institution, username=username, name_zh="李老师", unit_id=trial.unit, **more)
    db.session.add(row)
    db.session.flush()
    return row.id


def test_everybody_who_may_act_is_told_once_with_a_link_to_the_seat(trial: Trial) -> None:
    case = trial.start()
    seat, _version = trial.seat(case, "UnitOpinion")
    assert announce() == 1
    assert announce() == 0
    found = told(trial)
    assert set(found) == set(trial.approvers)
    notice = found[trial.approvers[0]]
    assert (notice.subject, notice.link, notice.instance_id) == ("待办：备案「微博账号」", f"/tasks/{seat}", case)
    assert "的“UnitOpinion”等您办理。\n请在 2026-03-0" in notice.body
    task_id = _task(case).id
    own = select(OutboxMessage.key).where(OutboxMessage.institution_id == trial.institution)
    keys = {commands.message_key(trial.institution, f"task:{task_id}", user) for user in trial.approvers}
    assert set(db.session.scalars(own)) == keys
    trial.decide(case, "UnitOpinion")
    assert announce() == 1
    assert len(_all(trial)) == 2 * len(trial.approvers)


def _task(case: int) -> UserTask:
    fresh()
    return db.session.scalars(select(UserTask).where(UserTask.instance_id == case, UserTask.state == "open")).one()


def _all(trial: Trial) -> list[Notice]:
    fresh()
    return list(db.session.scalars(select(Notice).where(Notice.institution_id == trial.institution)))


def test_a_step_costs_nothing_for_it(trial: Trial) -> None:
    """Neither filing nor deciding asks for preferences or writes a notice; the job does."""
    case = 0

    def start() -> None:
        nonlocal case
        case = trial.start()

    seen = statements(start)
    seen += statements(lambda: trial.decide(case, "UnitOpinion"))
    assert not [line for line in seen if "notice" in line or "outbox" in line or "delegation" in line]


def test_the_opening_application_is_nobodys_task(trial: Trial) -> None:
    trial.start()
    announce()
    assert trial.applicant not in told(trial)


def test_the_applicant_is_told_of_a_correction(trial: Trial) -> None:
    case = trial.start()
    announce()
    trial.decide(case, "UnitOpinion", "request_correction", now=NOW + timedelta(hours=1))
    assert announce() == 1
    notice = told(trial)[trial.applicant]
    assert notice.subject == "请补正：备案「微博账号」"
    seat, _version = trial.seat(case, "Application")
    assert notice.link == f"/tasks/{seat}"


def test_the_applicant_is_not_told_twice_of_a_correction_the_pack_told_of(trial: Trial) -> None:
    case = trial.start()
    at = NOW + timedelta(hours=1)
    trial.decide(case, "UnitOpinion", "request_correction", now=at)
    given: dict[str, Any] = {"instance_id": case, "now": at, "key": "pack", "text_key": "to_be_corrected"}
    commands.tell(trial.institution, [trial.applicant], "请补正", "", **given)
    assert announce() == 1
    assert trial.applicant not in told(trial)
    assert _task(case).announced


def test_who_stands_in_today_is_told_with_the_principals_name(trial: Trial) -> None:
    first = trial.approvers[0]
    english = person(trial, "trial.li", locale="en", name_en="Li")
    late, gone, other, revoked = (person(trial, f"trial.{name}") for name in ("late", "gone", "other", "revoked"))
    substitute(trial, first, english, process_key="approval")
    substitute(trial, first, late, valid_from=date(2026, 3, 3))
    substitute(trial, first, gone)
    substitute(trial, first, other, process_key="automatic")
    substitute(trial, first, revoked, revoked_at=NOW)
    substitute(trial, first, trial.applicant)
    transactional(lambda: setattr(db.session.get_one(User, gone), "active", False))()
    case = trial.start()
    seat, _version = trial.seat(case, "UnitOpinion")
    announce()
    found = told(trial)
    assert set(found) == {*trial.approvers, english}
    assert found[english].link == f"/tasks/{seat}"
    assert trial.user(first).name_zh in found[english].body


def test_who_holds_the_seat_is_told_and_not_the_others(trial: Trial) -> None:
    case = trial.start()
    seat, _version = trial.seat(case, "UnitOpinion")
    second = trial.approvers[1]
    transactional(lambda: setattr(db.session.get_one(Seat, seat), "holder_id", second))()
    announce()
    assert set(told(trial)) == {second}


def test_who_comes_to_a_task_later_is_told_and_nobody_twice(trial: Trial) -> None:
    case = trial.start()
    announce()
    later = person(trial, "trial.later")

    @transactional
    def hand_on() -> None:
        task = db.session.get_one(UserTask, _task(case).id)
        task.seats[0].holder_id, task.announced = later, False

    hand_on()
    before = len(_all(trial))
    assert announce() == 1
    assert len(_all(trial)) == before + 1
    assert later in told(trial)


def test_a_task_that_is_done_or_stands_still_is_not_announced(trial: Trial) -> None:
    done, held = trial.start(), trial.start()
    trial.decide(done, "UnitOpinion", "reject")
    task_id = _task(held).id
    state = transactional(lambda word: setattr(db.session.get_one(UserTask, task_id), "state", word))
    state("suspended")
    assert announce() == 0
    state("open")
    assert announce() == 1


def test_one_that_fails_is_a_fault_and_holds_up_none_of_the_others(trial: Trial) -> None:
    broken, sound = trial.start(), trial.start()
    broken_task = _task(broken).id
    transactional(
        lambda: db.session.execute(update(Seat).where(Seat.instance_id == broken).values(queue="no unit at all"))
    )()
    assert announce() == 1
    assert _task(sound).announced
    assert _task(broken).announced
    [fault] = db.session.scalars(select(Fault).where(Fault.kind == "announcement"))
    assert (fault.instance_id, fault.task_id) == (broken, broken_task)
    assert announce() == 0


def test_what_a_campaign_opens_is_not_announced_one_by_one(trial: Trial) -> None:
    definition = newest(trial.institution, "approval")
    assert definition is not None
    openings = [Opening(definition.id, trial.applicant, trial.unit) for _ in range(5)]
    start_many(openings, NOW)
    assert announce() == 0
    cases = select(ProcessInstance.id).where(ProcessInstance.institution_id == trial.institution)
    assert len(db.session.scalars(cases).all()) == 5


def test_a_thousand_tasks_already_told_of_cost_one_read(trial: Trial) -> None:
    case = trial.start()
    announce()
    task = _task(case)
    row = {"institution_id": trial.institution, "instance_id": case, "element": "UnitOpinion", "round": 1}
    rows = [{**row, "token": f"t{n}", "opened_at": task.opened_at, "announced": True} for n in range(1000)]
    transactional(lambda: db.session.execute(insert(UserTask), rows))()
    assert len(statements(lambda: announce_due(NOW))) == 1
