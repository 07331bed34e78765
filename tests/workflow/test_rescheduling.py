"""When the calendar changes, open deadlines follow it and show the new arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from tests.support.cases import run_case
from webapp.extensions import db
from webapp.ledger import Event, verify
from webapp.organization.commands import set_day
from webapp.organization.models import User
from webapp.scenarios.runs import ScenarioRun
from webapp.workdays import Deadline
from webapp.workflow.models import UserTask
from webapp.workflow.rescheduling import reschedule_due

pytestmark = pytest.mark.usefixtures("app")
Person = Callable[[str], User]
SHANGHAI = ZoneInfo("Asia/Shanghai")


def waiting() -> tuple[ScenarioRun, UserTask]:
    run = run_case("wzpt", "straight_way", steps=2)
    statement = select(UserTask).where(UserTask.instance_id == run.instance_id, UserTask.state == "open")
    return run, db.session.scalars(statement).one()


def test_a_day_off_declared_later_moves_the_deadline_by_a_working_day(person: Person) -> None:
    run, task = waiting()
    task_id, opened, before, remind = task.id, task.opened_at, task.due_at, task.remind_at
    assert before is not None
    assert remind is not None
    storm = opened.astimezone(SHANGHAI).date() + timedelta(days=1)
    set_day(person("wzpt.wei"), storm, False, "台风停课")
    assert reschedule_due(run.now) == 1
    moved = db.session.get(UserTask, task_id)
    assert moved is not None
    assert moved.due_at is not None
    assert moved.due_at > before
    assert moved.seats[0].urgency == moved.due_at
    assert moved.remind_at is not None
    assert moved.remind_at > remind
    deadline = Deadline.from_json(moved.deadline or {})
    assert ("台风停课", "holiday") in {(day.name, day.kind) for day in deadline.days}
    assert deadline.at == moved.due_at
    events = db.session.scalars(select(Event).where(Event.action == "workflow:task:rescheduled")).all()
    assert [event.task_id for event in events] == [task_id]
    assert verify(db.session(), moved.institution_id).problems == []


def test_a_day_that_does_not_matter_changes_no_deadline_and_is_looked_at_once(person: Person) -> None:
    run, task = waiting()
    task_id, before = task.id, task.due_at
    set_day(person("wzpt.wei"), run.now.date() + timedelta(days=400), False, "校庆")
    assert reschedule_due(run.now) == 1
    assert reschedule_due(run.now) == 0
    same = db.session.get(UserTask, task_id)
    assert same is not None
    assert same.due_at == before
    assert db.session.scalars(select(Event.seq).where(Event.action == "workflow:task:rescheduled")).all() == []


def test_a_reminder_that_was_sent_is_not_sent_again(person: Person) -> None:
    run, task = waiting()
    task.remind_at = None
    task_id, opened = task.id, task.opened_at
    db.session.commit()
    set_day(person("wzpt.wei"), opened.astimezone(SHANGHAI).date() + timedelta(days=1), False, "停课")
    assert reschedule_due(run.now) == 1
    moved = db.session.get(UserTask, task_id)
    assert moved is not None
    assert moved.remind_at is None


def test_other_institutions_deadlines_stay_as_they_are(person: Person) -> None:
    run, _task = waiting()
    set_day(person("zzlg.chen"), run.now.date() + timedelta(days=1), False, "停课")
    assert reschedule_due(run.now) == 0
