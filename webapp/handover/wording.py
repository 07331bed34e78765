"""Groups and things of a hand-over in words; each kind of thing is looked up in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.cases.actors import person_name
from webapp.definitions.names import PackNames
from webapp.extensions import db
from webapp.handover.holdings import ACCOUNT, CASE, GRANT, LOGIN, RULE, SEAT
from webapp.organization.models import Delegation, RoleGrant, User
from webapp.registry.models import Account
from webapp.workflow.models import ProcessInstance, Seat, UserTask

Labels = dict[int, tuple[str, str]]


def group_names() -> dict[str, tuple[str, str]]:
    """Each group's name and what becomes of it."""
    return {
        LOGIN: (_("登录"), _("停用登录，在各处退出。有待办或事项时须一并移交。")),
        GRANT: (_("角色"), _("从今天起不再担任。接办人不因此得到角色；需要时另行授予。")),
        RULE: (_("代理"), _("其代理他人、他人代理其的规则一并撤销，并通知对方。")),
        SEAT: (
            _("手中的待办"),
            _("转给接办人。接办人不能办的（如不担任该角色、是其本人的申请），已认领的放回待认领队列。"),
        ),
        CASE: (
            _("发起的事项"),
            _("接办人成为申请人，补正等申请人的待办也转过去。接办人在该事项办理过的，不能接任；须一并停用登录。"),
        ),
        ACCOUNT: (
            _("责任账号"),
            _("为接办人发起变更备案，责任人预先填好，按规章审批；登记册在批准前不变。"),
        ),
    }


def state_names() -> dict[str, str]:
    return {"waiting": _("等待"), "done": _("已办"), "refused": _("未移交"), "faulty": _("故障")}


def labels(institution_id: int, noun: str, ids: Sequence[int], locale: str) -> Labels:
    """What things of a group are called, with a further word about each; another institution's are left out."""
    return _LABELS[noun](institution_id, ids, locale) if ids else {}


def _seats(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    statement = (
        select(Seat)
        .where(Seat.institution_id == institution_id, Seat.id.in_(ids))
        .options(joinedload(Seat.task).joinedload(UserTask.instance))
    )
    found = db.session.scalars(statement)
    return {seat.id: (f"{_title(seat.task.instance, locale)} · {seat.task.name}", _number(seat)) for seat in found}


def _number(seat: Seat) -> str:
    return seat.task.instance.reference


def _cases(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    own = (ProcessInstance.institution_id == institution_id, ProcessInstance.id.in_(ids))
    found = db.session.scalars(select(ProcessInstance).where(*own))
    return {case.id: (_title(case, locale), case.reference) for case in found}


def _title(case: ProcessInstance, locale: str) -> str:
    return case.title_en or case.title_zh if locale == "en" else case.title_zh


def _accounts(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    names = PackNames.current(institution_id, locale)
    own = (Account.institution_id == institution_id, Account.id.in_(ids))
    found = db.session.scalars(select(Account).where(*own))
    return {row.id: (f"{names.platform(row.platform)}「{row.name}」", row.filing_number) for row in found}


def _grants(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    names = PackNames.current(institution_id, locale)
    own = (RoleGrant.institution_id == institution_id, RoleGrant.id.in_(ids))
    found = db.session.scalars(select(RoleGrant).where(*own))
    return {row.id: (names.role(row.role) or row.role, names.unit(row.unit_id)) for row in found}


def _rules(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    own = (Delegation.institution_id == institution_id, Delegation.id.in_(ids))
    statement = select(Delegation).where(*own)
    people = (joinedload(Delegation.principal), joinedload(Delegation.substitute))
    return {
        row.id: (
            _(
                "%(substitute)s 代 %(principal)s",
                substitute=person_name(row.substitute, locale),
                principal=person_name(row.principal, locale),
            ),
            f"{row.valid_from.isoformat()} – {row.valid_to.isoformat()}",
        )
        for row in db.session.scalars(statement.options(*people))
    }


def _logins(institution_id: int, ids: Sequence[int], locale: str) -> Labels:
    found = db.session.scalars(select(User).where(User.institution_id == institution_id, User.id.in_(ids)))
    return {user.id: (user.username, person_name(user, locale)) for user in found}


_LABELS: dict[str, Callable[[int, Sequence[int], str], Labels]] = {
    LOGIN: _logins,
    GRANT: _grants,
    RULE: _rules,
    SEAT: _seats,
    CASE: _cases,
    ACCOUNT: _accounts,
}
