"""A task in the leaver's hands goes to the successor, who must be one who may act on it; else back to its queue."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.extensions import db
from webapp.faults.commands import report
from webapp.handover.holdings import CASE, SEAT
from webapp.handover.work import Work
from webapp.organization.policy import can
from webapp.tasks.handing import reassign, release
from webapp.workflow.countersign import STILL
from webapp.workflow.guards import step_of
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.queries import lock_instance_of_seat, open_tasks


def hand_over_seat(work: Work) -> str:
    """Raises Refused, Forbidden, NotFound with the sentence why the successor may not act on it."""
    seat = _held(work)
    if seat is None:
        return str(_("已不在 %(who)s 手中，无须移交。", who=work.leaver.name_zh))
    reassign(work.actor, seat.id, work.successor.id, note_of(work), now=work.now)
    return str(_("由 %(who)s 接办。", who=work.successor.name_zh))


def put_back(work: Work) -> str:
    """A claimed seat goes back to its queue, where anybody of the role may claim it; the words that say so."""
    seat = _held(work)
    if seat is None or seat.queue is None or seat.kind != "main" or not can(work.actor, "oversee", seat.task.instance):
        return ""
    release(work.actor, seat.id, note_of(work), now=work.now)
    return str(_("已放回待认领队列。"))


def note_of(work: Work) -> str:
    return str(_("离职交接：%(reason)s", reason=work.reason))[:500]


def _held(work: Work) -> Seat | None:
    """The seat with its case locked, while the leaver still has it."""
    instance = lock_instance_of_seat(work.object_id, work.line.institution_id)
    seat = db.session.get(Seat, work.object_id, populate_existing=True) if instance is not None else None
    still = seat is not None and seat.state in STILL and seat.holder_id == work.leaver.id
    return seat if still else None


def report_unmanned(instance: ProcessInstance, work: Work) -> None:
    """Report every open task of a case nobody may act on, or that somebody holds who cannot log in any more."""
    db.session.flush()
    tasks = list(open_tasks(instance).values())
    step = step_of(instance, None, work.now)
    step.opened += tasks
    step.report_deserted()
    for task in tasks:
        if any(seat.state in STILL and seat.holder is not None and not seat.holder.active for seat in task.seats):
            _report(task, work)


def _report(task: UserTask, work: Work) -> None:
    report(
        task.institution_id,
        kind="no_approver",
        sentence=_(
            "“%(reference)s”的“%(step)s”没有可以办理的人，请指定人员。",
            reference=task.instance.reference,
            step=task.name,
        ),
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        now=work.now,
    )


def left_behind(work: Work) -> None:
    """After a refusal: report what nobody can act on any more in the case the line is about."""
    if work.line.noun == SEAT:
        seat = db.session.get(Seat, work.object_id)
        instance_id = seat.instance_id if seat is not None else None
    else:
        instance_id = work.object_id if work.line.noun == CASE else None
    instance = db.session.get(ProcessInstance, instance_id) if instance_id is not None else None
    if instance is not None and instance.institution_id == work.line.institution_id:
        report_unmanned(instance, work)
