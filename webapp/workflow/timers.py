"""What must happen by itself: due timers, reminders, escalations. Each row is finished in its own transaction.

Rows are the only memory: a worker killed anywhere loses nothing, and what is done is marked in the transaction
that did it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from traceback import format_exception

import structlog
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload

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
# A reminder that cannot be made is a Fault at once, and tried again after this.
REMIND_AGAIN = timedelta(hours=1)
BATCH = 50
BUDGET_SECONDS = 5.0
_log = structlog.get_logger(__name__)


def run_due(now: datetime | None = None) -> int:
    """Fire due timers, send due reminders and escalations; returns how many were done."""
    moment = now or datetime.now(UTC)
    return fire_due_timers(moment) + remind_due(moment) + escalate_due(moment)


def fire_due_timers(now: datetime) -> int:
    """Fire up to a batch of due timers. One that fails is tried three times with growing pauses, then is a Fault."""
    statement = select(Timer.id).where(Timer.state == "armed", Timer.next_at <= now).order_by(Timer.next_at)
    return each(db.session.scalars(statement.limit(BATCH)).all(), _fire, _failed, now)


def each(
    ids: Sequence[int],
    act: Callable[[int, datetime], int],
    failed: Callable[[int, datetime, Exception], None],
    now: datetime,
) -> int:
    """Act on each row in its own transaction, for five seconds at most; what fails is written down and not in the way.

    Raises OperationalError: a database that is gone, locked or full is no row's fault, and costs none a try.
    """
    done, began = 0, time.monotonic()
    for row_id in ids:
        try:
            done += act(row_id, now)
        except OperationalError:
            raise
        except Exception as error:  # an operation may raise anything, and the others must be on time
            if isinstance(error.__cause__, OperationalError):
                raise error.__cause__ from error
            _log.warning("due work failed", act=act.__name__, row=row_id, error=repr(error))
            failed(row_id, now, error)
        if time.monotonic() - began > BUDGET_SECONDS:
            break
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
        at=now,
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    return 1


@transactional
def _failed(timer_id: int, now: datetime, error: Exception) -> None:
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
        sentence=_("定时到期后的办理三次未成：%(why)s", why=_reason(error)),
        detail="".join(format_exception(error)),
        instance_id=timer.instance_id,
        element=timer.element,
        now=now,
    )


def _reason(error: Exception) -> str:
    return str(getattr(error, "sentence", "") or type(error).__name__)


def remind_due(now: datetime) -> int:
    """Remind those who may act on tasks whose reminder has come."""
    return each(_due_tasks(UserTask.remind_at <= now), _remind, _not_reminded, now)


def escalate_due(now: datetime) -> int:
    """Tell the role named by `escalate_to` of tasks that are overdue."""
    return each(_due_tasks(UserTask.escalate_at <= now), _escalate, _not_reminded, now)


def _due_tasks(due: ColumnElement[bool]) -> Sequence[int]:
    return db.session.scalars(
        select(UserTask.id).where(UserTask.state == "open", due).order_by(UserTask.id).limit(BATCH)
    ).all()


@transactional
def _not_reminded(task_id: int, now: datetime, error: Exception) -> None:
    """Put the task's overdue reminder off, so that it neither fails in a circle nor holds up the others."""
    task = _task(task_id)
    if task is None:
        return
    if task.remind_at is not None and task.remind_at <= now:
        task.remind_at = now + REMIND_AGAIN
    if task.escalate_at is not None and task.escalate_at <= now:
        task.escalate_at = now + REMIND_AGAIN
    report(
        task.institution_id,
        kind="reminder",
        sentence=_("提醒没有送出，一小时后再试：%(why)s", why=_reason(error)),
        detail="".join(format_exception(error)),
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        now=now,
    )


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
    seats = [seat for seat in task.seats if seat.state == "open"]
    people = {user.id: user for seat in seats for user in eligible(seat, task.instance, True, now)}
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
    seats = [seat.id for seat in task.seats if seat.state == "open"] if text_key == "task_due_soon" else []
    tell(
        task.institution_id,
        [user.id for user in people],
        subject,
        body,
        instance_id=task.instance_id,
        now=now,
        key=f"{text_key}:{task.id}",
        text_key=text_key,
        kind="reminder",
        link=f"/tasks/{seats[0]}" if len(seats) == 1 else "",
    )
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:reminded" if text_key == "task_due_soon" else "workflow:task:escalated",
        actor_id=None,
        actor_label="timer",
        object_type="user_task",
        object_id=task.id,
        kept={"element": task.element, "element_name": task.name, "people": [user.id for user in people]},
        erasable={},
        at=now,
        instance_id=task.instance_id,
        task_id=task.id,
    )
