"""What must happen by itself: due timers, reminders, escalations. Each row is finished in its own transaction.

Rows are the only memory: a worker killed anywhere loses nothing, and what is done is marked in the transaction
that did it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.engine.errors import EngineError
from webapp.errors import BeianError
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.ledger import record
from webapp.notifications.commands import tell
from webapp.organization.models import User
from webapp.registry.queries import filing_of_instance
from webapp.workflow import queries
from webapp.workflow.models import ProcessInstance, Timer, UserTask
from webapp.workflow.seats import eligible, role_holders
from webapp.workflow.stepping import Step

PAUSES = (timedelta(minutes=1), timedelta(minutes=10))
BATCH = 50


def run_due(now: datetime | None = None) -> int:
    """Fire due timers, send due reminders and escalations; returns how many were done."""
    moment = now or datetime.now(UTC)
    return fire_due_timers(moment) + remind_due(moment) + escalate_due(moment)


def fire_due_timers(now: datetime) -> int:
    """Fire up to a batch of due timers. One that fails is tried three times with growing pauses, then is a Fault."""
    statement = select(Timer.id).where(Timer.state == "armed", Timer.next_at <= now).order_by(Timer.next_at)
    ids = db.session.scalars(statement.limit(BATCH)).all()
    done = 0
    for timer_id in ids:
        try:
            done += _fire(timer_id, now)
        except (EngineError, BeianError) as error:
            _failed(timer_id, now, error.sentence)
    return done


@transactional
def _fire(timer_id: int, now: datetime) -> int:
    timer = db.session.get(Timer, timer_id)
    instance = queries.lock_instance(timer.instance_id) if timer else None
    if timer is None or instance is None:
        return 0
    db.session.refresh(timer)
    if timer.state != "armed" or timer.due_at > now:
        return 0
    filing = filing_of_instance(instance.institution_id, instance.id)
    assert filing is not None
    step = Step(instance, None, now, filing_id=filing.id)
    tasks = queries.open_tasks(instance)
    step.load()
    step.run.fire(timer.token)
    timer.state = "fired"
    step.settle(tasks)
    record(
        db.session(),
        institution_id=instance.institution_id,
        action="workflow:timer:fired",
        actor_id=None,
        actor_label="timer",
        object_type="timer",
        object_id=timer.id,
        kept={"element": timer.element, "due_at": timer.due_at.isoformat(), "reference": instance.reference},
        erasable={},
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    return 1


@transactional
def _failed(timer_id: int, now: datetime, why: str) -> None:
    timer = db.session.get(Timer, timer_id)
    if timer is None or timer.state != "armed":
        return
    timer.attempts += 1
    if timer.attempts <= len(PAUSES):
        timer.next_at = now + PAUSES[timer.attempts - 1]
        return
    timer.state = "faulty"
    report(
        timer.institution_id,
        kind="timer",
        sentence=_("定时到期后的办理三次未成：%(why)s", why=why),
        instance_id=timer.instance_id,
        element=timer.element,
        now=now,
    )


def remind_due(now: datetime) -> int:
    """Remind those who may act on tasks whose reminder has come."""
    return _each(select(UserTask.id).where(UserTask.state == "open", UserTask.remind_at <= now), _remind, now)


def escalate_due(now: datetime) -> int:
    """Tell the role named by `escalate_to` of tasks that are overdue."""
    return _each(select(UserTask.id).where(UserTask.state == "open", UserTask.escalate_at <= now), _escalate, now)


def _each(statement: object, act: Callable[[int, datetime], int], now: datetime) -> int:
    ids = db.session.scalars(statement.order_by(UserTask.id).limit(BATCH)).all()  # type: ignore[attr-defined]
    return sum(act(task_id, now) for task_id in ids)


def _task(task_id: int) -> UserTask | None:
    statement = (
        select(UserTask)
        .where(UserTask.id == task_id)
        .options(joinedload(UserTask.instance).joinedload(ProcessInstance.definition))
        .with_for_update(of=UserTask)
    )
    return db.session.scalar(statement, execution_options={"populate_existing": True})


@transactional
def _remind(task_id: int, now: datetime) -> int:
    task = _task(task_id)
    if task is None or task.state != "open" or task.remind_at is None or task.remind_at > now:
        return 0
    task.remind_at = None
    people = {user.id: user for seat in task.seats if seat.state == "open" for user in _eligible(task, now)}
    _tell(task, list(people.values()), "task_due_soon", now)
    return 1


@transactional
def _escalate(task_id: int, now: datetime) -> int:
    task = _task(task_id)
    if task is None or task.state != "open" or task.escalate_at is None or task.escalate_at > now:
        return 0
    task.escalate_at = None
    step = Step(task.instance, None, now, filing_id=0)
    role = step.definition.elements[task.element].properties.get("escalate_to", "")
    people = role_holders(step.bundle.pack, role, task.instance, now)
    _tell(task, people, "task_overdue", now)
    return 1


def _eligible(task: UserTask, now: datetime) -> list[User]:
    return [user for seat in task.seats for user in eligible(seat, task.instance, True, now)]


def _tell(task: UserTask, people: list[User], text_key: str, now: datetime) -> None:
    step = Step(task.instance, None, now, filing_id=0)
    due = task.due_at.astimezone(step.clock.zone).strftime("%Y-%m-%d") if task.due_at else ""
    facts = {"title": task.instance.title_zh, "step": task.name, "due": due, "reference": task.instance.reference}
    if text_key == "task_due_soon":
        subject = _("将到期：%(title)s", **facts)
        body = _("%(reference)s 的“%(step)s”须在 %(due)s 前办理，请及时处理。", **facts)
    else:
        subject = _("已逾期：%(title)s", **facts)
        body = _("%(reference)s 的“%(step)s”已于 %(due)s 到期，尚未办理，请督促。", **facts)
    tell(
        task.institution_id,
        [user.id for user in people],
        subject,
        body,
        instance_id=task.instance_id,
        now=now,
        key=f"{text_key}:{task.id}",
        text_key=text_key,
    )
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:reminded" if text_key == "task_due_soon" else "workflow:task:escalated",
        actor_id=None,
        actor_label="timer",
        object_type="user_task",
        object_id=task.id,
        kept={"element": task.element, "people": [user.id for user in people]},
        erasable={},
        instance_id=task.instance_id,
        task_id=task.id,
    )
