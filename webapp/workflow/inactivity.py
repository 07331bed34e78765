"""Accounts that put nothing out for too long: the case asked for then, and the update that ends its waiting.

Both read what stands in the register, so that nothing is missed whoever records an update, and wherever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from traceback import format_exception
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, exists, or_, select

from webapp.definitions.models import ProcessDefinition
from webapp.definitions.packs import Pack
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.organization.models import Institution
from webapp.organization.queries import local_day
from webapp.registry.models import Account
from webapp.registry.present import add_months, silent_since
from webapp.registry.rows import lock_account
from webapp.workflow import queries
from webapp.workflow.filing import Submission, file_answers
from webapp.workflow.guards import step_of
from webapp.workflow.models import CaseRequest, ProcessInstance, UserTask
from webapp.workflow.requests import request_case
from webapp.workflow.timers import BATCH, each

UPDATE = "account_update"
# In rectification it may be just for its silence.
RUN = ("active", "rectification")


def is_idle(account: Account, pack: Pack, today: date) -> bool:
    """Whether a case is to be asked for: the account is in use and silent."""
    return account.state == "active" and is_silent(account, pack, today)


def is_silent(account: Account, pack: Pack, today: date) -> bool:
    """Whether the account is run and has put nothing out for longer than the pack allows; never so for a group."""
    entry, platform = pack.inactivity, pack.platform(account.platform)
    if entry is None or account.state not in RUN or (platform is not None and platform.group):
        return False
    return add_months(silent_since(account, pack.institution.time_zone), entry.months) < today


def ask_for_idle(now: datetime) -> int:
    """Ask for the pack's case about accounts silent for too long, once for each silence; returns how many."""
    done = 0
    for institution_id in db.session.scalars(select(Institution.id)).all():
        deployment = current_deployment(institution_id)
        pack = bundle(deployment).pack if deployment else None
        if pack is not None and pack.inactivity is not None and pack.inactivity.process:
            done += _ask(institution_id, pack, now)
    return done


def _ask(institution_id: int, pack: Pack, now: datetime) -> int:
    assert pack.inactivity is not None
    today = local_day(now, pack.institution.time_zone)
    last = add_months(today, -pack.inactivity.months)
    if add_months(last, pack.inactivity.months) >= today:
        last -= timedelta(days=1)
    silent = _silent(last, ZoneInfo(pack.institution.time_zone))
    statement = select(Account).where(Account.institution_id == institution_id, Account.state == "active", silent)
    groups = [platform.key for platform in pack.platforms if platform.group]
    statement = statement.where(Account.platform.not_in(groups), ~_asked(), ~_under_way(pack.inactivity.process or ""))
    found = db.session.scalars(statement.order_by(Account.id).limit(BATCH)).all()
    ids = [account.id for account in found if is_idle(account, pack, today)]
    return sum(_request(institution_id, account_id, pack, now) for account_id in ids)


def _silent(last: date, zone: ZoneInfo) -> ColumnElement[bool]:
    """Nothing put out since the end of that day; an account without any update counts from its registration."""
    morrow = datetime.combine(last + timedelta(days=1), time.min, zone).astimezone(UTC)
    never = and_(Account.last_update_on.is_(None), Account.registered_at < morrow)
    return or_(Account.last_update_on <= last, never)


def _asked() -> ColumnElement[bool]:
    """This silence has its request already."""
    same = or_(Account.last_update_on.is_(None), CaseRequest.since >= Account.last_update_on)
    return exists().where(CaseRequest.account_id == Account.id, CaseRequest.since.is_not(None), same)


def _under_way(process: str) -> ColumnElement[bool]:
    return exists().where(
        ProcessInstance.account_id == Account.id,
        ProcessInstance.state.in_(["running", "suspended"]),
        ProcessDefinition.id == ProcessInstance.definition_id,
        ProcessDefinition.key == process,
    )


@transactional
def _request(institution_id: int, account_id: int, pack: Pack, now: datetime) -> int:
    account = lock_account(institution_id, account_id)
    entry, today = pack.inactivity, local_day(now, pack.institution.time_zone)
    if entry is None or not entry.process or not is_idle(account, pack, today):
        return 0
    since = silent_since(account, pack.institution.time_zone)
    reason = _("自 %(day)s 起超过 %(n)s 个月没有更新。", day=since.isoformat(), n=entry.months)
    request_case(
        institution_id,
        f"inactivity:{account.id}:{since.isoformat()}",
        entry.process,
        account_id=account.id,
        answers={"last_update_on": since.isoformat()},
        open=False,
        cause={"process": None, "reference": None, "reason": reason},
        since=since,
        now=now,
    )
    return 1


def complete_updated(now: datetime) -> int:
    """Complete the tasks that wait for an update of their account, where one was recorded after they had opened."""
    statement = (
        select(UserTask.id)
        .join(ProcessInstance, ProcessInstance.id == UserTask.instance_id)
        .join(Account, Account.id == ProcessInstance.account_id)
        .where(UserTask.completed_by == UPDATE, UserTask.state == "open")
        .where(Account.update_recorded_at > UserTask.opened_at)
        .order_by(UserTask.id)
    )
    ids: Sequence[int] = db.session.scalars(statement.limit(BATCH)).all()
    return each(ids, _complete, _left_to_people, now)


@transactional
def _complete(task_id: int, now: datetime) -> int:
    instance_id = db.session.scalar(select(UserTask.instance_id).where(UserTask.id == task_id))
    instance = queries.lock_instance(instance_id) if instance_id is not None else None
    if instance is None:
        return 0
    tasks = queries.open_tasks(instance)
    task = next((task for task in tasks.values() if task.id == task_id), None)
    account = db.session.get(Account, instance.account_id) if instance.account_id is not None else None
    if task is None or task.state != "open" or task.completed_by != UPDATE or account is None:
        return 0
    if account.update_recorded_at is None or account.last_update_on is None:
        return 0
    step = step_of(instance, None, now)
    data: dict[str, Any] = {"updated_on": account.last_update_on.isoformat()}
    file_answers(step, task, data, Submission(answers=data), None, now)
    step.load()
    step.run.complete(task.token, data)
    for seat in task.seats:
        seat.state, seat.decision, seat.answered_at, seat.version = "answered", "submit", now, seat.version + 1
    step.complete_task(task, "submit")
    step.settle(tasks)
    return 1


@transactional
def _left_to_people(task_id: int, now: datetime, error: Exception) -> None:
    """A task the system could not complete waits for whoever holds it, and an administrator is told."""
    task = db.session.get(UserTask, task_id)
    if task is None or task.state != "open":
        return
    task.completed_by = None
    why = str(getattr(error, "sentence", "") or type(error).__name__)
    report(
        task.institution_id,
        kind="operation",
        sentence=_("账号已登记更新，系统没能办结“%(step)s”，请人工办理：%(why)s", step=task.name, why=why),
        detail="".join(format_exception(error)),
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        now=now,
    )
