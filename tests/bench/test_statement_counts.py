"""How many SQL statements a step costs, the ledger included: an executemany counts once, BEGIN and COMMIT not."""

from __future__ import annotations

from functools import partial

import pytest
from flask import Flask

from bench.databases import add_pack
from bench.statements import captured
from bench.steps import product, seen_in
from bench.workload import Journey, journey, started
from webapp.extensions import db, transactional
from webapp.registry.models import NumberSeries

APPROVAL, REGISTERING = 20, 28


@pytest.fixture
def w(app: Flask) -> Journey:
    add_pack("bench")
    return journey("bench")


@pytest.fixture
def wzpt(app: Flask) -> Journey:
    return journey("wzpt")


@pytest.mark.parametrize("code", ["w", "wzpt"])
def test_an_approval_costs_at_most_twenty_statements_and_one_commit(
    app: Flask, code: str, request: pytest.FixtureRequest
) -> None:
    made: Journey = request.getfixturevalue(code)
    (case,) = started(app, made, 1)
    seen = seen_in(partial(product, app, made.approvals[0], case))
    assert len(seen.texts) <= APPROVAL, "\n".join(seen.texts)
    assert seen.commits == 1
    assert seen.written["insert", "event"] == 2
    assert seen.written["update", "ledger_head"] == 1


@pytest.mark.parametrize("code", ["w", "wzpt"])
def test_the_step_that_registers_costs_at_most_twenty_eight_statements_and_one_commit(
    app: Flask, code: str, request: pytest.FixtureRequest
) -> None:
    made: Journey = request.getfixturevalue(code)
    (case,) = started(app, made, 1)
    *before, registering = made.approvals
    for approval in before:
        with product(app, approval, case) as act:
            act()
    seen = seen_in(partial(product, app, registering, case))
    assert len(seen.texts) <= REGISTERING, "\n".join(seen.texts)
    assert seen.commits == 1
    assert seen.written["insert", "account"] == 1
    assert seen.written["update", "ledger_head"] == 1


def test_no_row_is_written_twice_in_a_step(app: Flask, w: Journey) -> None:
    (case,) = started(app, w, 1)
    for approval in w.approvals:
        seen = seen_in(partial(product, app, approval, case))
        for table in ("process_instance", "user_task", "seat", "timer", "filing"):
            assert seen.written["update", table] <= 1, table


def test_an_executemany_counts_once_and_its_rows_are_all_seen(app: Flask) -> None:
    rows = [{"institution_id": 1, "key": f"counted{n}", "year": 2026, "last": 1} for n in range(3)]

    @transactional
    def write() -> None:
        db.session.execute(db.insert(NumberSeries), rows)

    with captured(db.engine) as seen:
        write()
    assert len(seen.texts) == 1
    assert seen.written == {("insert", "number_series"): 3}
    assert seen.commits == 1
