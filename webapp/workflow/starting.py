"""Starting a case: the application is filed and completed in the transaction that starts it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.process_entries import ProcessEntry
from webapp.errors import Forbidden, Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import Unit, User
from webapp.organization.policy import has_role
from webapp.organization.queries import unit as unit_by_id
from webapp.registry.commands import file as file_filing
from webapp.registry.numbers import give_number
from webapp.workflow import queries
from webapp.workflow.filing import Submission, file_answers
from webapp.workflow.guards import guarded
from webapp.workflow.models import AnswerDraft, ProcessInstance
from webapp.workflow.stepping import Step
from webapp.workflow.titles import titles


def may_start(user: User, process: ProcessEntry) -> bool:
    """Whether the pack lets this person start the process, by kind of person or by role."""
    return user.kind in process.start.kinds or has_role(user, *process.start.roles)


def case_facts(instance: ProcessInstance, unit: Unit, applicant: User, institution: str) -> dict[str, Any]:
    """The `case` object that expressions of diagrams and forms can read."""
    return {
        "reference": instance.reference,
        "filed_at": instance.filed_at.isoformat(),
        "started_at": instance.filed_at.isoformat(),
        "institution": institution,
        "unit": unit_facts(unit),
        "applicant": applicant_facts(applicant),
    }


def unit_facts(unit: Unit | None) -> dict[str, Any] | None:
    return {"id": unit.id, "code": unit.code, "name": unit.name_zh, "kind": unit.kind} if unit else None


def applicant_facts(applicant: User) -> dict[str, Any]:
    return {
        "id": applicant.id,
        "name": applicant.name_zh,
        "permanent": applicant.permanent,
        "kind": applicant.kind,
        "unit": unit_facts(applicant.unit),
    }


def start_case(
    actor: User, process_key: str, submission: Submission, *, now: datetime | None = None
) -> ProcessInstance:
    """File an application and start its case. The same submission key gives the same case.

    Raises NotFound (no such process), Forbidden (not this person's to start), Invalid (no sponsoring unit).
    """
    try:
        return guarded(
            lambda: _start(actor, process_key, submission, now or datetime.now(UTC)), actor.institution_id, lambda: None
        )
    except IntegrityError:
        # The same form sent twice at once (PostgreSQL): the other one was first, and its case is the answer.
        made = queries.by_submission(submission.key, actor.id) if submission.key else None
        if made is None:
            raise
        return made


@transactional
def _start(actor: User, process_key: str, submission: Submission, now: datetime) -> ProcessInstance:
    if submission.key and (made := queries.by_submission(submission.key, actor.id)):
        return made
    definition = definitions.newest(actor.institution_id, process_key)
    if definition is None:
        raise NotFound(_("没有这项流程。"))
    bundle = definitions.bundle(definition.deployment)
    process = bundle.process(process_key)
    if not may_start(actor, process):
        raise Forbidden(_("您不在可以发起这项流程的人员之列。"))
    unit = _sponsor(actor, process, submission.answers)
    instance = _instance(actor, definition, bundle, unit, submission, now)
    filing = file_filing(
        actor.institution_id,
        instance_id=instance.id,
        reference=instance.reference,
        kind=process_key,
        unit_id=unit.id,
        filed_by=actor,
        now=now,
    )
    step = Step(instance, actor, now, filing_id=filing.id)
    _first_task(step, actor, unit, submission, now)
    _forget_draft(actor, process_key)
    return instance


def _sponsor(actor: User, process: ProcessEntry, answers: dict[str, Any]) -> Unit:
    picked = answers.get(process.unit_field)
    unit_id = picked.get("id") if isinstance(picked, dict) else actor.unit_id
    unit = unit_by_id(actor.institution_id, unit_id) if isinstance(unit_id, int) else None
    if unit is None:
        raise Invalid(_("申请须有主办单位。"), ((process.unit_field, _("请选定主办单位")),))
    return unit


def _instance(
    actor: User, definition: ProcessDefinition, bundle: Bundle, unit: Unit, submission: Submission, now: datetime
) -> ProcessInstance:
    process = bundle.process(definition.key)
    zh, en = titles(process, bundle, submission.answers)
    year = now.astimezone(_zone(bundle)).year
    instance = ProcessInstance(
        institution_id=actor.institution_id,
        definition=definition,
        reference=give_number(actor.institution_id, process.number.series, process.number.format, year),
        title_zh=zh,
        title_en=en,
        applicant_id=actor.id,
        unit_id=unit.id,
        filed_at=now,
        submission_key=submission.key,
        round=1,
        version=0,
        history_length=0,
        state="running",
    )
    db.session.add(instance)
    db.session.flush()
    return instance


def _first_task(step: Step, actor: User, unit: Unit, submission: Submission, now: datetime) -> None:
    instance = step.instance
    facts = case_facts(instance, unit, actor, step.bundle.pack.institution.code)
    step.begin({"case": facts})
    token = step.run.open_tasks()[0]
    task = step.open_task(token)
    seat = task.seats[0]
    seat.state, seat.decision, seat.answered_by_id, seat.answered_at = "answered", "submit", actor.id, now
    step.opened.clear()
    db.session.flush()
    record(
        db.session(),
        institution_id=instance.institution_id,
        action="workflow:case:started",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="process_instance",
        object_id=instance.id,
        kept={"reference": instance.reference, "process": instance.definition.key, "unit_id": unit.id},
        erasable={"title": instance.title_zh},
        at=instance.filed_at,
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    file_answers(step, task, submission.answers, submission, actor, now)
    step.run.complete(token.id, submission.answers)
    step.complete_task(task, "submit")
    step.settle({token.id: task})


def _forget_draft(actor: User, process_key: str) -> None:
    db.session.execute(
        delete(AnswerDraft).where(
            AnswerDraft.user_id == actor.id, AnswerDraft.process_key == process_key, AnswerDraft.seat_id.is_(None)
        )
    )


def _zone(bundle: Bundle) -> ZoneInfo:
    return ZoneInfo(bundle.pack.institution.time_zone)
