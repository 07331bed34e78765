"""Reads about people and units, always within one institution."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import cast
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Date, Select, Table, and_, bindparam, or_, select
from sqlalchemy.orm import joinedload

from webapp.extensions import db, in_transaction, remembered
from webapp.organization.models import CalendarDay, Delegation, Institution, Role, RoleGrant, Unit, User


def local_day(instant: datetime, zone: str = "Asia/Shanghai") -> date:
    """The calendar day of an aware instant in an institution's zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def institution(code: str) -> Institution | None:
    return db.session.scalar(select(Institution).where(Institution.code == code))


def user_by_name(username: str) -> User | None:
    return db.session.scalar(select(User).where(User.username == username, User.active))


def unit_by_code(institution_id: int, code: str) -> Unit | None:
    return db.session.scalar(select(Unit).where(Unit.institution_id == institution_id, Unit.code == code))


def unit_id_of(institution_id: int, code: str) -> int | None:
    """A unit's id. Units are never deleted and keep their code, so each is looked up once per process."""
    known: dict[tuple[int, str], int] = remembered("unit ids")
    if (institution_id, code) not in known:
        found = unit_by_code(institution_id, code)
        if found is None:
            return None
        known[institution_id, code] = found.id
    return known[institution_id, code]


def unit(institution_id: int, unit_id: int) -> Unit | None:
    return db.session.scalar(select(Unit).where(Unit.institution_id == institution_id, Unit.id == unit_id))


def units(institution_id: int, kind: str | None = None) -> Sequence[Unit]:
    """Active units, by code."""
    statement = select(Unit).where(Unit.institution_id == institution_id, Unit.active).order_by(Unit.code)
    return db.session.scalars(statement if kind is None else statement.where(Unit.kind == kind)).all()


def people(institution_id: int, kind: str | None = None, ids: Iterable[int] | None = None) -> Sequence[User]:
    """Active people by name; `kind` staff or student."""
    statement = select(User).where(User.institution_id == institution_id, User.active).order_by(User.name_zh, User.id)
    if kind in ("staff", "student"):
        statement = statement.where(User.kind == kind)
    if ids is not None:
        statement = statement.where(User.id.in_(list(ids)))
    return db.session.scalars(statement).all()


def _valid_on(day: date) -> tuple[ColumnElement[bool], ...]:
    return RoleGrant.valid_from <= day, or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= day)


def grants(user: User, day: date | None = None) -> Sequence[RoleGrant]:
    """Roles the person holds on `day` (default today in the institution's zone)."""
    day = day or local_day(datetime.now(ZoneInfo("UTC")))
    statement = select(RoleGrant).where(RoleGrant.user_id == user.id).where(*_valid_on(day))
    return db.session.scalars(statement).all()


def queues(user: User, day: date | None = None) -> tuple[str, ...]:
    """The queues ("role:unit id") whose unclaimed seats the person may claim."""
    day = day or local_day(datetime.now(ZoneInfo("UTC")))
    rows = db.session.execute(_grants_of(), {"user": user.id, "day": day}).all()
    return tuple(sorted({queue_name(row.role, row.unit_id) for row in rows}))


def user_with_queues(user_id: int, day: date | None = None) -> tuple[User | None, tuple[str, ...]]:
    """A person read anew and the queues held on `day`: one statement; outside a transaction the institution too."""
    day = day or local_day(datetime.now(ZoneInfo("UTC")))
    statement = _user_with_grants(institution=not in_transaction())
    rows = db.session.execute(statement, {"user": user_id, "day": day}).all()
    held = {queue_name(row.role, row.unit_id) for row in rows if row.role is not None}
    return (rows[0][0] if rows else None), tuple(sorted(held))


# What every request asks is composed once; composing costs as much as running it.


_grant, _user, _day = (cast(Table, model.__table__).c for model in (RoleGrant, User, CalendarDay))


def _valid_then() -> tuple[ColumnElement[bool], ...]:
    day = bindparam("day", type_=Date)
    return _grant.valid_from <= day, or_(_grant.valid_to.is_(None), _grant.valid_to >= day)


@cache
def _grants_of() -> Select[str, int]:
    return select(_grant.role, _grant.unit_id).where(_grant.user_id == bindparam("user"), *_valid_then())


