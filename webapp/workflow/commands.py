"""What people do to cases: start, claim, answer, return, withdraw. Each is one transaction with its ledger event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _

from webapp.engine.errors import EngineError, OperationError
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Refused, Stale
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.files.commands import attach
from webapp.files.queries import file_keys
from webapp.ledger import record
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.registry.commands import record_decision
from webapp.registry.queries import filing_of_instance
from webapp.workflow import queries
from webapp.workflow.models import Answers, ProcessInstance, Seat, UserTask
from webapp.workflow.returning import return_data, return_targets
from webapp.workflow.stepping import Step
from webapp.workflow.titles import titles


@dataclass(frozen=True)
class Submission:
    """What a person sends for a seat. `answers` are validated form answers (JSON); `form` is (key, hash)."""

    decision: str = "submit"
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    form: tuple[str, str] | None = None
    key: str | None = None


def guarded(
    command: Callable[[], ProcessInstance], institution_id: int, instance_of: Callable[[], int | None]
) -> ProcessInstance:
    """Run a command; when an operation or the engine fails, everything is undone and a Fault tells the administrator.

    Raises Refused with a sentence for the person; the task stays open.
    """
    try:
        return command()
    except EngineError as error:
        element = error.element if isinstance(error, OperationError) else ""
        cause = f"{type(error.__cause__ or error).__name__}: {error.__cause__ or error}"
        report_failure(institution_id, instance_of(), element, error.sentence, cause)
        if isinstance(error.__cause__, BeianError):
            raise error.__cause__ from error
        raise Refused(
            _("系统没能完成这一步，已通知管理员；您的办理没有丢失，可稍后再试。（%(why)s）", why=error.sentence)
        ) from error


@transactional
def report_failure(institution_id: int, instance_id: int | None, element: str, sentence: str, detail: str) -> None:
    report(
        institution_id,
        kind="operation",
        sentence=sentence,
        detail=detail,
        instance_id=instance_id,
        element=element,
        now=datetime.now(UTC),
    )


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
    instance, tasks, seat = _take(actor, seat_id, seat_version, submission.key)
    if seat.state == "answered":
        return instance
    task = seat.task
    step = _step(instance, actor, now)
    element = step.definition.elements[task.element]
    check_decision(element.properties.get("decisions"), submission)
    check_separation(actor, seat, step)
    _close_seat(seat, actor, submission, now)
    data = dict(submission.answers)
    if "decisions" in element.properties:
        data |= {
            "decision": submission.decision,
            "opinion": submission.opinion,
            "grounds": list(submission.grounds),
        }
        step.decision_id = decide(step, seat, submission.decision, submission, now)
    file_answers(step, task, data, submission, actor, now)
    if task.element == "Application":
        refile(step, data)
    step.load()
    step.run.complete(task.token, data)
    step.complete_task(task, submission.decision)
    step.settle(tasks)
    return instance


def refile(step: Step, data: dict[str, Any]) -> None:
    """A corrected application may carry another name or sponsoring unit: title and unit follow it."""
    instance = step.instance
    instance.title_zh, instance.title_en = titles(step.process, step.bundle, data)
    picked = data.get(step.process.unit_field)
    if isinstance(picked, dict) and isinstance(picked.get("id"), int):
        instance.unit_id = picked["id"]


@transactional
def return_to(
    actor: User, seat_id: int, seat_version: int, target: str, submission: Submission, *, now: datetime | None = None
) -> ProcessInstance:
    """退回: close this task and begin again at `target`, a completed step or opinion block the server allows.

    Raises Invalid for a target that is not allowed or an empty opinion; else as `answer`.
    """
    now = now or datetime.now(UTC)
    instance, tasks, seat = _take(actor, seat_id, seat_version, submission.key)
    if seat.state == "answered":
        return instance
    step = _step(instance, actor, now)
    if not submission.opinion.strip():
        raise Invalid(_("退回须写明理由。"))
    step.load()
    if target not in {entry.element for entry in return_targets(step, seat.task)}:
        raise Invalid(_("不能退回到这一步。"))
    check_separation(actor, seat, step)
    _close_seat(seat, actor, submission, now)
    seat.decision, seat.returned_to = "return", target
    step.decision_id = decide(step, seat, "return", submission, now)
    instance.round += 1
    step.run.restart(target, return_data(step), scope=step.definition.elements[target].scope)
    step.complete_task(seat.task, "return")
    step.settle(tasks)
    return instance


@transactional
def claim(actor: User, seat_id: int, seat_version: int, *, now: datetime | None = None) -> Seat:
    """认领: take an open seat of one of the actor's queues. Raises as `answer`."""
    _instance, _tasks, seat = _take(actor, seat_id, seat_version, None)
    if seat.holder_id == actor.id:
        return seat
    if not can(actor, "claim", seat):
        raise Forbidden(_("您不能认领这件待办。"))
    seat.holder_id, seat.version = actor.id, seat.version + 1
    _event("workflow:task:claimed", actor, seat, {})
    return seat


