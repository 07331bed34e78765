"""Policy of the register: everybody of the institution may look an account up; how to reach people is for few."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from webapp.extensions import db
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import Unit, User
from webapp.organization.policy import has_role, held_queues, permission, rule, visibility
from webapp.organization.queries import queue_name
from webapp.registry.facts import PEOPLE
from webapp.registry.models import Account, Measure
from webapp.registry.present import people_of

HEAD = "unit_head"
PUBLICITY = ("publicity_reviewer", "publicity_head")
OVERSEERS = (*PUBLICITY, "auditor", "audit_admin")


@visibility(Account)
def visible_accounts(user: User, statement: Select[Any]) -> Select[Any]:
    """Every account of the person's institution."""
    return statement


@rule("view", Account)
def may_view(user: User, account: Account) -> bool:
    return True


@rule("see_contacts", Account)
def may_see_contacts(user: User, account: Account) -> bool:
    """Telephones and the like: for the sponsoring unit, people named in the entry, and those who hold a role."""
    return user.unit_id == account.unit_id or bool(held_queues(user)) or user.id in _named(account)


@rule("record_update", Account)
def may_record_update(user: User, account: Account) -> bool:
    """Who is named on the account, its unit's head (or that of a unit above), and those who oversee publicity."""
    if account.state == "deregistered" or has_role(user, *ADMINISTRATORS):
        return False
    if user.id in people_of(account) or has_role(user, *PUBLICITY):
        return True
    unit = db.session.get(Unit, account.unit_id)
    while unit is not None:
        if queue_name(HEAD, unit.id) in held_queues(user):
            return True
        unit = unit.parent
    return False


@visibility(Measure)
def visible_measures(user: User, statement: Select[Any]) -> Select[Any]:
    """Publicity and auditors see every measure, a unit's head those on that unit."""
    if has_role(user, *OVERSEERS):
        return statement
    return statement.where(Measure.unit_id.in_(_headed(user)))


@rule("view", Measure)
def may_view_measure(user: User, measure: Measure) -> bool:
    return has_role(user, *OVERSEERS) or measure.unit_id in _headed(user)


@permission("measures.read")
def may_read_measures(user: User) -> bool:
    """Whoever may see some measure as a whole."""
    return has_role(user, HEAD, *OVERSEERS)


def _headed(user: User) -> list[int]:
    """The units whose head the person is."""
    held = [queue.rsplit(":", 1) for queue in held_queues(user)]
    return [int(unit_id) for role, unit_id in held if role == HEAD]


def _named(account: Account) -> set[int]:
    rows = [row for key in PEOPLE for row in getattr(account, key) or []]
    people = [*rows, *(row["person"] for row in rows if isinstance(row.get("person"), dict))]
    return {person["id"] for person in people if isinstance(person.get("id"), int)}