@cache
def _user_with_grants(institution: bool) -> Select[User, str, int]:
    held = and_(RoleGrant.user_id == User.id, *_valid_then())
    statement = select(User, RoleGrant.role, RoleGrant.unit_id).outerjoin(RoleGrant, held)
    found = statement.where(User.id == bindparam("user")).execution_options(populate_existing=True)
    return found.options(joinedload(User.institution)) if institution else found


@cache
def _holder_of() -> Select[int]:
    return (
        select(_grant.user_id)
        .where(_user.id == _grant.user_id, _user.institution_id == bindparam("institution"), _user.active)
        .where(_grant.role == bindparam("role"), _grant.unit_id == bindparam("unit"), *_valid_then())
        .where(_user.id != bindparam("apart_from"))
        .limit(1)
    )


@cache
def _days_of() -> Select[date, bool, str]:
    return select(_day.day, _day.workday, _day.note).where(_day.institution_id == bindparam("institution"))


def queue_name(role: str, unit_id: int) -> str:
    return f"{role}:{unit_id}"


def holders(institution_id: int, role: str, unit_id: int, day: date | None = None) -> Sequence[User]:
    """Active people who hold `role` in `unit_id` on `day`."""
    day = day or local_day(datetime.now(ZoneInfo("UTC")))
    statement = (
        select(User)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.institution_id == institution_id, User.active, RoleGrant.role == role, RoleGrant.unit_id == unit_id)
        .where(*_valid_on(day))
        .order_by(User.id)
    )
    return db.session.scalars(statement).unique().all()


@dataclass(frozen=True)
class Substitution:
    """One person stood in for: in one process, or in all when `process_key` is None. `queues` are the principal's."""

    principal_id: int
    process_key: str | None
    queues: tuple[str, ...]


def substitutions_of(user: User, day: date) -> tuple[Substitution, ...]:
    """Whom the person stands in for on `day`: the rules in force whose principal is active."""
    statement = (
        select(Delegation.principal_id, Delegation.process_key)
        .join(User, User.id == Delegation.principal_id)
        .where(
            Delegation.institution_id == user.institution_id,
            Delegation.substitute_id == user.id,
            Delegation.valid_from <= day,
            Delegation.valid_to >= day,
            Delegation.revoked_at.is_(None),
            User.active,
        )
        .distinct()
        .order_by(Delegation.principal_id, Delegation.process_key)
    )
    rules = db.session.execute(statement).all()
    held: dict[int, set[str]] = {row.principal_id: set() for row in rules}
    if held:
        grants = select(RoleGrant.user_id, RoleGrant.role, RoleGrant.unit_id)
        for row in db.session.execute(grants.where(RoleGrant.user_id.in_(held), *_valid_on(day))):
            held[row.user_id].add(queue_name(row.role, row.unit_id))
    return tuple(
        Substitution(row.principal_id, row.process_key, tuple(sorted(held[row.principal_id]))) for row in rules
    )


def is_held(institution_id: int, role: str, unit_id: int, day: date, *, apart_from: int | None = None) -> bool:
    """Whether an active person other than `apart_from` holds `role` in `unit_id` on `day`."""
    asked = {"institution": institution_id, "role": role, "unit": unit_id, "day": day, "apart_from": apart_from or 0}
    return db.session.scalar(_holder_of(), asked) is not None


def role(institution_id: int, key: str) -> Role | None:
    return db.session.scalar(select(Role).where(Role.institution_id == institution_id, Role.key == key))


def roles(institution_id: int) -> dict[str, Role]:
    return {row.key: row for row in db.session.scalars(select(Role).where(Role.institution_id == institution_id))}


def calendar_days(institution_id: int) -> dict[date, tuple[bool, str]]:
    """Days set by hand: day -> (working day, note)."""
    rows = db.session.execute(_days_of(), {"institution": institution_id})
    return {row.day: (row.workday, row.note) for row in rows}


def demo_people() -> Sequence[User]:
    """People of the demo data, for the login page of the demo."""
    return db.session.scalars(select(User).where(User.demo, User.active).order_by(User.institution_id, User.id)).all()
