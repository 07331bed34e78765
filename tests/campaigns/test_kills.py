"""Killed in the middle of opening, again and again: when it is through, no target is missing and none is doubled."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.campaigns.killed import OpeningOrders, open_until_killed
from tests.campaigns.school import School, at, build_school, work
from tests.support.postgres import until_dead_connections_are_gone
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.extensions import db
from webapp.ledger import Event, verify
from webapp.workflow.models import ProcessInstance, Seat

# Two whole batches and a part of one.
TOTAL = 110
# How far the process gets before each kill, in statements; between them they fall into every part of a batch. On
# PostgreSQL rows of one kind go in one statement.
STEPS = {"sqlite": (3, 40, 90, 301, 150, 7, 222), "postgresql": (3, 9, 20, 31, 15, 7, 24)}
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.campaigns.killed", "tests.faults.warm"])


def opened_once(app: Flask, var: Path, failpoint: int, *, commits_only: bool = False) -> bool:
    """One life of the opening process; whether it got through."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    db.session.remove()
    db.engine.dispose()
    ours, theirs = _context.Pipe(duplex=False)
    orders = OpeningOrders(url, str(var), at(2026, 6, 1), failpoint, commits_only)
    process = _context.Process(target=open_until_killed, args=(orders, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        through = bool(ours.recv() == "through")
    except EOFError:
        through = False
    process.join()
    until_dead_connections_are_gone()
    assert through or process.exitcode == -9, process.exitcode
    return through


def counted(school: School) -> dict[str, int]:
    """How many items, distinct targets, cases and open seats there are."""
    items = select(CampaignItem).join(Campaign).where(Campaign.key == "yearly", CampaignItem.kind == "case").subquery()
    cases = select(func.count()).select_from(ProcessInstance)
    seats = select(func.count()).select_from(Seat)
    found = {
        "items": db.session.scalar(select(func.count()).select_from(items)),
        "targets": db.session.scalar(select(func.count(func.distinct(items.c.target)))),
        "of items": db.session.scalar(select(func.count(func.distinct(items.c.instance_id)))),
        "cases": db.session.scalar(cases.where(ProcessInstance.institution_id == school.institution)),
        "seats": db.session.scalar(seats.where(Seat.institution_id == school.institution, Seat.state == "open")),
    }
    db.session.rollback()
    return {name: count or 0 for name, count in found.items()}


def planned() -> School:
    """The review is planned and all its accounts are registered."""
    school = build_school()
    for number in range(TOTAL):
        school.register("sj", f"账号{number:03d}", "zhang")
    work(at(2026, 5, 20))
    return school


@pytest.mark.parametrize("commits_only", [False, True], ids=["at any statement", "around commits"])
def test_a_killed_opening_goes_on_without_missing_or_doubling_one(
    app: Flask, kept: Callable[[Callable[[], School]], School], tmp_path: Path, commits_only: bool
) -> None:
    school = kept(planned)
    kills, rounds = 0, 0
    steps = STEPS[db.engine.dialect.name]
    while rounds < len(steps) * 3:
        failpoint = (3 + rounds % 5) if commits_only else steps[rounds % len(steps)]
        rounds += 1
        if opened_once(app, tmp_path, failpoint, commits_only=commits_only):
            break
        kills += 1
        found = counted(school)
        assert len(set(found.values())) == 1, f"after {kills} kills: {found}"
    if not opened_once(app, tmp_path, 0):
        pytest.fail("the last life did not get through")
    assert kills >= 3
    assert set(counted(school).values()) == {TOTAL}
    opened = school.campaign("yearly", "2026")
    assert (opened.state, opened.scanned) == ("open", True)
    events = Counter(db.session.scalars(select(Event.action).where(Event.institution_id == school.institution)))
    assert events["workflow:case:opened"] == TOTAL
    assert (events["campaigns:campaign:opened"], events["campaigns:campaign:ready"]) == (1, 1)
    assert verify(db.session(), school.institution).problems == []
    if os.environ.get("BEIAN_FAULT_ROUNDS"):
        print(f"{db.engine.dialect.name}: {kills} kills, {TOTAL} cases, none missing, none doubled")
