"""Policy of bulletins: everybody of the institution may read them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select

from webapp.bulletins.models import Bulletin
from webapp.organization.models import User
from webapp.organization.policy import rule, visibility


@visibility(Bulletin)
def visible_bulletins(user: User, statement: Select[Any]) -> Select[Any]:
    """Every bulletin of the person's institution."""
    return statement


@rule("view", Bulletin)
def may_view(user: User, bulletin: Bulletin) -> bool:
    return True
