"""Policy of the coverage page: who keeps the process, who audits it, and the office that leads."""

from __future__ import annotations

from webapp.definitions.queries import bundle, current_deployment
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues, permission
from webapp.organization.queries import unit_id_of

READERS = ("process_owner", "auditor", "audit_admin")


@permission("coverage.read")
def may_read(user: User) -> bool:
    """Process owners, auditors, and whoever holds a role in the lead office."""
    held = held_queues(user)
    if has_role(user, *READERS):
        return True
    deployment = current_deployment(user.institution_id) if held else None
    if deployment is None:
        return False
    lead = unit_id_of(user.institution_id, bundle(deployment).pack.lead_unit)
    return any(queue.rsplit(":", 1)[1] == str(lead) for queue in held)
