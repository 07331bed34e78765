"""Policy of substitution: who sees a rule, who ends it, and who appoints for somebody else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_

from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import Delegation, User
from webapp.organization.policy import has_role, rule, visibility


@visibility(Delegation)
def visible_rules(user: User, statement: Select[Any]) -> Select[Any]:
    """Rules of which the person is a party; who administers the system and who audits it see all."""
    if has_role(user, "system_admin", "auditor", "audit_admin"):
        return statement
    return statement.where(or_(Delegation.principal_id == user.id, Delegation.substitute_id == user.id))


@rule("revoke", Delegation)
def may_revoke(user: User, found: Delegation) -> bool:
    """The principal, the substitute, or who administers the system."""
    return user.id in (found.principal_id, found.substitute_id) or has_role(user, "system_admin")


def may_appoint_for_others(user: User) -> bool:
    """Who administers the system may, for people who cannot do it themselves."""
    return has_role(user, "system_admin")


def may_appoint(user: User) -> bool:
    """Everybody who may decide: who administers or audits the system has nothing to be stood in for."""
    return not has_role(user, *ADMINISTRATORS)
