"""Policy of the organization's own pages."""

from __future__ import annotations

from webapp.organization.models import User
from webapp.organization.policy import has_role, permission


@permission("calendar.edit")
def calendar_edit(user: User) -> bool:
    """Setting a working day by hand moves deadlines: the system administrator's."""
    return has_role(user, "system_admin")
