"""What a person sends for a step, and writing it down: answers, decision, the closed seat."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert

from webapp.extensions import db
from webapp.files.commands import attach
from webapp.files.queries import file_keys
from webapp.ledger import record
from webapp.organization.models import User
from webapp.registry.commands import record_decision
from webapp.workflow.models import Answers, Seat, UserTask
from webapp.workflow.stepping import Step
from webapp.workflow.titles import titles

_ANSWERS = insert(cast(Table, Answers.__table__))


@dataclass(frozen=True)
class Submission:
    """What a person sends for a seat. `answers` are validated form answers (JSON); `form` is (key, hash)."""

    decision: str = "submit"
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    answers: dict[str, Any] = field(default_factory=dict)
    form: tuple[str, str] | None = None
    key: str | None = None


def close_seat(seat: Seat, actor: User, submission: Submission, now: datetime) -> None:
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
    step: Step, task: UserTask, data: dict[str, Any], submission: Submission, actor: User | None, now: datetime
) -> None:
    """Write the answers row of a task and its event; the files it names belong to the case from now on.

    Without an actor the system files them in the applicant's name.
    """
    if actor is not None:
        attach(actor, file_keys(data), step.instance.id)
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


def refile(step: Step, data: dict[str, Any]) -> None:
    """A corrected application may carry another name or sponsoring unit: title and unit follow it."""
    instance = step.instance
    instance.title_zh, instance.title_en = titles(step.process, step.bundle, data)
    picked = data.get(step.process.unit_field)
    if isinstance(picked, dict) and isinstance(picked.get("id"), int):
        instance.unit_id = picked["id"]


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
