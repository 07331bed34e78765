"""挂起、恢复、终止: what an administrator may do with a case, never deciding it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _
from sqlalchemy import insert, select, update

from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db, transactional, work_waits
from webapp.ledger import record
from webapp.notifications.commands import tell
from webapp.organization.models import User
from webapp.organization.policy import acting, can
from webapp.workflow import queries
from webapp.workflow.countersign import STILL
from webapp.workflow.guards import step_of
from webapp.workflow.models import ClockPause, ProcessInstance, Timer
from webapp.workflow.rescheduling import reckon_anew

MOST_WORDS = 500
PAUSE = "suspended"


@transactional
def suspend(actor: User, instance_id: int, reason: str, *, now: datetime | None = None) -> ProcessInstance:
    """挂起: nobody can act on the case, and its clocks stand still, until it is resumed. Twice is once.

    Raises NotFound, Refused (it has ended), Invalid (no reason).
    """
    now = now or datetime.now(UTC)
    instance, words = _overseen(actor, instance_id), _reason(reason)
    if instance.state == "suspended":
        return instance
    _running(instance)
    for task in queries.open_tasks(instance).values():
        task.state, task.version = "suspended", task.version + 1
        for seat in task.seats:
            if seat.state == "open":
                seat.state, seat.version = "held", seat.version + 1
    timers = update(Timer).where(Timer.instance_id == instance.id, Timer.state == "armed")
    db.session.execute(timers.values(state="held"))
    db.session.execute(insert(ClockPause), {"instance_id": instance.id, "reason": PAUSE, "begun_at": now})
    # What says that the clock has ever stood still, without a look at the pauses.
    instance.about = {**(instance.about or {}), "suspended": True}
    instance.state, instance.version = "suspended", instance.version + 1
    _record("workflow:case:suspended", actor, instance, words, now)
    _tell(instance, _at_hand(instance), _("已挂起：%(title)s", title=instance.title_zh), words, "suspended", now)
    return instance


@transactional
def resume(actor: User, instance_id: int, reason: str, *, now: datetime | None = None) -> ProcessInstance:
    """恢复: the case goes on where it stood; deadlines and timers move by the time it was suspended.

    Raises as `suspend`.
    """
    now = now or datetime.now(UTC)
    instance, words = _overseen(actor, instance_id), _reason(reason)
    if instance.state == "running":
        return instance
    if instance.state != "suspended":
        raise Refused(_("事项已办结，不能恢复。"))
    pause = _pause(instance)
    pause.ended_at = now
    db.session.flush()
    step = step_of(instance, actor, now)
    for task in queries.open_tasks(instance).values():
        task.state, task.version = "open", task.version + 1
        for seat in task.seats:
            if seat.state == "held":
                seat.state, seat.version = "open", seat.version + 1
        reckon_anew(task, step, now)
    for timer in db.session.scalars(select(Timer).where(Timer.instance_id == instance.id, Timer.state == "held")):
        stood = now - pause.begun_at
        timer.state, timer.due_at, timer.next_at = "armed", timer.due_at + stood, timer.next_at + stood
    instance.state, instance.version = "running", instance.version + 1
    work_waits()
    _record("workflow:case:resumed", actor, instance, words, now)
    _tell(instance, _at_hand(instance), _("已恢复办理：%(title)s", title=instance.title_zh), words, "resumed", now)
    return instance


@transactional
def terminate(actor: User, instance_id: int, reason: str, *, now: datetime | None = None) -> ProcessInstance:
    """终止: end the case without a decision. Raises as `suspend`; what has been registered stays registered."""
    now = now or datetime.now(UTC)
    instance, words = _overseen(actor, instance_id), _reason(reason)
    if instance.state == "ended" and instance.outcome == "terminated":
        return instance
    if instance.state not in ("running", "suspended"):
        raise Refused(_("事项已办结，不能终止。"))
    step, people = step_of(instance, actor, now), _at_hand(instance)
    if instance.state == "suspended":
        _pause(instance).ended_at = now
    for task in queries.open_tasks(instance).values():
        step.cancel_task(task)
    step.cancel_timers()
    step.end("terminated")
    instance.version += 1
    _record("workflow:case:terminated", actor, instance, words, now)
    _tell(instance, people, _("已终止：%(title)s", title=instance.title_zh), words, "terminated", now)
    return instance


def _overseen(actor: User, instance_id: int) -> ProcessInstance:
    acting(actor)
    instance = queries.lock_instance(instance_id)
    if instance is None or not can(actor, "oversee", instance):
        raise NotFound(_("没有这件事项。"))
    return instance


def _running(instance: ProcessInstance) -> None:
    if instance.state != "running":
        raise Refused(_("事项已办结，不能挂起。"))


def _pause(instance: ProcessInstance) -> ClockPause:
    statement = select(ClockPause).where(
        ClockPause.instance_id == instance.id, ClockPause.reason == PAUSE, ClockPause.ended_at.is_(None)
    )
    return db.session.scalars(statement).one()


def _reason(reason: str) -> str:
    words = reason.strip()
    if not words or len(words) > MOST_WORDS:
        raise Invalid(_("请写明缘由，不超过 %(n)s 字。", n=MOST_WORDS), (("reason", _("请写明缘由")),))
    return words


def _record(action: str, actor: User, instance: ProcessInstance, reason: str, now: datetime) -> None:
    record(
        db.session(),
        institution_id=instance.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="process_instance",
        object_id=instance.id,
        kept={"reference": instance.reference},
        erasable={"reason": reason},
        at=now,
        instance_id=instance.id,
    )


def _at_hand(instance: ProcessInstance) -> list[int]:
    """The applicant, and those who have the case in hand."""
    holders = {seat.holder_id for seat in queries.seats_of(instance) if seat.state in STILL and seat.holder_id}
    return sorted({instance.applicant_id, *holders})


def _tell(instance: ProcessInstance, people: list[int], subject: str, reason: str, what: str, now: datetime) -> None:
    """These people learn of it with the reason."""
    body = _("%(reference)s：%(why)s", reference=instance.reference, why=reason)
    key = f"{what}:{instance.id}:{instance.version}"
    tell(instance.institution_id, people, subject, body, instance_id=instance.id, now=now, key=key, kind="case")
