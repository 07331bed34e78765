"""Policy of campaigns: everybody of the institution sees that one runs; items are for those concerned.

The lead office (the roles that manage a campaign) and auditors see every item, others those of their units and those
they file themselves.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.people import reporting_roles
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.packs import Pack
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues, permission, rule, visibility

AUDITORS = ("auditor", "audit_admin")


def pack_of(institution_id: int) -> Pack | None:
    """The pack now in force."""
    deployment = current_deployment(institution_id)
    return bundle(deployment).pack if deployment else None


def entries(institution_id: int) -> tuple[CampaignEntry, ...]:
    """The campaigns of the pack now in force."""
    pack = pack_of(institution_id)
    return pack.campaigns if pack else ()


def managed(user: User) -> list[CampaignEntry]:
    """The campaigns whose opening and closing is this person's."""
    return [entry for entry in entries(user.institution_id) if has_role(user, *entry.manage_roles)]


def own_units(user: User) -> set[int]:
    """The units whose items the person sees: the own one and those a role is held in."""
    held = {int(queue.rsplit(":", 1)[1]) for queue in held_queues(user)}
    return held | ({user.unit_id} if user.unit_id else set())


@visibility(Campaign)
def visible_campaigns(user: User, statement: Select[Any]) -> Select[Any]:
    return statement


@rule("view", Campaign)
def may_view(user: User, campaign: Campaign) -> bool:
    return True


@rule("manage", Campaign)
def may_manage(user: User, campaign: Campaign) -> bool:
    """Holders of one of the roles the pack names for it."""
    return any(entry.key == campaign.key for entry in managed(user))


@visibility(CampaignItem)
def visible_items(user: User, statement: Select[Any]) -> Select[Any]:
    if has_role(user, *AUDITORS):
        return statement
    keys = [entry.key for entry in managed(user)]
    led = select(Campaign.id).where(Campaign.institution_id == user.institution_id, Campaign.key.in_(keys))
    mine = or_(CampaignItem.unit_id.in_(own_units(user)), CampaignItem.applicant_id == user.id)
    return statement.where(or_(mine, CampaignItem.campaign_id.in_(led)) if keys else mine)


@rule("view", CampaignItem)
def may_view_item(user: User, item: CampaignItem) -> bool:
    own = item.unit_id in own_units(user) or item.applicant_id == user.id
    return own or has_role(user, *AUDITORS) or may_manage(user, item.campaign)


@rule("report", CampaignItem)
def may_report(user: User, item: CampaignItem) -> bool:
    """The zero report of a unit: who holds one of its reporting roles there."""
    pack = pack_of(user.institution_id)
    entry = pack.campaign(item.campaign.key) if pack else None
    roles = reporting_roles(pack, entry) if pack and entry else ()
    held = {f"{role}:{item.unit_id}" for role in roles}
    return item.kind == "zero" and bool(held & set(held_queues(user)))


@permission("campaigns.manage")
def may_manage_any(user: User) -> bool:
    return bool(managed(user))


@permission("campaigns.read")
def may_read(user: User) -> bool:
    """Campaigns are announced to everybody of an institution whose pack has, or had, any."""
    if entries(user.institution_id):
        return True
    ever = select(Campaign.id).where(Campaign.institution_id == user.institution_id).limit(1)
    return db.session.scalar(ever) is not None
