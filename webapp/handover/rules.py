"""Policy of hand-overs: who administers the system orders them; who audits it reads them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, false

from webapp.handover.models import Handover
from webapp.organization.models import User
from webapp.organization.policy import has_role, permission, rule, visibility


@permission("handover.order")
def may_order(user: User) -> bool:
    return has_role(user, "system_admin")


@permission("handover.read")
def may_read(user: User) -> bool:
    return has_role(user, "system_admin", "auditor", "audit_admin")


@visibility(Handover)
def visible_handovers(user: User, statement: Select[Any]) -> Select[Any]:
    return statement if may_read(user) else statement.where(false())


@rule("view", Handover)
def may_view(user: User, handover: Handover) -> bool:
    return may_read(user)
