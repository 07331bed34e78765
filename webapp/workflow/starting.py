"""Starting a case: the application is filed and completed in the transaction that starts it."""

from __future__ import annotations

from collections.abc import Mapping
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
from webapp.registry.models import Account
from webapp.registry.numbers import give_number
from webapp.registry.rows import lock_account
from webapp.workflow import lodging, queries
from webapp.workflow.facts import account_of_case, case_facts
from webapp.workflow.facts import unit_facts as unit_facts
from webapp.workflow.filing import Submission, file_answers
from webapp.workflow.guards import guarded
from webapp.workflow.models import AnswerDraft, ProcessInstance
from webapp.workflow.stepping import Step
from webapp.workflow.titles import titles


def may_start(user: User, process: ProcessEntry) -> bool:
    """Whether the pack lets this person start the process, by kind of person or by role."""
    return user.kind in process.start.kinds or has_role(user, *process.start.roles)


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
    instance = begin_case(definition, actor, unit, submission=submission, actor=actor, now=now)
    _forget_draft(actor, process_key)
    return instance


def begin_case(
    definition: ProcessDefinition,
    applicant: User,
    unit: Unit,
    *,
    now: datetime,
    submission: Submission | None = None,
    account: Account | None = None,
    campaign: Mapping[str, Any] | None = None,
    cause: Mapping[str, Any] | None = None,
    prefill: Mapping[str, Any] | None = None,
    actor: User | None = None,
) -> ProcessInstance:
    """Make a case with its filing and its first task, within the caller's transaction: it commits nothing itself.

    With a `submission` the application is filed at once, else it stays open for `applicant`, starting from `prefill`.
    `account` is what the case is about (else what the answers pick); `campaign` and `cause` are what expressions read
    under `case`. `actor` is who starts it, None for the system: such a case its applicant cannot withdraw.
    Raises Invalid, at the field `account`, where no such case may be begun about the account; NotFound for an account
    that is not there.
    """
    bundle = definitions.bundle(definition.deployment)
    process = bundle.process(definition.key)
    answers = submission.answers if submission else dict(prefill or {})
    wanted = account.id if account is not None else lodging.account_id(answers)
    locked = lock_account(applicant.institution_id, wanted) if wanted is not None else None
    lodging.demand(process, locked, answers)
    instance = _instance(applicant, definition, bundle, unit, answers, now)
    instance.account_id, instance.requested = wanted, actor is None
    instance.submission_key = submission.key if submission else None
    about: dict[str, Any] = {"campaign": campaign, "cause": cause, "started_at": now.isoformat()}
    about["account"] = account_of_case(locked, bundle.pack) if locked is not None else None
    instance.about = about if submission else {**about, "unfiled": True}
    instance.prefill = dict(prefill) if prefill else None
    columns: Mapping[str, Any] = {}
    if submission is not None:
        case = case_facts(instance, unit, applicant, bundle.pack.institution.code)
        said, columns = lodging.reckon(process, answers, case, applicant.institution_id, _zone(bundle), now)
        instance.about = {**about, **said}
    db.session.add(instance)
    db.session.flush()
    filing = file_filing(
        applicant.institution_id,
        instance_id=instance.id,
        reference=instance.reference,
        kind=definition.key,
        unit_id=unit.id,
        account_id=wanted,
        filed_by=applicant,
        now=now,
        period=lodging.period(process, answers),
        by_system=actor is None,
        **columns,
    )
    step = Step(instance, actor, now, filing_id=filing.id)
    _first_task(step, applicant, unit, submission, now)
    return instance


def _sponsor(actor: User, process: ProcessEntry, answers: dict[str, Any]) -> Unit:
    """The unit the answers name, else that of the account the case is about, else the applicant's own."""
    picked = answers.get(process.unit_field)
    account_id = lodging.account_id(answers) if process.about == "account" else None
    account = db.session.get(Account, account_id) if account_id is not None else None
    if isinstance(picked, dict):
        unit_id = picked.get("id")
    elif account is not None and account.institution_id == actor.institution_id:
        unit_id = account.unit_id
    else:
        unit_id = actor.unit_id
    unit = unit_by_id(actor.institution_id, unit_id) if isinstance(unit_id, int) else None
    if unit is None:
        raise Invalid(_("申请须有主办单位。"), ((process.unit_field, _("请选定主办单位")),))
    return unit


def _instance(
    applicant: User,
    definition: ProcessDefinition,
    bundle: Bundle,
    unit: Unit,
    answers: Mapping[str, Any],
    now: datetime,
) -> ProcessInstance:
    process = bundle.process(definition.key)
    zh, en = titles(process, bundle, answers)
    year = now.astimezone(_zone(bundle)).year
    return ProcessInstance(
        institution_id=applicant.institution_id,
        definition=definition,
        reference=give_number(applicant.institution_id, process.number.series, process.number.format, year),
        title_zh=zh,
        title_en=en,
        applicant_id=applicant.id,
        unit_id=unit.id,
        filed_at=now,
        round=1,
        version=0,
        history_length=0,
        state="running",
    )


def _first_task(step: Step, applicant: User, unit: Unit, submission: Submission | None, now: datetime) -> None:
    """Open the application's task; with a submission complete it, else leave it to the applicant."""
    instance, actor = step.instance, step.actor
    step.begin({"case": case_facts(instance, unit, applicant, step.bundle.pack.institution.code)})
    token = step.run.open_tasks()[0]
    task = step.open_task(token)
    task.announced = True  # filed at once, or the applicant is told by whoever asks for it
    if submission is not None:
        seat = task.seats[0]
        seat.state, seat.decision, seat.answered_at = "answered", "submit", now
        seat.answered_by_id = actor.id if actor else None
        step.opened.clear()
    db.session.flush()
    record(
        db.session(),
        institution_id=instance.institution_id,
        action="workflow:case:started" if submission is not None else "workflow:case:opened",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="process_instance",
        object_id=instance.id,
        kept={"reference": instance.reference, "process": instance.definition.key, "unit_id": unit.id},
        erasable={"title": instance.title_zh},
        at=instance.filed_at,
        instance_id=instance.id,
        deployment_hash=step.bundle.hash,
    )
    if submission is not None:
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
