"""What expressions see of a campaign: `case.campaign` in diagrams and forms, `campaign` in the pack's own entry."""

from __future__ import annotations

from typing import Any

from webapp.campaigns.models import Campaign


def campaign_facts(campaign: Campaign) -> dict[str, Any]:
    """`{key, period, opens_on, last_day, windows{key{first,last}}}`, days as ISO text."""
    return {
        "key": campaign.key,
        "period": campaign.period,
        "opens_on": campaign.opens_on.isoformat(),
        "last_day": campaign.last_day.isoformat(),
        "windows": {row["key"]: {"first": row["first"], "last": row["last"]} for row in campaign.windows},
    }
