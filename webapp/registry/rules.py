"""Policy of the register: everybody of the institution may look an account up; how to reach people is for few."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from webapp.organization.models import User
from webapp.organization.policy import held_queues, rule, visibility
from webapp.registry.facts import PEOPLE
from webapp.registry.models import Account


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


def _named(account: Account) -> set[int]:
    rows = [row for key in PEOPLE for row in getattr(account, key) or []]
    people = [*rows, *(row["person"] for row in rows if isinstance(row.get("person"), dict))]
    return {person["id"] for person in people if isinstance(person.get("id"), int)}
