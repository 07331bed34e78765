"""One step in process against the same SQL writes through the ORM without an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from flask import Flask

from bench import reference, rows
from bench.databases import Bench
from bench.measure import Act, Figure, Side, alternate, compared
from bench.statements import Captured, captured
from bench.workload import Approval, Journey, journey, place_of, started, user
from webapp.extensions import db
from webapp.workflow import commands

BARS = {"sqlite": 2.2, "postgresql": 1.8}


class WritesDiffer(AssertionError):
    """The reference does not write what the product writes; the comparison would mean nothing."""


def measure(bench: Bench, code: str, pairs: int) -> list[Figure]:
    """Every approval of a journey, on `pairs` cases by the product and as many by the reference."""
    with bench.app.app_context():
        made = journey(code)
    cases = started(bench.app, made, 2 * pairs + 3)
    return [_step(bench, made, approval, cases, pairs) for approval in made.approvals]


def _step(bench: Bench, made: Journey, approval: Approval, cases: list[int], pairs: int) -> Figure:
    model, witness, shadow, *rest = cases
    app = bench.app
    template = learn(app, approval, model)
    seen = seen_in(partial(product, app, approval, witness))
    with app.app_context():
        snapshot = rows.snapshot()
        plans = {case: rows.plan(template, rows.rows_of_case(snapshot, case), str(case)) for case in (shadow, *rest)}
    again = seen_in(partial(_reference, app, plans[shadow]))
    if seen.written != again.written:
        raise WritesDiffer(f"{approval.element}: {seen.written - again.written}, {again.written - seen.written}")
    sides = [
        (partial(product, app, approval, one), partial(_reference, app, plans[other]))
        for one, other in zip(rest[:pairs], rest[pairs:], strict=True)
    ]
    ratio, details = compared(*alternate(sides))
    details |= {"statements": len(seen.texts), "reference_statements": len(again.texts), "commits": seen.commits}
    details["rows_written"] = sum(seen.written.values())
    return Figure(f"step {made.code} {approval.element}", bench.kind, ratio, BARS[bench.kind], details=details)


@contextmanager
def product(app: Flask, approval: Approval, instance_id: int) -> Iterator[Act]:
    """The product's step on a case. The person is known and the page has been seen before, as in a request."""
    with app.app_context():
        place, person = place_of(instance_id), user(approval.user_id)
        yield lambda: commands.answer(person, place.seat_id, place.version, approval.submission)


@contextmanager
def _reference(app: Flask, plan: rows.Plan) -> Iterator[Act]:
    with app.app_context():
        yield lambda: reference.write(plan)


def learn(app: Flask, approval: Approval, instance_id: int) -> rows.Template:
    """What the step writes, learnt by doing it on one case."""
    with app.app_context():
        before = rows.snapshot()
    with product(app, approval, instance_id) as act:
        act()
    with app.app_context():
        return rows.template(before, rows.snapshot(), instance_id)


def seen_in(side: Side) -> Captured:
    """What SQL the act of a side runs."""
    with side() as act, captured(db.engine) as seen:
        act()
    return seen
