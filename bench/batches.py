"""Approving a hundred ticked tasks in one request, against as many single answers: what a row costs more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from flask import Flask

from bench.databases import Bench
from bench.measure import Act, Figure, Side, alternate, compared
from bench.statements import captured
from tests.tasks.bureau import NOW, Bureau, build_bureau, saying
from webapp.extensions import db
from webapp.tasks.batches import MOST_TICKED, approve_each
from webapp.workflow import commands

BAR = 1.3
WHO = "li"
Ticked = list[tuple[int, int]]


class RowsLeftOut(AssertionError):
    """A row was not approved, or not in a transaction of its own; the comparison would mean nothing."""


def measure(bench: Bench, pairs: int) -> list[Figure]:
    """`pairs` batches of a hundred, each against a hundred answers one by one, on cases of their own."""
    with bench.app.app_context():
        bureau = build_bureau()
        db.session.remove()
    _check(bench.app, bureau)
    sides: list[tuple[Side, Side]] = [
        (partial(_batch, bench.app, bureau), partial(_one_by_one, bench.app, bureau)) for _ in range(pairs)
    ]
    ratio, details = compared(*alternate(sides))
    details |= {"rows": MOST_TICKED, "row_ms": round(details["product_ms"] / MOST_TICKED, 3)}
    return [
        Figure(f"a row of a batch of {MOST_TICKED} against a single answer", bench.kind, ratio, BAR, details=details)
    ]


def _filed(bureau: Bureau) -> Ticked:
    return [bureau.seat(bureau.start(), "First") for _ in range(MOST_TICKED)]


@contextmanager
def _batch(app: Flask, bureau: Bureau) -> Iterator[Act]:
    """One request that approves them all."""
    with app.app_context():
        ticked = _filed(bureau)
    with app.app_context():
        user = bureau.user(WHO)
        yield lambda: approve_each(user, ticked, "同意", now=NOW)


@contextmanager
def _one_by_one(app: Flask, bureau: Bureau) -> Iterator[Act]:
    """A request for each, and none of what surrounds one is counted: the person is known when the first begins."""
    with app.app_context():
        ticked = _filed(bureau)
    with app.app_context():
        user = bureau.user(WHO)

        def each() -> None:
            for seat_id, version in ticked:
                commands.answer(user, seat_id, version, saying("approve"), now=NOW)

        yield each


def _check(app: Flask, bureau: Bureau) -> None:
    with _batch(app, bureau) as act, captured(db.engine) as seen:
        rows = act()
    done = sum(row.done for row in rows) if isinstance(rows, list) else 0
    if done != MOST_TICKED or seen.commits != MOST_TICKED:
        raise RowsLeftOut(f"{done} rows approved in {seen.commits} transactions")
