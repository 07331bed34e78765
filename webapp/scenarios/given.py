"""What stands in the register before a scenario begins."""

from __future__ import annotations

from datetime import datetime

from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing
from webapp.scenarios.documents import GivenAccount
from webapp.scenarios.errors import ScenarioFailed


def register_given(institution_id: int, given: GivenAccount, now: datetime) -> None:
    """Enter an account that was registered before the product was there."""
    unit = unit_by_code(institution_id, given.unit)
    if unit is None:
        raise ScenarioFailed(f"no unit {given.unit}")
    enter_existing(
        institution_id,
        unit.id,
        given.model_dump(include={"platform", "name", "platform_account_id", "purpose"}),
        now=now,
    )
