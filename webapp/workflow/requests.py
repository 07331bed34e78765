"""Cases the system starts: asked for in one transaction, started by a job in another.

A request is a row: a worker killed anywhere loses nothing, and the case carries the request's key, so that it is
started once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from traceback import format_exception
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.definitions import queries as definitions
from webapp.definitions.models import ProcessDefinition
from webapp.errors import Invalid, Refused
from webapp.extensions import db, transactional, work_waits
from webapp.faults.commands import report, resolve
from webapp.faults.models import Fault
from webapp.formkit.specs import SILENT_KINDS
from webapp.ledger import record
from webapp.notifications.commands import tell
from webapp.organization.models import Unit, User
from webapp.organization.queries import holders, local_day
from webapp.registry.models import Account
from webapp.registry.present import people_of, silent_since
from webapp.registry.rows import lock_account
from webapp.workflow.binding import start_element
from webapp.workflow.filing import Submission
from webapp.workflow.models import CaseRequest, ProcessInstance
from webapp.workflow.openings import account_answer
from webapp.workflow.starting import begin_case
from webapp.workflow.timers import BATCH, PAUSES, each

HEAD = "unit_head"
WAITING = ("waiting", "faulty")
TRY_AGAIN = timedelta(days=1)


@transactional
def request_case(
    institution_id: int,
    key: str,
    process: str,
    *,
    account_id: int | None = None,
    unit_id: int | None = None,
    answers: Mapping[str, Any] | None = None,
    open: bool = True,
    cause: Mapping[str, Any] | None = None,
    since: date | None = None,
    instance_id: int | None = None,
    actor: User | None = None,
    now: datetime,
) -> CaseRequest:
    """Ask for a case of `process` to be started; the same key of an institution is asked for once.

    `open` leaves its application to its applicant, else `answers` are filed at once. `cause` is what the case will
    know of it, `instance_id` the case that asks, `since` the first day of an account's silence.
    """
    made = db.session.scalar(
        select(CaseRequest).where(CaseRequest.institution_id == institution_id, CaseRequest.key == key)
    )
    if made is not None:
        return made
    row = CaseRequest(
        institution_id=institution_id,
        key=key,
        process=process,
        account_id=account_id,
        unit_id=unit_id,
        answers=dict(answers or {}),
        open=open,
        cause=dict(cause or {}),
        since=since,
        requested_by_id=instance_id,
        requested_at=now,
        next_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record(
        db.session(),
        institution_id=institution_id,
        action="workflow:case:requested",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="case_request",
        object_id=row.id,
        kept={"process": process, "account_id": account_id, "unit_id": unit_id, "open": open},
        erasable={"answers": row.answers, "cause": row.cause},
        at=now,
        instance_id=instance_id,
    )
    work_waits()
    return row


def start_requested(now: datetime) -> int:
    """Start up to a batch of requested cases. One that fails is tried three times, then is a Fault.

    While its fault is open it is tried once a day; who closes the fault gives the request up.
    """
    waiting = select(CaseRequest.id).where(CaseRequest.state.in_(WAITING), CaseRequest.next_at <= now)
    ids = db.session.scalars(waiting.order_by(CaseRequest.next_at, CaseRequest.id).limit(BATCH)).all()
    return each(ids, _start, _failed, now)


@transactional
def _start(request_id: int, now: datetime) -> int:
    row = _locked(request_id)
    if row is None or row.state not in WAITING or row.next_at > now:
        return 0
    if row.state == "faulty" and not _fault(row):
        row.state = "dropped"
        return 1
    definition = definitions.newest(row.institution_id, row.process)
    if definition is None:
        raise Invalid(_("没有“%(process)s”这项流程。", process=row.process))
    account = lock_account(row.institution_id, row.account_id) if row.account_id is not None else None
    if _pointless(row, account, definition):
        row.state = "dropped"
        return 1
    applicant = _applicant(row, account, now)
    unit_id = row.unit_id or (account.unit_id if account else None) or applicant.unit_id
    if unit_id is None:
        raise Invalid(_("申请须有主办单位。"))
    unit = db.session.get_one(Unit, unit_id)
    answers, form = _known(row, account, unit, definition)
    case = begin_case(
        definition,
        applicant,
        unit,
        now=now,
        submission=None if row.open else Submission(answers=answers, form=form, key=f"request:{row.id}"),
        account=account,
        cause=row.cause or None,
        prefill=answers if row.open else None,
    )
    if row.open:
        _invite(row, case, now)
    if fault := _fault(row):
        resolve(row.institution_id, fault, by=None, now=now)
    row.instance_id, row.state = case.id, "started"
    return 1


def _pointless(row: CaseRequest, account: Account | None, definition: ProcessDefinition) -> bool:
    """Whether the silence the case was asked for has ended meanwhile, or the account itself."""
    if row.since is None or account is None:
        return False
    zone = definitions.bundle(definition.deployment).pack.institution.time_zone
    return account.state != "active" or silent_since(account, zone) != row.since


def _fault(row: CaseRequest) -> int | None:
    """The open fault that tells of this request."""
    if row.state != "faulty":
        return None
    own = (Fault.institution_id == row.institution_id, Fault.kind == "request", Fault.element == _place(row))
    return db.session.scalar(select(Fault.id).where(*own, Fault.resolved_at.is_(None)))


def _place(row: CaseRequest) -> str:
    return f"request:{row.id}"


def _locked(request_id: int) -> CaseRequest | None:
    statement = select(CaseRequest).where(CaseRequest.id == request_id).with_for_update()
    return db.session.scalar(statement.execution_options(populate_existing=True))


def _applicant(row: CaseRequest, account: Account | None, now: datetime) -> User:
    """Who the case is for: of the account whoever is directly responsible, else an administrator, else whoever is
    first responsible; of a unit its head. Raises Refused when there is nobody."""
    if account is not None:
        found = _active(row.institution_id, people_of(account))
        if found is None:
            raise Refused(_("“%(name)s”登记的责任人都已不在，没有人可以办理。", name=account.name))
        return found
    if row.unit_id is not None:
        heads = holders(row.institution_id, HEAD, row.unit_id, local_day(now))
        if heads:
            return heads[0]
    asking = db.session.get(ProcessInstance, row.requested_by_id) if row.requested_by_id is not None else None
    found = _active(row.institution_id, [asking.applicant_id]) if asking else None
    if found is None:
        raise Refused(_("没有人可以办理系统发起的事项。"))
    return found


def _active(institution_id: int, ids: list[int]) -> User | None:
    """The first of these people who is still there and can log in."""
    statement = select(User).where(User.institution_id == institution_id, User.active, User.id.in_(ids))
    people = {user.id: user for user in db.session.scalars(statement)}
    return next((people[user_id] for user_id in ids if user_id in people), None)


def _known(
    row: CaseRequest, account: Account | None, unit: Unit, definition: ProcessDefinition
) -> tuple[dict[str, Any], tuple[str, str]]:
    """What the request answers, with account and unit where the form asks for them, and the form's key and hash.

    Filed at once, every field is there, null where nothing is said. Raises Invalid for an answer the form asks not.
    """
    bundle = definitions.bundle(definition.deployment)
    schema = bundle.form(start_element(bundle, definition.key).form_key or "")
    keys = [spec.key for spec in schema.top if spec.kind not in SILENT_KINDS]
    given = dict(row.answers)
    if account is not None and "account" in keys:
        given["account"] = account_answer(account)
    field = bundle.process(definition.key).unit_field
    if field in keys and not given.get(field):
        given[field] = {"id": unit.id, "code": unit.code, "name": unit.name_zh}
    if row.since is not None:  # what the system says by itself goes where the form has room for it
        given = {key: value for key, value in given.items() if key in keys}
    if unknown := sorted(set(given) - set(keys)):
        raise Invalid(_("表单没有“%(field)s”这一项。", field="、".join(unknown)))
    return (given if row.open else {**dict.fromkeys(keys), **given}), (schema.key, schema.hash)


def _invite(row: CaseRequest, case: ProcessInstance, now: datetime) -> None:
    reason = str(row.cause.get("reason") or "")
    subject = _("请填报：%(title)s", title=case.title_zh)
    body = _("系统已为您发起 %(reference)s，请打开填写并提交。", reference=case.reference)
    tell(
        row.institution_id,
        [case.applicant_id],
        subject,
        f"{body}\n{reason}".strip(),
        instance_id=case.id,
        now=now,
        key=f"request:{row.id}",
        text_key="case_requested",
        kind="task",
    )


@transactional
def _failed(request_id: int, now: datetime, error: Exception) -> None:
    row = _locked(request_id)
    if row is None or row.state not in WAITING:
        return
    row.attempts += 1
    if row.attempts <= len(PAUSES):
        row.next_at = now + PAUSES[row.attempts - 1]
        return
    row.state, row.next_at = "faulty", now + TRY_AGAIN
    why = str(getattr(error, "sentence", "") or type(error).__name__)
    report(
        row.institution_id,
        kind="request",
        sentence=_("系统要发起的“%(process)s”三次未成：%(why)s", process=row.process, why=why),
        detail="".join(format_exception(error)),
        instance_id=row.requested_by_id,
        element=_place(row),
        now=now,
    )
