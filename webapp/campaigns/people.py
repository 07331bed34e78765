"""Whom a campaign concerns: who files for a target, who leads, who reports for a unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from sqlalchemy import or_, select

from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.packs import Pack
from webapp.extensions import db
from webapp.organization.models import RoleGrant, Unit, User
from webapp.organization.queries import unit_id_of


def holders_of(
    institution_id: int, roles: Iterable[str], day: date, unit_ids: Iterable[int] | None = None
) -> dict[int, list[User]]:
    """Active people holding one of `roles` on `day`, by unit; only in `unit_ids` when given."""
    statement = (
        select(RoleGrant.unit_id, User)
        .join(User, User.id == RoleGrant.user_id)
        .where(RoleGrant.institution_id == institution_id, RoleGrant.role.in_(list(roles)), User.active)
        .where(RoleGrant.valid_from <= day, or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= day))
        .order_by(RoleGrant.unit_id, User.id)
    )
    if unit_ids is not None:
        statement = statement.where(RoleGrant.unit_id.in_(list(unit_ids)))
    found: dict[int, list[User]] = {}
    for unit_id, user in db.session.execute(statement):
        if user not in found.setdefault(unit_id, []):
            found[unit_id].append(user)
    return found


def reporting_roles(pack: Pack, entry: CampaignEntry) -> tuple[str, ...]:
    """The roles that file a unit's zero report: those named, else all that are held in units of their own."""
    return entry.zero_report_roles or tuple(role.key for role in pack.roles if role.found != "unit")


def place_of(pack: Pack, role: str, unit: Unit) -> int | None:
    """The unit in which a role is found for `unit`: itself, its nearest ancestor of a kind, or a named one."""
    entry = pack.role(role)
    if entry is None or entry.found == "case_unit":
        return unit.id
    if entry.found == "unit":
        return unit_id_of(unit.institution_id, entry.unit or "")
    above: Unit | None = unit
    while above is not None and above.kind != entry.unit_kind:
        above = above.parent
    return above.id if above else None


def leads(institution_id: int, roles: Iterable[str], day: date) -> Sequence[User]:
    """Everybody holding one of the roles that manage a campaign, each once."""
    found: Mapping[int, list[User]] = holders_of(institution_id, roles, day)
    return list({user.id: user for people in found.values() for user in people}.values())
