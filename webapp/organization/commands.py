"""Writing institutions, units, people and roles."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select

from webapp.errors import NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.duties import conflicting
from webapp.organization.models import CalendarDay, Institution, Role, RoleGrant, Unit, User
from webapp.organization.queries import local_day

# The system person of an institution, by the last part of its name; inactive for ever.
PUBLIC = "public"


@transactional
def sync_institution(code: str, name_zh: str, name_en: str, time_zone: str) -> Institution:
    """Create or rename an institution."""
    row = db.session.scalar(select(Institution).where(Institution.code == code))
    if row is None:
        row = Institution(code=code, name_zh=name_zh)
        db.session.add(row)
    row.name_zh, row.name_en, row.time_zone = name_zh, name_en, time_zone
    db.session.flush()
    return row


@transactional
def sync_units(institution_id: int, entries: list[dict[str, Any]]) -> None:
    """Create or rename units: entries {code, name_zh, name_en, kind, parent code}. None is ever deleted."""
    statement = select(Unit).where(Unit.institution_id == institution_id)
    rows = {row.code: row for row in db.session.scalars(statement)}
    for entry in entries:
        row = rows.get(entry["code"])
        if row is None:
            row = rows[entry["code"]] = Unit(institution_id=institution_id, code=entry["code"])
            db.session.add(row)
        row.name_zh, row.name_en, row.kind = entry["name_zh"], entry.get("name_en") or "", entry["kind"]
        row.parent = rows.get(entry.get("parent") or "")
    db.session.flush()


@transactional
def sync_roles(institution_id: int, entries: list[dict[str, Any]]) -> None:
    """Bring the declared roles to what the pack says; a role no longer declared keeps its row and its grants."""
    statement = select(Role).where(Role.institution_id == institution_id)
    rows = {row.key: row for row in db.session.scalars(statement)}
    for entry in entries:
        row = rows.get(entry["key"])
        if row is None:
            row = Role(institution_id=institution_id, key=entry["key"])
            db.session.add(row)
        row.name_zh, row.name_en, row.found = entry["name_zh"], entry.get("name_en") or "", entry["found"]
        row.unit_kind, row.unit_code = entry.get("unit_kind"), entry.get("unit")
        row.articles = (entry.get("article") or "").split()
    db.session.flush()


@transactional
def add_person(institution_id: int, username: str, *, unit_id: int | None, password_hash: str, **fields: Any) -> User:
    """Create a person who can log in. `fields`: name_zh, name_en, kind, permanent, email, demo, active."""
    user = User(
        institution_id=institution_id, username=username, unit_id=unit_id, password_hash=password_hash, **fields
    )
    db.session.add(user)
    db.session.flush()
    record(
        db.session(),
        institution_id=institution_id,
        action="organization:person:added",
        actor_id=None,
        actor_label="system",
        object_type="user",
        object_id=user.id,
        kept={"kind": user.kind, "permanent": user.permanent, "unit_id": unit_id},
        erasable={"username": username, "name": user.name_zh},
    )
    return user


@transactional
def public_person(institution_id: int) -> User:
    """社会公众: in whose name the public's reports stand. Nobody can log in as it, pick it or write to it."""
    institution = db.session.get_one(Institution, institution_id)
    username = f"{institution.code}.{PUBLIC}"
    found = db.session.scalar(select(User).where(User.institution_id == institution_id, User.username == username))
    if found is not None:
        return found
    named = {"name_zh": "社会公众", "name_en": "The public", "kind": "system", "permanent": False, "active": False}
    return add_person(institution_id, username, unit_id=None, password_hash="", **named)


@transactional
def grant_role(
    institution_id: int, user_id: int, role: str, unit_id: int, *, actor: User | None, valid_from: date | None = None
) -> RoleGrant:
    """Grant a role in a unit from a day on (default: long ago).

    Raises Refused when the person holds a role, then or later, that this one is kept apart from.
    """
    since = valid_from or date(2000, 1, 1)
    lasting = or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= since)
    held = db.session.scalars(
        select(RoleGrant.role).where(RoleGrant.user_id == user_id, lasting).order_by(RoleGrant.id)
    )
    if other := conflicting(held, role):
        raise Refused(_("角色“%(role)s”与该人员已有的角色“%(other)s”须由不同的人担任。", role=role, other=other))
    grant = RoleGrant(institution_id=institution_id, user_id=user_id, role=role, unit_id=unit_id, valid_from=since)
    db.session.add(grant)
    db.session.flush()
    record(
        db.session(),
        institution_id=institution_id,
        action="organization:role:granted",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="user",
        object_id=user_id,
        kept={"role": role, "unit_id": unit_id},
        erasable={},
    )
    return grant


@transactional
def end_grant(actor: User, grant_id: int, *, now: datetime) -> RoleGrant:
    """A role is held from today on no more; one that has ended stays as it is. Raises NotFound."""
    own = (RoleGrant.institution_id == actor.institution_id, RoleGrant.id == grant_id)
    grant = db.session.scalar(select(RoleGrant).where(*own).with_for_update(key_share=True))
    if grant is None:
        raise NotFound(_("没有这项角色。"))
    # Both days count, so that the last one is yesterday; what has not begun never does.
    last = min(local_day(now, actor.institution.time_zone), grant.valid_from) - timedelta(days=1)
    if grant.valid_to is not None and grant.valid_to <= last:
        return grant
    grant.valid_to = last
    kept = {"role": grant.role, "unit_id": grant.unit_id, "valid_to": last.isoformat()}
    _person_event("organization:role:ended", actor, grant.user_id, kept, now)
    return grant


@transactional
def deactivate(actor: User, user_id: int, *, now: datetime) -> User:
    """A person can log in no more, and is logged out everywhere; repeating it changes nothing. Raises NotFound."""
    own = (User.institution_id == actor.institution_id, User.id == user_id)
    user = db.session.scalar(select(User).where(*own).with_for_update(key_share=True))
    if user is None:
        raise NotFound(_("没有这个人。"))
    if user.active:
        user.active, user.session_epoch = False, user.session_epoch + 1
        _person_event("organization:person:deactivated", actor, user.id, {}, now)
    return user


def _person_event(action: str, actor: User, user_id: int, kept: dict[str, Any], now: datetime) -> None:
    record(
        db.session(),
        institution_id=actor.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="user",
        object_id=user_id,
        kept=kept,
        erasable={},
        at=now,
    )


@transactional
def set_day(actor: User, day: date, workday: bool, note: str) -> CalendarDay:
    """Set one day of the working calendar by hand."""
    row = db.session.scalar(
        select(CalendarDay).where(CalendarDay.institution_id == actor.institution_id, CalendarDay.day == day)
    )
    if row is None:
        row = CalendarDay(institution_id=actor.institution_id, day=day)
        db.session.add(row)
    row.workday, row.note = workday, note
    db.session.flush()
    record(
        db.session(),
        institution_id=actor.institution_id,
        action="organization:calendar:set",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="calendar_day",
        object_id=row.id,
        kept={"day": day.isoformat(), "workday": workday, "note": note, "at": datetime.now(UTC).isoformat()},
        erasable={},
    )
    return row
