"""Opening a campaign of ten thousand cases by the background job, against bare inserts of the very same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Table, func, insert, select

from bench.databases import Bench, opened
from bench.measure import Figure
from tests.support.postgres import Postgres
from webapp.campaigns import opening
from webapp.campaigns.commands import Wanted, open_campaign
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.queries import institution, unit_by_code, user_by_name
from webapp.registry.models import Account
from webapp.workflow.models import ProcessInstance, Seat, UserTask

BAR_SECONDS = {"sqlite": 30.0, "postgresql": 60.0}
BAR_RATIO = 10.0
PEOPLE = 400  # who answer for the accounts
NOW = datetime(2026, 6, 1, 1, 0, tzinfo=UTC)
_CHUNK = 50


class NotOpened(AssertionError):
    """The campaign is not what was asked for; its time would mean nothing."""


def measure(kind: str, postgres: Postgres | None, total: int) -> tuple[Bench, list[Figure]]:
    """The job's own time for `total` cases in two figures: seconds, and its ratio to inserting what it wrote."""
    with ExitStack() as stack:
        product, bare = (stack.enter_context(opened(kind, postgres)) for _ in range(2))
        for bench in (product, bare):
            _prepare(bench, total)
        before = _last_ids(product)
        seconds, batches = _open(product, total)
        written = _written(product, before)
        reference = _insert(bare, written, batches)
    rows = {name: len(found) for name, found in written.items()}
    details = {
        "cases": total,
        "transactions": batches,
        "ms_per_case": round(1000 * seconds / total, 3),
        "reference_seconds": round(reference, 3),
        "rows": rows,
    }
    return product, [
        Figure(f"campaign of {total} cases", kind, seconds, BAR_SECONDS[kind], "s", details),
        Figure(f"campaign of {total} cases, against bare inserts", kind, seconds / reference, BAR_RATIO),
    ]


def _prepare(bench: Bench, total: int) -> None:
    """People, accounts that they answer for, and a campaign about to open."""
    with bench.app.app_context():
        _register(total)
        lead = user_by_name("bench.sun")
        assert lead is not None
        open_campaign(lead, "review", Wanted(date(2026, 6, 1), date(2026, 6, 30)), NOW)
        db.session.remove()


@transactional
def _register(total: int) -> None:
    found = institution("bench")
    unit = unit_by_code(found.id, "cl") if found else None
    assert found is not None
    assert unit is not None
    own = {"institution_id": found.id, "unit_id": unit.id}
    people = [{**own, "username": f"bench.p{n}", "name_zh": f"张老师{n}", "email": ""} for n in range(PEOPLE)]
    ids = list(db.session.scalars(insert(User).returning(User.id), people))
    rows = [
        {
            **own,
            "filing_number": f"测备〔2025〕{number:06d}号",
            "platform": "wechat_official",
            "name": f"账号{number}",
            "directly_responsible": [{"id": ids[number % PEOPLE], "name": "张老师"}],
            "purpose": "发布通知",
            "registered_at": NOW - timedelta(days=300),
        }
        for number in range(total)
    ]
    db.session.execute(insert(Account), rows)


def _open(bench: Bench, total: int) -> tuple[float, int]:
    """Let the job work until the campaign is open; seconds and transactions."""
    batches, begun = 0, time.perf_counter()
    with bench.app.app_context():
        while looked_at := opening.open_due(NOW):
            batches += -(-looked_at // _CHUNK)
        seconds = time.perf_counter() - begun
        states = db.session.scalars(select(Campaign.state)).all()
        cases = db.session.scalar(
            select(func.count(func.distinct(CampaignItem.instance_id))).join(
                ProcessInstance, ProcessInstance.id == CampaignItem.instance_id
            )
        )
        tasks = db.session.scalar(select(func.count()).select_from(UserTask).join(Seat).where(Seat.state == "open"))
        if (states, cases, tasks) != (["open"], total, total):
            raise NotOpened(f"{states}, {cases} cases, {tasks} open tasks")
        db.session.remove()
    return seconds, batches


def _tables() -> Iterator[Table]:
    """Those an opening adds rows to, parents first."""
    for table in db.metadata.sorted_tables:
        if {column.name for column in table.primary_key} in ({"id"}, {"institution_id", "seq"}):
            yield table


def _last_ids(bench: Bench) -> dict[str, int]:
    """The highest number of each table before the opening."""
    with bench.app.app_context():
        found = {table.name: db.session.scalar(select(func.max(_number(table)))) or 0 for table in _tables()}
        db.session.remove()
    return found


def _number(table: Table) -> Any:
    return table.c.id if "id" in table.c else table.c.seq


def _written(bench: Bench, before: dict[str, int]) -> dict[str, list[dict[str, Any]]]:
    """The rows that are new, by table."""
    found = {}
    with bench.app.app_context():
        for table in _tables():
            statement = select(table).where(_number(table) > before[table.name]).order_by(_number(table))
            rows = [dict(row) for row in db.session.execute(statement).mappings()]
            if rows:
                found[table.name] = rows
        db.session.remove()
    return found


def _insert(bench: Bench, written: dict[str, list[dict[str, Any]]], batches: int) -> float:
    """Insert the rows into a database of the same state: one executemany a table, as many transactions; seconds."""
    inserts = {table.name: insert(table) for table in _tables()}

    @transactional
    def batch(number: int) -> None:
        for name, rows in written.items():
            size = -(-len(rows) // batches)
            if part := rows[number * size : (number + 1) * size]:
                db.session.execute(inserts[name], part)

    with bench.app.app_context():
        begun = time.perf_counter()
        for number in range(batches):
            batch(number)
        seconds = time.perf_counter() - begun
        db.session.remove()
    return seconds
