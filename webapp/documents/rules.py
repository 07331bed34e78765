"""Policy of the register as a spreadsheet: whoever may see the register may take it along; only the lead office fills
it."""

from __future__ import annotations

from webapp.definitions.queries import bundle, current_deployment
from webapp.organization.models import User
from webapp.organization.policy import held_queues, permission
from webapp.organization.queries import units


@permission("register.import")
def may_import(user: User) -> bool:
    """Holders of a role that the pack finds in the lead office."""
    held = held_queues(user)
    deployment = current_deployment(user.institution_id) if held else None
    if deployment is None:
        return False
    pack = bundle(deployment).pack
    lead = next((unit.id for unit in units(user.institution_id) if unit.code == pack.lead_unit), None)
    roles = {role.key for role in pack.roles if role.found == "unit" and role.unit == pack.lead_unit}
    return any(queue == f"{role}:{lead}" for queue in held for role in roles)
