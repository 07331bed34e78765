from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from tests.tasks.bureau import NOW, Bureau, build_bureau
from webapp.cases.durations import Durations
from webapp.cases.moments import Moments
from webapp.extensions import db, transactional
from webapp.workflow.models import UserTask


@pytest.fixture
def bureau(kept: Callable[[Callable[[], Bureau]], Bureau]) -> Bureau:
    return kept(build_bureau)


@transactional
def took(bureau: Bureau, case_id: int, element: str, opened_at: datetime, closed_at: datetime) -> None:
    more: dict[str, Any] = {"element": element, "state": "completed", "round": 1, "token": f"{element}{opened_at}"[:40]}
    moments = {"opened_at": opened_at, "closed_at": closed_at}
    db.session.add(UserTask(institution_id=bureau.institution, instance_id=case_id, **more, **moments))


def moments(bureau: Bureau) -> Moments:
    return Moments(bureau.institution, ZoneInfo("Asia/Shanghai"), "zh", NOW)


def usual(bureau: Bureau, element: str, process: str = "line") -> str:
    found = Durations(process, moments(bureau)).words(element)
    db.session.rollback()
    return found


def test_the_median_counts_working_days_and_needs_five(bureau: Bureau) -> None:
    case_id = bureau.start()
    friday = datetime(2026, 3, 6, 1, 0, tzinfo=UTC)
    for days in (3, 3, 5, 0):
        took(bureau, case_id, "First", friday, friday + timedelta(days=days))
    assert usual(bureau, "First") == ""
    took(bureau, case_id, "First", friday, friday + timedelta(days=300))
    assert usual(bureau, "First") == "通常 1 个工作日", "over the weekend"
    assert usual(bureau, "First", "panel") == "", "another process's step of that name"
    for _ in range(5):
        took(bureau, case_id, "Second", NOW, NOW + timedelta(hours=2))
    assert usual(bureau, "Second") == "通常当天"


def test_one_statement_tells_all_steps(bureau: Bureau) -> None:
    case_id = bureau.start()
    for element in ("First", "Second", "Carry"):
        took(bureau, case_id, element, NOW, NOW + timedelta(days=1))
    asked: list[str] = []
    durations = Durations("line", moments(bureau))

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        for element in ("First", "Second", "Carry"):
            durations.words(element)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len([text for text in asked if "user_task" in text]) == 1