@transactional
def unclaim(actor: User, seat_id: int, seat_version: int) -> Seat:
    """取消认领: put a claimed seat back into its queue. Raises as `answer`."""
    _instance, _tasks, seat = _take(actor, seat_id, seat_version, None)
    if not can(actor, "unclaim", seat):
        raise Forbidden(_("这件待办不是您认领的。"))
    seat.holder_id, seat.version = None, seat.version + 1
    _event("workflow:task:unclaimed", actor, seat, {})
    return seat


@transactional
def cancel(actor: User, instance_id: int, *, reason: str = "", now: datetime | None = None) -> ProcessInstance:
    """撤销: the applicant withdraws a running application; open tasks are cancelled.

    Raises NotFound, or Refused when it has already ended.
    """
    now = now or datetime.now(UTC)
    instance = queries.lock_instance(instance_id)
    if instance is None or not can(actor, "view", instance):
        raise NotFound(_("没有这件事项。"))
    if not can(actor, "cancel", instance):
        raise Refused(_("只有申请人可以撤销办理中的申请。"))
    step = _step(instance, actor, now)
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
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    return instance


def _take(
    actor: User, seat_id: int, seat_version: int, key: str | None
) -> tuple[ProcessInstance, dict[str, UserTask], Seat]:
    """Lock the case and find the seat as it stands now; a repeated submission comes back answered."""
    instance = queries.lock_instance_of_seat(seat_id, actor.institution_id)
    if instance is None:
        raise NotFound(_("没有这件待办。"))
    tasks = queries.open_tasks(instance)
    seat = next((seat for task in tasks.values() for seat in task.seats if seat.id == seat_id), None)
    if seat is None:
        seat = db.session.get(Seat, seat_id, populate_existing=True)
        assert seat is not None
        if not can(actor, "view", seat):
            raise NotFound(_("没有这件待办。"))
        if key and seat.submission_key == key and seat.answered_by_id == actor.id:
            return instance, tasks, seat
        raise Stale(_closed_sentence(seat))
    if not can(actor, "view", seat):
        raise NotFound(_("没有这件待办。"))
    if seat.task.state == "suspended":
        raise Refused(_("这件事项已挂起，暂不能办理。"))
    if seat.holder_id is not None and seat.holder_id != actor.id and seat.holder is not None:
        raise Stale(_("%(who)s 已认领这件待办。", who=seat.holder.name_zh))
    if seat.state != "open" or seat.version != seat_version:
        raise Stale(_("这件待办在您打开之后有了变化，请重新查看后再办理。"))
    return instance, tasks, seat


def _closed_sentence(seat: Seat) -> str:
    if seat.answered_by is not None and seat.answered_at is not None:
        at = seat.answered_at.astimezone().strftime("%m-%d %H:%M")
        return str(_("%(who)s 已于 %(at)s 办理了这件待办。", who=seat.answered_by.name_zh, at=at))
    return str(_("这件待办已不需要办理（事项已撤销或转到别的环节）。"))


