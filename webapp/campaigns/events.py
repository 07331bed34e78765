"""Ledger events of campaigns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.campaigns.models import Campaign
from webapp.extensions import db
from webapp.ledger import record
from webapp.organization.models import User


def write(
    what: str, campaign: Campaign, actor: User | None, now: datetime, *, subject: str = "campaign", **kept: Any
) -> None:
    """The event campaigns:`subject`:`what`; without an actor the calendar did it."""
    record(
        db.session(),
        institution_id=campaign.institution_id,
        action=f"campaigns:{subject}:{what}",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "calendar",
        object_type="campaign",
        object_id=campaign.id,
        kept={"key": campaign.key, "period": campaign.period, **kept},
        erasable={},
        at=now,
    )


def days_of(campaign: Campaign) -> dict[str, Any]:
    """The days as an event keeps them."""
    return {"opens_on": campaign.opens_on.isoformat(), "last_day": campaign.last_day.isoformat()}
