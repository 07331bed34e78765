"""Which accounts a person may name in an application: those of one's units, those one is named in, or all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Text, cast, or_, select

from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.policy import held_queues
from webapp.organization.queries import units
from webapp.registry.models import Account
from webapp.registry.present import people_of
from webapp.registry.queries import CLOSED

# As `states`: whatever state an account is in.
ANY: Final = ("*",)
_PEOPLE = (Account.first_responsible, Account.directly_responsible, Account.leader_in_charge, Account.administrators)


def reachable_accounts(user: User, scope: str, states: Sequence[str], query: str, limit: int) -> list[Account]:
    """At most `limit` accounts whose name or number contains `query`, by name.

    `scope` is "own" or "all"; without `states` all that are run.
    """
    statement = _wanted(user, states).order_by(Account.name, Account.id).limit(limit)
    if query:
        columns = (Account.name, Account.filing_number, Account.platform_account_id)
        statement = statement.where(or_(*(column.contains(query, autoescape=True) for column in columns)))
    if scope != "all":
        statement = statement.where(or_(Account.unit_id.in_(_own_units(user)), _mentions(user)))
    found = db.session.scalars(statement)
    return [account for account in found if scope == "all" or _is_own(user, account)]


def reachable_account(user: User, account_id: int, scope: str, states: Sequence[str]) -> Account | None:
    """The account of that id, None unless the person may name it."""
    account = db.session.scalar(_wanted(user, states).where(Account.id == account_id))
    return account if account is not None and (scope == "all" or _is_own(user, account)) else None


def accounts_naming(user: User) -> list[Account]:
    """Accounts that are run on which the person is named as responsible, by name."""
    found = db.session.scalars(_wanted(user, ()).where(_mentions(user)).order_by(Account.name, Account.id))
    return [account for account in found if user.id in people_of(account)]


def _wanted(user: User, states: Sequence[str]) -> Select[Account]:
    statement = select(Account).where(Account.institution_id == user.institution_id)
    if states == ANY:
        return statement
    return statement.where(Account.state.in_(states) if states else Account.state.not_in(CLOSED))


def _is_own(user: User, account: Account) -> bool:
    return account.unit_id in _own_units(user) or user.id in people_of(account)


def _own_units(user: User) -> set[int]:
    """One's own unit, and those one holds a role in with everything beneath them."""
    held = {int(queue.rsplit(":", 1)[1]) for queue in held_queues(user)}
    known: dict[int, Unit] = {unit.id: unit for unit in units(user.institution_id)}

    def beneath(unit: Unit | None) -> bool:
        while unit is not None:
            if unit.id in held:
                return True
            unit = known.get(unit.parent_id) if unit.parent_id is not None else None
        return False

    return {unit.id for unit in known.values() if beneath(unit)} | ({user.unit_id} if user.unit_id else set())


def _mentions(user: User) -> ColumnElement[bool]:
    """Whether the text of the people named may hold the person's id; read exactly afterwards."""
    marks = [f'"id":{gap}{user.id}{end}' for gap in ("", " ") for end in (",", "}")]
    texts: list[Any] = [cast(column, Text) for column in _PEOPLE]
    return or_(*(text.contains(mark) for text in texts for mark in marks))
