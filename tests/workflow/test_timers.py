"""What happens by itself: on time, once, and with no failure in the others' way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from tests.support.trial import NOW, Trial, deciding, fresh, later
from webapp import ledger
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.jobs import run_due
from webapp.notifications.models import Notice, OutboxMessage
from webapp.organization.models import User
from webapp.registry.models import Account
from webapp.workflow import commands, queries, timers
from webapp.workflow.guards import step_of
from webapp.workflow.models import ProcessInstance, Timer, UserTask

MINUTE = timedelta(minutes=1)


def run_all(now: datetime) -> int:
    done = 0
    while batch := timers.run_due(now):
        done += batch
    return done


def timer(instance_id: int) -> Timer:
    fresh()
    statement = select(Timer).where(Timer.instance_id == instance_id).order_by(Timer.id.desc()).limit(1)
    return db.session.scalars(statement).one()


def task(instance_id: int) -> UserTask:
    fresh()
    return db.session.scalars(
        select(UserTask).where(UserTask.instance_id == instance_id, UserTask.state == "open")
    ).one()


def faults(*kinds: str) -> list[Fault]:
    fresh()
    return list(db.session.scalars(select(Fault).where(Fault.kind.in_(kinds)).order_by(Fault.id)))


def notices(user_id: int, text_key: str) -> list[Notice]:
    fresh()
    return list(db.session.scalars(select(Notice).where(Notice.user_id == user_id, Notice.text_key == text_key)))


def count(noun: type, *where: Any) -> int:
    fresh()
    return db.session.scalar(select(func.count()).select_from(noun).where(*where)) or 0


def test_a_timer_is_never_early_and_fires_at_its_moment(trial: Trial) -> None:
    instance_id = trial.start()
    due = timer(instance_id).due_at
    assert due == NOW + timedelta(days=7)
    assert timers.fire_due_timers(due - timedelta(microseconds=1)) == 0
    assert timers.fire_due_timers(due) == 1
    assert timer(instance_id).state == "fired"
    assert timers.fire_due_timers(due + timedelta(days=1)) == 0


def test_a_timer_whose_work_fails_is_tried_three_times_and_then_is_a_fault(trial: Trial) -> None:
    instance_id = trial.start("automatic", name=None)
    now = timer(instance_id).due_at
    for attempt, pause in enumerate((1, 10), start=1):
        assert timers.fire_due_timers(now) == 0
        waiting = timer(instance_id)
        assert (waiting.state, waiting.attempts, waiting.next_at) == ("armed", attempt, now + pause * MINUTE)
        assert timers.fire_due_timers(waiting.next_at - MINUTE / 60) == 0
        assert (timer(instance_id).attempts, faults("timer")) == (attempt, [])
        now = waiting.next_at
    assert timers.fire_due_timers(now) == 0
    assert timer(instance_id).state == "faulty"
    (fault,) = faults("timer")
    assert (fault.instance_id, fault.element, fault.resolved_at) == (instance_id, "ReviewLate", None)
    assert "三次" in fault.sentence
    assert timers.fire_due_timers(now + timedelta(days=30)) == 0
    assert task(instance_id).element == "Review"
    assert count(Account, Account.institution_id == trial.institution) == 0
    # The task is still there for people, and the spent timer is not in their way.
    assert trial.decide(instance_id, "Review", "reject", now=now).state == "ended"
    assert timer(instance_id).state == "cancelled"
    assert ledger.verify(db.session(), trial.institution).ok


def test_one_bad_timer_among_a_hundred_holds_up_none_of_the_others(trial: Trial) -> None:
    @transactional
    def start_all() -> tuple[int, list[int]]:
        bad = trial.start("automatic", name=None, now=NOW - MINUTE)
        return bad, [trial.start("automatic", now=NOW) for _ in range(99)]

    bad, good = start_all()
    moment = NOW + timedelta(days=30)
    assert sum(timers.fire_due_timers(moment) for _ in range(3)) == 99
    assert count(ProcessInstance, ProcessInstance.id.in_(good), ProcessInstance.state == "ended") == 99
    assert count(Timer, Timer.state == "fired", Timer.next_at > moment) == 0
    assert (timer(bad).state, timer(bad).attempts) == ("armed", 1)
    assert count(Account, Account.institution_id == trial.institution) == 99


def test_a_faulty_timer_gets_no_second_row_when_its_case_goes_on(trial: Trial) -> None:
    instance_id = trial.start("automatic", name=None)
    for days in (30, 31, 32):
        timers.fire_due_timers(later(days=days))
    assert timer(instance_id).state == "faulty"

    @transactional
    def touch() -> None:
        instance = queries.lock_instance(instance_id)
        assert instance is not None
        step = step_of(instance, None, later(days=33))
        step.load()
        step.settle(queries.open_tasks(instance))

    touch()
    assert count(Timer, Timer.instance_id == instance_id) == 1
    assert timer(instance_id).state == "faulty"


@contextmanager
def failing(words: str) -> Iterator[None]:
    """The database refuses every insert into the history meanwhile, as when it is locked or its disk is full."""

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "INTO history" in statement:
            raise OperationalError(statement, {}, Exception(words))

    event.listen(db.engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)


def test_a_database_that_is_full_costs_no_timer_a_try(trial: Trial) -> None:
    instance_id = trial.start()
    due = timer(instance_id).due_at
    with failing("database or disk is full"), pytest.raises(OperationalError):
        timers.fire_due_timers(due)
    assert (timer(instance_id).state, timer(instance_id).attempts, faults("timer", "operation")) == ("armed", 0, [])
    assert timers.fire_due_timers(due) == 1


def test_after_ninety_days_of_outage_everything_due_happens_once(trial: Trial) -> None:
    lapsed = [trial.start() for _ in range(3)]
    registered = [trial.start("automatic") for _ in range(3)]
    moment = later(days=90)
    run_all(moment)
    assert count(ProcessInstance, ProcessInstance.id.in_(lapsed + registered), ProcessInstance.state == "ended") == 6
    assert count(Account, Account.institution_id == trial.institution) == 3
    before = [event.seq for event in ledger.stream(db.session(), trial.institution)]
    assert run_all(moment) == run_all(moment + timedelta(days=90)) == 0
    assert [event.seq for event in ledger.stream(db.session(), trial.institution)] == before
    assert len(notices(trial.applicant, "registered")) == 3
    actions = [event.action for event in ledger.stream(db.session(), trial.institution)]
    assert actions.count("workflow:timer:fired") == 6


def test_an_overdue_task_after_an_outage_is_reminded_of_once_and_escalated_once(trial: Trial) -> None:
    instance_id = trial.start("automatic")
    moment = NOW + timedelta(days=29)
    run_all(moment)
    run_all(moment)
    for approver in trial.approvers:
        assert len(notices(approver, "task_due_soon")) == 1
    assert len(notices(trial.overseer, "task_overdue")) == 1
    assert (task(instance_id).remind_at, task(instance_id).escalate_at) == (None, None)


def test_a_reminder_comes_before_and_an_escalation_after_the_due_time_each_once(trial: Trial) -> None:
    instance_id = trial.start("automatic")
    opened = task(instance_id)
    remind, due, escalate = opened.remind_at, opened.due_at, opened.escalate_at
    assert remind is not None
    assert due is not None
    assert escalate is not None
    assert NOW < remind < due <= escalate
    assert timers.run_due(remind - MINUTE) == 0
    assert timers.run_due(remind) == 1
    assert timers.run_due(due - MINUTE) == 0
    assert len(notices(trial.approvers[0], "task_due_soon")) == 1
    assert notices(trial.overseer, "task_overdue") == []
    assert run_all(escalate) == 1
    assert run_all(escalate + timedelta(days=3)) == 0
    assert len(notices(trial.overseer, "task_overdue")) == 1
    assert count(OutboxMessage, OutboxMessage.institution_id == trial.institution) == len(trial.approvers) + 1
    told = [event.action for event in ledger.stream(db.session(), trial.institution)]
    assert (told.count("workflow:task:reminded"), told.count("workflow:task:escalated")) == (1, 1)


def test_nobody_is_reminded_of_what_is_done(trial: Trial) -> None:
    instance_id = trial.start("automatic")
    opened = task(instance_id)
    assert opened.escalate_at is not None
    overdue = opened.escalate_at
    trial.decide(instance_id, "Review")
    assert run_all(overdue) == 0
    assert count(Notice, Notice.instance_id == instance_id) == 0


def test_a_reminder_that_fails_is_a_fault_and_holds_up_none_of_the_others(trial: Trial) -> None:
    broken, sound = trial.start("automatic"), trial.start("automatic")
    opened = task(broken)
    assert opened.escalate_at is not None
    moment = opened.escalate_at

    @transactional
    def damage() -> None:
        row = db.session.get_one(UserTask, opened.id)
        row.element = "NoSuchElement"

    damage()
    timers.run_due(moment)
    assert task(sound).escalate_at is None
    assert task(broken).escalate_at == moment + timers.REMIND_AGAIN
    (fault,) = faults("reminder")
    assert (fault.instance_id, fault.kind) == (broken, "reminder")
    assert timers.escalate_due(moment + timers.REMIND_AGAIN / 2) == 0
    timers.escalate_due(moment + timers.REMIND_AGAIN)
    assert len(faults("reminder")) == 1


def test_people_who_left_are_not_reminded(trial: Trial) -> None:
    instance_id = trial.start("automatic")
    remind = task(instance_id).remind_at
    assert remind is not None

    @transactional
    def leave() -> None:
        db.session.get_one(User, trial.approvers[0]).active = False

    leave()
    timers.run_due(remind)
    assert notices(trial.approvers[0], "task_due_soon") == []
    assert len(notices(trial.approvers[1], "task_due_soon")) == 1


def test_all_jobs_together_sign_the_log_and_report_one_that_was_tampered_with(app: Flask, trial: Trial) -> None:
    trial.start()
    assert run_due(NOW) >= 1
    signed = db.session.scalars(
        select(ledger.Checkpoint).where(ledger.Checkpoint.institution_id == trial.institution)
    ).one()
    size = signed.size
    assert size == sum(1 for _ in ledger.stream(db.session(), trial.institution))
    trial.start()
    fresh()
    with db.engine.begin() as forger:
        ledger.drop_triggers(forger)
        forger.exec_driver_sql(
            f"UPDATE event SET action = 'workflow:case:forged' WHERE institution_id = {trial.institution} "
            f"AND seq = {size + 1}"
        )
        ledger.create_triggers(forger)
    fresh()
    run_due(NOW + timedelta(hours=1))
    (fault,) = faults("ledger")
    assert (fault.institution_id, "拒绝签名" in fault.sentence) == (trial.institution, True)


def test_a_correction_that_never_comes_is_the_applicants_own_timer(trial: Trial) -> None:
    """The timer of the step that asked for correction is gone, and a new one begins with the next opinion."""
    instance_id = trial.start()
    first = timer(instance_id).id
    trial.decide(instance_id, "UnitOpinion", "request_correction", now=later(days=2))
    assert db.session.get_one(Timer, first).state == "cancelled"
    assert run_all(later(days=20)) == 0
    seat_id, version = trial.seat(instance_id, "Application")
    again = deciding("submit", answers=trial.answers())
    commands.answer(trial.user(trial.applicant), seat_id, version, again, now=later(days=20))
    assert timer(instance_id).due_at == later(days=27)
    assert run_all(later(days=26)) == 0
    assert run_all(later(days=27)) == 1
