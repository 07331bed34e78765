from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask, g

from tests.cases.built import CaseOnce, case_once
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance

__all__ = ["case_once"]

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
People = Callable[[str], User]


@pytest.fixture(autouse=True)
def fresh_roles(app: Flask) -> None:
    """What one request keeps must not outlive it."""
    for kept in ("held_queues", "substitutions", "conversations"):
        g.pop(kept, None)


@pytest.fixture
def case_id(case_once: CaseOnce) -> int:
    """徐老师 has applied, 何主任 has given the unit's opinion, 孙 and 钱老师 of the lead unit may decide."""
    return case_once("wzpt", "waiting_for_publicity")


def the_case(case_id: int) -> ProcessInstance:
    return db.session.get_one(ProcessInstance, case_id, populate_existing=True)
