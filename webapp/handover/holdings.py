"""Everything a person has that somebody else must take over, group by group, in the order it is dealt with.

First what lets the person act (login, roles, rules), so that nothing is taken on while the rest is handed over.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from sqlalchemy import Select, or_, select

from webapp.extensions import db
from webapp.organization.models import Delegation, RoleGrant, User
from webapp.registry.reach import accounts_naming
from webapp.workflow.countersign import STILL
from webapp.workflow.models import ProcessInstance, Seat

LOGIN, GRANT, RULE, SEAT, CASE, ACCOUNT = NOUNS = ("login", "grant", "rule", "seat", "case", "account")
OPEN_CASES = ("running", "suspended")


def seats_held(leaver: User) -> Select[int]:
    """Tasks in the person's hands, apart from those an applicant has in an own case."""
    return (
        select(Seat.id)
        .where(Seat.institution_id == leaver.institution_id, Seat.holder_id == leaver.id)
        .where(Seat.state.in_(STILL), Seat.role != "applicant")
        .order_by(Seat.id)
    )


def cases_begun(leaver: User) -> Select[int]:
    """Cases under way of which the person is the applicant."""
    own = (ProcessInstance.institution_id == leaver.institution_id, ProcessInstance.applicant_id == leaver.id)
    return select(ProcessInstance.id).where(*own, ProcessInstance.state.in_(OPEN_CASES)).order_by(ProcessInstance.id)


def _grants(leaver: User, today: date) -> list[int]:
    lasting = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today)
    own = (RoleGrant.institution_id == leaver.institution_id, RoleGrant.user_id == leaver.id)
    return _ids(select(RoleGrant.id).where(*own, lasting).order_by(RoleGrant.id))


def _rules(leaver: User, today: date) -> list[int]:
    party = or_(Delegation.principal_id == leaver.id, Delegation.substitute_id == leaver.id)
    own = (Delegation.institution_id == leaver.institution_id, party)
    lasting = (Delegation.revoked_at.is_(None), Delegation.valid_to >= today)
    return _ids(select(Delegation.id).where(*own, *lasting).order_by(Delegation.id))


def _ids(statement: Select[int]) -> list[int]:
    return list(db.session.scalars(statement))


_FOUND: dict[str, Callable[[User, date], list[int]]] = {
    LOGIN: lambda leaver, today: [leaver.id] if leaver.active else [],
    GRANT: _grants,
    RULE: _rules,
    SEAT: lambda leaver, today: _ids(seats_held(leaver)),
    CASE: lambda leaver, today: _ids(cases_begun(leaver)),
    ACCOUNT: lambda leaver, today: [account.id for account in accounts_naming(leaver)],
}


def holdings(leaver: User, today: date) -> dict[str, list[int]]:
    """The ids of what the person has, by group in order; a group without anything is empty."""
    return {noun: _FOUND[noun](leaver, today) for noun in NOUNS}