def _step(instance: ProcessInstance, actor: User | None, now: datetime) -> Step:
    filing = filing_of_instance(instance.institution_id, instance.id)
    if filing is None:
        raise NotFound(_("没有这件事项。"))
    return Step(instance, actor, now, filing_id=filing.id)


def check_decision(offered: str | None, submission: Submission) -> None:
    """Raise Invalid unless the step offers this decision and the words it needs are there."""
    allowed = [part.strip() for part in offered.split(",")] if offered else ["submit"]
    if submission.decision not in allowed:
        raise Invalid(_("这一步不能作这样的决定。"))
    if submission.decision == "reject" and not submission.grounds:
        raise Invalid(_("不予备案须选定所依据的条款。"), (("grounds", _("请选定条款")),))
    if submission.decision in ("reject", "request_correction") and not submission.opinion.strip():
        raise Invalid(_("请写明意见。"), (("opinion", _("请写明意见")),))


def check_separation(actor: User, seat: Seat, step: Step) -> None:
    """Raise Forbidden where duties must stay apart.

    Nobody decides on an own application, nor steps of two roles in one round (unless the pack allows that).
    """
    if not can(actor, "answer", seat):
        raise Forbidden(_("您不能办理这件待办：本人的申请不能由本人审批，或您不在办理人之列。"))
    if seat.role in ("applicant", "assignee") or step.process.same_person_two_roles:
        return
    if queries.decided_in_other_role(step.instance, actor, seat.role):
        raise Forbidden(_("同一轮中您已以另一角色办理过这件事项，须由他人办理。"))


def _close_seat(seat: Seat, actor: User, submission: Submission, now: datetime) -> None:
    seat.state, seat.decision, seat.opinion = "answered", submission.decision, submission.opinion
    seat.grounds, seat.answered_by_id, seat.answered_at = list(submission.grounds), actor.id, now
    seat.holder_id, seat.submission_key, seat.version = actor.id, submission.key, seat.version + 1


def decide(step: Step, seat: Seat, outcome: str, submission: Submission, now: datetime) -> int:
    """Write the decision, its grounds and its event; returns the decision's id."""
    assert step.actor is not None
    decision = record_decision(
        step.filing_id,
        seat_id=seat.id,
        element=seat.task.element,
        element_name=seat.task.name,
        round=seat.task.round,
        role=seat.role,
        outcome=outcome,
        opinion=submission.opinion,
        grounds=submission.grounds,
        decided_by=step.actor,
        on_behalf_of=db.session.get(User, seat.on_behalf_of_id) if seat.on_behalf_of_id else None,
        now=now,
    )
    return decision.id


def file_answers(
    step: Step, task: UserTask, data: dict[str, Any], submission: Submission, actor: User, now: datetime
) -> None:
    """Write the answers row of a task and its event; the files it names belong to the case from now on."""
    attach(actor, file_keys(data), step.instance.id)
    form_key, form_hash = submission.form or (None, None)
    db.session.add(
        Answers(
            institution_id=task.institution_id,
            instance_id=step.instance.id,
            task_id=task.id,
            element=task.element,
            round=task.round,
            data=data,
            form_key=form_key,
            form_hash=form_hash,
            filed_by_id=actor.id,
            filed_at=now,
        )
    )
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:answered",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="user_task",
        object_id=task.id,
        kept={"element": task.element, "round": task.round, "decision": submission.decision, "form": form_hash},
        erasable={"answers": data},
        instance_id=step.instance.id,
        task_id=task.id,
        deployment_hash=step.bundle.hash,
    )


def _event(action: str, actor: User, seat: Seat, kept: dict[str, Any]) -> None:
    record(
        db.session(),
        institution_id=seat.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="seat",
        object_id=seat.id,
        kept={"element": seat.task.element, **kept},
        erasable={},
        instance_id=seat.instance_id,
        task_id=seat.task_id,
    )
