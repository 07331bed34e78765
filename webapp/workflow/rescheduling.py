"""Deadlines reckoned anew when the calendar changes: a day set by hand, or a new year's holidays published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import Institution
from webapp.workdays import Deadline, due
from webapp.workflow.countersign import STILL
from webapp.workflow.deadlines import around, institution_calendar, pauses_of
from webapp.workflow.models import ProcessInstance, UserTask
from webapp.workflow.stepping import Step

BATCH = 50


def reschedule_due(now: datetime) -> int:
    """Reckon the open tasks whose deadline rests on another calendar than today's; returns how many."""
    done = 0
    for institution_id in db.session.scalars(select(Institution.id)).all():
        version = institution_calendar(institution_id).version
        statement = select(UserTask.id).where(
            UserTask.institution_id == institution_id, UserTask.state == "open", UserTask.calendar_version != version
        )
        ids = db.session.scalars(statement.order_by(UserTask.id).limit(BATCH)).all()
        done += sum(_reschedule(task_id, now) for task_id in ids)
    return done


@transactional
def _reschedule(task_id: int, now: datetime) -> int:
    statement = (
        select(UserTask)
        .where(UserTask.id == task_id)
        .options(joinedload(UserTask.instance).joinedload(ProcessInstance.definition))
        .with_for_update(of=UserTask)
    )
    task = db.session.scalar(statement, execution_options={"populate_existing": True})
    if task is None or task.state != "open" or task.deadline is None:
        return 0
    reckon_anew(task, Step(task.instance, None, now, filing_id=0), now)
    return 1


def reckon_anew(task: UserTask, step: Step, now: datetime) -> None:
    """Reckon a task's deadline by the calendar and the pauses as they are now; part of a command."""
    if task.deadline is None:
        return
    old, clock = Deadline.from_json(task.deadline), step.clock
    # A deadline that runs from the task's opening leaves out only what began later: the case was suspended.
    from_opening = old.since == task.opened_at
    pauses = [pause for pause in pauses_of(task.instance_id) if not from_opening or pause[0] > task.opened_at]
    new = due(old.n, old.unit, old.since, clock.calendar, zone=clock.zone, pauses=pauses)
    task.deadline, task.calendar_version = new.as_json(), new.calendar_version
    if new.at != old.at:
        _move(task, step, old, new, now)


def _move(task: UserTask, step: Step, old: Deadline, new: Deadline, now: datetime) -> None:
    """Set the new due time where people see it; what has been sent already is not sent again."""
    remind, escalate = around(step.definition.elements[task.element], new.at, step.clock)
    task.due_at = new.at
    task.remind_at = remind if task.remind_at is not None else None
    task.escalate_at = escalate if task.escalate_at is not None else None
    for seat in task.seats:
        if seat.state in STILL:
            seat.urgency = new.at
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:rescheduled",
        actor_id=None,
        actor_label="calendar",
        object_type="user_task",
        object_id=task.id,
        kept={
            "element": task.element,
            "element_name": task.name,
            "from": old.at.isoformat(),
            "to": new.at.isoformat(),
            "calendar": new.calendar_version,
        },
        erasable={},
        at=now,
        instance_id=task.instance_id,
        task_id=task.id,
    )
