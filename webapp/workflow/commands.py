"""What people do to cases: start, claim, answer, return, withdraw. Each is one transaction with its ledger event."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _

from webapp.errors import Forbidden, Invalid, NotFound, Refused, Stale
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.workflow import queries
from webapp.workflow.filing import (
    Submission,
    alone,
    attach_files,
    close_seat,
    decide,
    file_answers,
    refile,
    seat_event,
)
from webapp.workflow.guards import check_decision, check_separation, check_version, guarded, step_of, take
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.returning import return_data, return_targets
from webapp.workflow.rules import OPINIONS, acts_for, sits_beside
from webapp.workflow.signing import check_opinion, conclude, do_without, sign, tally
from webapp.workflow.stepping import Step
from webapp.workflow.telling import tell_principal


def answer(
    actor: User, seat_id: int, seat_version: int, submission: Submission, *, now: datetime | None = None
) -> ProcessInstance:
    """File `submission` for a seat and let the case go on.

    Raises NotFound (absent or invisible), Stale (somebody was first), Forbidden (not this person's to decide),
    Invalid (a decision the step does not offer, or without the required words).
    """
    return guarded(
        lambda: _answer(actor, seat_id, seat_version, submission, now or datetime.now(UTC)),
        actor.institution_id,
        lambda: queries.instance_id_of_seat(seat_id),
    )


@transactional
def _answer(actor: User, seat_id: int, seat_version: int, submission: Submission, now: datetime) -> ProcessInstance:
    taken = take(actor, seat_id, seat_version, submission.key)
    instance, tasks, seat, _roles = taken
    if seat.state == "answered":
        return instance
    task, for_whom = seat.task, acts_for(actor, seat)
    step = step_of(instance, actor, now)
    element = step.definition.elements[task.element]
    if seat.kind in OPINIONS:
        check_opinion(submission)
    else:
        check_decision(element.properties.get("decisions"), submission)
    check_separation(actor, taken, step)
    closing = submission
    if not alone(task):
        outcome = sign(step, seat, submission, actor, for_whom)
        if outcome is None:
            instance.version += 1
            step.report_deserted(tasks.values())
            tell_principal(seat, for_whom, actor, now)
            return instance
        closing = conclude(step, task, outcome, submission)
    data = dict(closing.answers)
    if "decisions" in element.properties:
        data |= {"decision": closing.decision, "opinion": closing.opinion, "grounds": list(closing.grounds)}
        if alone(task):
            seat.on_behalf_of_id = for_whom
            step.decision_id = decide(step, seat, closing.decision, closing, now)
        elif "countersign" in element.properties:
            data |= tally(task)
    beside = {"case": refile(step, data, actor, now)} if task.element == "Application" else None
    file_answers(step, task, data, closing, actor, now, for_whom)
    step.load()
    step.run.complete(task.token, data, beside)
    # Rows change only after the last read on the way, so that each is written once.
    if seat.state != "answered":
        close_seat(seat, actor, submission, now, for_whom)
    step.complete_task(task, closing.decision)
    step.settle(tasks)
    tell_principal(seat, for_whom, actor, now)
    return instance


def go_on_without(step: Step, tasks: dict[str, UserTask], seat: Seat) -> None:
    """A confirmation is waited for no more: where it was the last one, the case goes on. Part of a command.

    Raises EngineError.
    """
    task, actor = seat.task, step.actor
    assert actor is not None
    outcome = do_without(step, seat)
    if outcome is None:
        step.instance.version += 1
        return
    closing = conclude(step, task, outcome, Submission(outcome))
    data = {**closing.answers, "decision": closing.decision, "opinion": closing.opinion}
    data["grounds"] = list(closing.grounds)
    if "countersign" in step.definition.elements[task.element].properties:
        data |= tally(task)
    file_answers(step, task, data, closing, actor, step.now)
    step.load()
    step.run.complete(task.token, data)
    step.complete_task(task, closing.decision)
    step.settle(tasks)


def return_to(
    actor: User, seat_id: int, seat_version: int, target: str, submission: Submission, *, now: datetime | None = None
) -> ProcessInstance:
    """退回: close this task and begin again at `target`, a completed step or opinion block the server allows.

    Raises Invalid for a target that is not allowed or an empty opinion; else as `answer`.
    """
    return guarded(
        lambda: _return_to(actor, seat_id, seat_version, target, submission, now or datetime.now(UTC)),
        actor.institution_id,
        lambda: queries.instance_id_of_seat(seat_id),
    )


@transactional
def _return_to(
    actor: User, seat_id: int, seat_version: int, target: str, submission: Submission, now: datetime
) -> ProcessInstance:
    taken = take(actor, seat_id, seat_version, submission.key)
    instance, tasks, seat, _roles = taken
    if seat.state == "answered":
        return instance
    step, for_whom = step_of(instance, actor, now), acts_for(actor, seat)
    if seat.kind in OPINIONS:
        raise Refused(_("这里只写意见；退回由请您写意见的人决定。"))
    if not submission.opinion.strip():
        raise Invalid(_("退回须写明理由。"))
    step.load()
    scopes = {entry.element: entry.scope for entry in return_targets(step, seat.task)}
    if target not in scopes:
        raise Invalid(_("不能退回到这一步。"))
    check_separation(actor, taken, step)
    if instance.applicant_id in (actor.id, for_whom):  # who carries out an own application decides nothing in it
        raise Forbidden(_("申请人不能退回自己的申请；不再需要时可以撤销。"))
    attach_files(step, {}, submission, actor)
    seat.on_behalf_of_id = for_whom
    step.decision_id = decide(step, seat, "return", submission, now)
    step.restarted = target
    step.run.restart(target, return_data(step), scope=scopes[target])
    close_seat(seat, actor, submission, now, for_whom)
    seat.decision, seat.returned_to = "return", target
    instance.round += 1
    step.complete_task(seat.task, "return")
    step.settle(tasks)
    tell_principal(seat, for_whom, actor, now)
    return instance


@transactional
def claim(actor: User, seat_id: int, seat_version: int, *, now: datetime | None = None) -> Seat:
    """认领: take an open seat of one of the actor's queues; claiming one's own again changes nothing.

    Raises as `answer`.
    """
    taken, now = take(actor, seat_id, None, None), now or datetime.now(UTC)
    seat = taken.seat
    if seat.holder_id == actor.id:
        return seat
    if seat.holder_id is not None and seat.holder is not None:
        raise Stale(_("%(who)s 已认领这件待办。", who=seat.holder.name_zh))
    check_version(seat, seat_version)
    if not can(actor, "claim", seat):
        raise Forbidden(_("您不能认领这件待办。"))
    if sits_beside(actor.id, seat):
        raise Refused(_("您已在这一步办理或待办，一人只占一席。"))
    check_separation(actor, taken, step_of(taken.instance, actor, now))
    seat.on_behalf_of_id = acts_for(actor, seat)
    seat.holder_id, seat.version = actor.id, seat.version + 1
    seat_event("workflow:task:claimed", actor, seat, now)
    return seat


@transactional
def unclaim(actor: User, seat_id: int, seat_version: int) -> Seat:
    """取消认领: put a claimed seat back into its queue; what nobody holds stays as it is. Raises as `answer`."""
    seat = take(actor, seat_id, None, None).seat
    if seat.holder_id is None:
        return seat
    check_version(seat, seat_version)
    if not can(actor, "unclaim", seat):
        raise Forbidden(_("这件待办不是您认领的。"))
    seat.holder_id, seat.on_behalf_of_id, seat.version = None, None, seat.version + 1
    seat_event("workflow:task:unclaimed", actor, seat, datetime.now(UTC))
    return seat


@transactional
def cancel(actor: User, instance_id: int, *, reason: str = "", now: datetime | None = None) -> ProcessInstance:
    """撤销: the applicant withdraws a running application; open tasks are cancelled. Saying it again changes nothing.

    Raises NotFound, or Refused when it has already ended otherwise.
    """
    now = now or datetime.now(UTC)
    instance = queries.lock_instance(instance_id)
    if instance is None or not can(actor, "view", instance):
        raise NotFound(_("没有这件事项。"))
    if instance.state == "withdrawn" and instance.applicant_id == actor.id:
        return instance
    if instance.state == "suspended" and instance.applicant_id == actor.id:
        raise Refused(_("这件事项已挂起，恢复办理后才能撤销。"))
    if not can(actor, "cancel", instance):
        raise Refused(_("只有申请人可以撤销办理中的申请。"))
    step = step_of(instance, actor, now)
    for task in queries.open_tasks(instance).values():
        step.cancel_task(task)
    step.cancel_timers()
    step.end("withdrawn")
    instance.version += 1
    record(
        db.session(),
        institution_id=instance.institution_id,
        action="workflow:case:withdrawn",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="process_instance",
        object_id=instance.id,
        kept={"reference": instance.reference},
        erasable={"reason": reason},
        at=now,
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    return instance
