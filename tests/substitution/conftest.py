"""A school where 张老师 and others may stand in for one another, and the day the tests are on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from webapp.organization.models import Delegation, User
from webapp.organization.queries import user_by_name
from webapp.substitution import commands

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


def on(days: int) -> date:
    """The day so many days from today."""
    return TODAY + timedelta(days=days)


@pytest.fixture
def appoint(app: Flask, person: Callable[[str], User]) -> Callable[..., Delegation]:
    """`appoint("wzpt.li", "wzpt.zhang", 0, 7)`: 李主任 lets 张老师 act from today for a week."""

    def made(principal: str, substitute: str, first: int = 0, last: int = 7, process: str | None = None) -> Delegation:
        user, other = person(principal), user_by_name(substitute)
        assert other is not None
        return commands.appoint(user, other.id, process, on(first), on(last), "出差", now=NOW)

    return made
