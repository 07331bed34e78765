"""Reads about rules of substitution, always within one institution."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from webapp.extensions import db
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import Delegation, RoleGrant, User
from webapp.organization.policy import visible

MOST_PAST = 20
MOST_OTHERS = 200


def _with_people(statement: Select[Delegation]) -> Select[Delegation]:
    return statement.options(joinedload(Delegation.principal), joinedload(Delegation.substitute))


def _lasting(day: date) -> tuple[ColumnElement[bool], ...]:
    return Delegation.revoked_at.is_(None), Delegation.valid_to >= day


def current_rules(user: User, day: date) -> Sequence[Delegation]:
    """Rules in force or coming in which the person is the principal or the substitute, the first to begin first."""
    mine = or_(Delegation.principal_id == user.id, Delegation.substitute_id == user.id)
    statement = visible(user, select(Delegation).where(mine, *_lasting(day)), Delegation)
    found: Sequence[Delegation] = db.session.scalars(
        _with_people(statement).order_by(Delegation.valid_from, Delegation.id)
    ).all()
    return found


def past_rules(user: User, day: date) -> Sequence[Delegation]:
    """The newest rules of the person that were revoked or have run out."""
    mine = or_(Delegation.principal_id == user.id, Delegation.substitute_id == user.id)
    over = or_(Delegation.revoked_at.is_not(None), Delegation.valid_to < day)
    statement = visible(user, select(Delegation).where(mine, over), Delegation).order_by(Delegation.id.desc())
    found: Sequence[Delegation] = db.session.scalars(_with_people(statement).limit(MOST_PAST)).all()
    return found


def rules_of_others(user: User, day: date) -> Sequence[Delegation]:
    """Every rule of the institution in force or coming, for who administers it; the first to end first."""
    statement = visible(user, select(Delegation).where(*_lasting(day)), Delegation)
    ordered = statement.order_by(Delegation.valid_to, Delegation.id).limit(MOST_OTHERS)
    found: Sequence[Delegation] = db.session.scalars(_with_people(ordered)).all()
    return found


def standing_in(user: User, day: date) -> Sequence[Delegation]:
    """Rules in force by which somebody stands in for the person, the last to end first."""
    return _in_force(Delegation.principal_id == user.id, user.institution_id, day)


def stood_in_for(user: User, day: date) -> Sequence[Delegation]:
    """Rules in force by which the person stands in for others, the last to end first."""
    return _in_force(Delegation.substitute_id == user.id, user.institution_id, day)


def _in_force(whose: ColumnElement[bool], institution_id: int, day: date) -> Sequence[Delegation]:
    statement = select(Delegation).where(
        whose, Delegation.institution_id == institution_id, Delegation.valid_from <= day, *_lasting(day)
    )
    rows = db.session.scalars(_with_people(statement).order_by(Delegation.valid_to.desc(), Delegation.id)).all()
    return [row for row in rows if row.principal.active and row.substitute.active]


def locked_rule(institution_id: int, delegation_id: int) -> Delegation | None:
    """A rule of the institution as it stands now, locked until the transaction ends."""
    statement = select(Delegation).where(Delegation.institution_id == institution_id, Delegation.id == delegation_id)
    return db.session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def locked_people(institution_id: int, ids: set[int]) -> dict[int, User]:
    """People of the institution as they stand now, locked in one order for all; by id."""
    possible = [user_id for user_id in ids if 0 < user_id < 2**31]
    statement = (
        select(User)
        .where(User.institution_id == institution_id, User.id.in_(possible), User.kind != "system")
        .order_by(User.id)
        # No stronger: notices and events that name the person need not wait.
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {user.id: user for user in db.session.scalars(statement)}


def overlapping(principal_id: int, process_key: str | None, first: date, last: date) -> Delegation | None:
    """A rule of the principal for the same process, or where one of the two is for all, with a day in common."""
    statement = select(Delegation).where(
        Delegation.principal_id == principal_id, _with_days(first, last), Delegation.revoked_at.is_(None)
    )
    if process_key is not None:
        statement = statement.where(or_(Delegation.process_key.is_(None), Delegation.process_key == process_key))
    return db.session.scalar(_with_people(statement).order_by(Delegation.id).limit(1))


def reversed_pair(principal_id: int, substitute_id: int, first: date, last: date) -> Delegation | None:
    """A rule by which the principal stands in for the substitute, with a day in common."""
    own = (Delegation.principal_id == substitute_id, Delegation.substitute_id == principal_id)
    return db.session.scalar(
        select(Delegation).where(*own, _with_days(first, last), Delegation.revoked_at.is_(None)).limit(1)
    )


def _with_days(first: date, last: date) -> ColumnElement[bool]:
    return and_(Delegation.valid_from <= last, Delegation.valid_to >= first)


def administers(user_id: int, first: date, last: date) -> bool:
    """Whether the person holds, on one of the days, a role that administers or audits the system."""
    held = select(RoleGrant.id).where(
        RoleGrant.user_id == user_id,
        RoleGrant.role.in_(ADMINISTRATORS),
        RoleGrant.valid_from <= last,
        or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= first),
    )
    return db.session.scalar(held.limit(1)) is not None


def last_day_of(substitute_id: int, day: date) -> date | None:
    """The last day on which the person stands in for anybody, counting rules that are still to begin."""
    return db.session.scalar(
        select(func.max(Delegation.valid_to)).where(Delegation.substitute_id == substitute_id, *_lasting(day))
    )
