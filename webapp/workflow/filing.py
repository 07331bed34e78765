"""What a person sends for a step, and writing it down: answers, decision, the closed seat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, insert

from webapp.extensions import db
from webapp.files.commands import attach
from webapp.files.queries import file_keys
from webapp.ledger import record
from webapp.organization.models import Unit, User
from webapp.registry.commands import amend_filing, record_decision
from webapp.registry.models import Account
from webapp.registry.rows import lock_account
from webapp.workflow import lodging
from webapp.workflow.facts import account_of_case, case_facts
from webapp.workflow.models import Answers, Seat, UserTask
from webapp.workflow.stepping import Step
from webapp.workflow.titles import titles

_ANSWERS = insert(cast(Table, Answers.__table__))


@dataclass(frozen=True)
class Submission:
    """What a person sends for a seat. `answers` are validated form answers (JSON); `form` is (key, hash).

    `attachments` are the keys of files beside the opinion.
    """

    decision: str = "submit"
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    form: tuple[str, str] | None = None
    key: str | None = None
    attachments: tuple[str, ...] = ()


def close_seat(seat: Seat, actor: User, submission: Submission, now: datetime, for_whom: int | None = None) -> None:
    """`for_whom` is the principal on whose behalf the answer is given."""
    seat.on_behalf_of_id, seat.attachments = for_whom, list(submission.attachments) or None
    seat.state, seat.decision, seat.opinion = "answered", submission.decision, submission.opinion
    seat.grounds, seat.answered_by_id, seat.answered_at = list(submission.grounds), actor.id, now
    seat.holder_id, seat.submission_key, seat.version = actor.id, submission.key, seat.version + 1


def decide(step: Step, seat: Seat, outcome: str, submission: Submission, now: datetime, by: User | None = None) -> int:
    """Write the decision, its grounds and its event; returns the decision's id. `by` whoever acts, or the person."""
    decided_by = by or step.actor
    assert decided_by is not None
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
        decided_by=decided_by,
        on_behalf_of=db.session.get(User, seat.on_behalf_of_id) if seat.on_behalf_of_id else None,
        now=now,
    )
    return decision.id


def file_answers(
    step: Step,
    task: UserTask,
    data: dict[str, Any],
    submission: Submission,
    actor: User | None,
    now: datetime,
    for_whom: int | None = None,
) -> None:
    """Write the answers row of a task and its event; the files it names belong to the case from now on.

    Without an actor the system files them in the applicant's name.
    """
    if actor is not None and alone(task):  # what several have signed was attached as each signed
        attach_files(step, data, submission, actor)
    form_key, form_hash = submission.form or (None, None)
    row = {
        "institution_id": task.institution_id,
        "instance_id": step.instance.id,
        "task_id": task.id,
        "element": task.element,
        "round": task.round,
        "data": data,
        "form_key": form_key,
        "form_hash": form_hash,
        "filed_by_id": actor.id if actor else step.instance.applicant_id,
        "filed_at": now,
    }
    db.session.execute(_ANSWERS, row)
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:answered",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        on_behalf_of=for_whom,
        object_type="user_task",
        object_id=task.id,
        kept={
            "element": task.element,
            "element_name": task.name,
            "round": task.round,
            "decision": submission.decision,
            "form": form_hash,
        },
        erasable={"answers": data},
        at=now,
        instance_id=step.instance.id,
        task_id=task.id,
        deployment_hash=step.bundle.hash,
    )


def alone(task: UserTask) -> bool:
    """Whether one answer completes the task."""
    return len(task.seats) == 1


def attach_files(step: Step, data: dict[str, Any], submission: Submission, actor: User) -> None:
    """The files an answer names, and those beside the opinion, belong to the case from now on. Raises NotFound."""
    attach(actor, [*file_keys(data), *submission.attachments], step.instance.id)


def refile(step: Step, data: dict[str, Any], actor: User, now: datetime) -> dict[str, Any]:
    """An application filed now, or filed again: case and filing follow what it says; returns the new `case` object.

    Title, unit, period and last day follow the answers; the account stays, and so does the moment it was filed first.
    Raises Invalid at the field `account` for another account, or a period that has been filed for.
    """
    instance, process = step.instance, step.process
    instance.title_zh, instance.title_en = titles(process, step.bundle, data)
    picked = data.get(process.unit_field)
    if isinstance(picked, dict) and isinstance(picked.get("id"), int):
        instance.unit_id = picked["id"]
    about = dict(instance.about or {})
    first = bool(about.pop("unfiled", False))
    account = _account(step, data, first)
    if first:
        instance.filed_at = now
        about["account"] = account_of_case(account, step.bundle.pack) if account is not None else None
    instance.about = about
    unit, code = db.session.get_one(Unit, instance.unit_id), step.bundle.pack.institution.code
    case = case_facts(instance, unit, instance.applicant, code)
    zone = step.clock.zone
    said, columns = lodging.reckon(process, data, case, instance.institution_id, zone, instance.filed_at)
    instance.about = {**about, **said}
    stands = {"unit_id": unit.id, "account_id": instance.account_id, "filed_at": instance.filed_at}
    changes = {**stands, "period": lodging.period(process, data), **columns}
    amend_filing(step.filing_id, changes, now, actor=actor)
    return case_facts(instance, unit, instance.applicant, code)


def _account(step: Step, data: dict[str, Any], first: bool) -> Account | None:
    """The account of the case, locked where something about it must hold."""
    instance, process = step.instance, step.process
    picked = lodging.account_id(data)
    if process.about != "account" or (picked is None and instance.account_id is None):
        return None
    if instance.account_id is not None and picked not in (None, instance.account_id):
        lodging.refuse(_("这件申请所涉及的账号不能改换；需要时撤销后另行申请。"))
    if not first and instance.account_id is not None and process.period_field is None:
        return None
    account = lock_account(instance.institution_id, instance.account_id or picked or 0)
    if instance.account_id is None:
        lodging.refuse(lodging.objection(process, account, data, apart_from=instance.id))
        instance.account_id = account.id
    else:
        lodging.refuse(lodging.period_objection(process, account, data, apart_from=instance.id))
    return account


def seat_event(action: str, actor: User, seat: Seat, now: datetime) -> None:
    record(
        db.session(),
        institution_id=seat.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="seat",
        object_id=seat.id,
        kept={"element": seat.task.element, "element_name": seat.task.name},
        erasable={},
        at=now,
        instance_id=seat.instance_id,
        task_id=seat.task_id,
    )
