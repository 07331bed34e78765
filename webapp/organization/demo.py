"""The invented people of the demo, grouped for its login page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.extensions import db
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import Role, RoleGrant, User

OVERSIGHT = ("process_owner", *ADMINISTRATORS)


@dataclass(frozen=True)
class DemoPerson:
    """One login: what to type, the name, and what the person is in the school."""

    username: str
    name: str
    note: str


@dataclass(frozen=True)
class DemoGroup:
    """People of one institution who do the same kind of thing."""

    label: str
    people: Sequence[DemoPerson]


@dataclass(frozen=True)
class DemoSchool:
    name: str
    groups: Sequence[DemoGroup]


def demo_schools(locale: str) -> list[DemoSchool]:
    """Every institution with its demo people: who applies, who decides, who oversees."""
    statement = select(User).where(User.demo, User.active).order_by(User.institution_id, User.id)
    people = db.session.scalars(statement.options(joinedload(User.unit), joinedload(User.institution))).all()
    held: dict[int, list[str]] = {}
    for grant in db.session.scalars(select(RoleGrant).where(RoleGrant.user_id.in_([user.id for user in people]))):
        held.setdefault(grant.user_id, []).append(grant.role)
    names = {(role.institution_id, role.key): _in(locale, role) for role in db.session.scalars(select(Role))}
    schools: dict[str, dict[str, list[DemoPerson]]] = {}
    for user in people:
        keys = held.get(user.id, [])
        roles = list(dict.fromkeys(names.get((user.institution_id, key), key) for key in keys))
        groups = schools.setdefault(_in(locale, user.institution), {_applies(): [], _decides(): [], _oversees(): []})
        note = " · ".join([*([_in(locale, user.unit)] if user.unit else []), *(roles or [_kind(user)])])
        groups[_group(keys)].append(DemoPerson(user.username, _in(locale, user), note))
    return [
        DemoSchool(name, [DemoGroup(label, found) for label, found in groups.items() if found])
        for name, groups in schools.items()
    ]


def _in(locale: str, row: User | Role | object) -> str:
    chinese, english = getattr(row, "name_zh", ""), getattr(row, "name_en", "")
    return str(english or chinese if locale == "en" else chinese)


def _group(keys: Sequence[str]) -> str:
    if not keys:
        return _applies()
    return _oversees() if all(key in OVERSIGHT for key in keys) else _decides()


def _kind(user: User) -> str:
    if user.kind == "student":
        return str(_("学生"))
    return str(_("教职工") if user.permanent else _("非在编教职工"))


def _applies() -> str:
    return str(_("申请人"))


def _decides() -> str:
    return str(_("办理与审批"))


def _oversees() -> str:
    return str(_("审计与管理"))
