"""The inbox with a million open tasks in the table, a thousand of them mine, against a thousand in all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial

from flask import Flask
from flask.testing import FlaskClient

from bench.crowd import fill
from bench.databases import Bench, opened
from bench.measure import Act, Figure, alternate, compared
from bench.posts import NotAccepted, logged_in
from bench.workload import journey, place_of, started, user
from tests.support.postgres import Postgres
from webapp.inbox import queries
from webapp.inbox.queues import Filter

BAR = 1.2
MINE = 1000


def measure(kind: str, postgres: Postgres | None, total: int, repeats: int) -> tuple[Bench, list[Figure]]:
    """The query and the whole page, in two databases that differ in nothing but other people's tasks."""
    with ExitStack() as stack:
        crowded, quiet = (stack.enter_context(opened(kind, postgres)) for _ in range(2))
        reader = _prepare(crowded.app, total)
        assert reader == _prepare(quiet.app, MINE)
        clients = [logged_in(bench.app, reader)[0] for bench in (crowded, quiet)]
        details = {"open_tasks": [total, MINE], "mine": MINE}
        figures = []
        for name, sides in (
            ("inbox query", [partial(_query, bench.app, reader) for bench in (crowded, quiet)]),
            ("inbox page", [partial(_page, client, "/inbox") for client in clients]),
            ("home page", [partial(_page, client, "/") for client in clients]),
        ):
            ratio, timings = compared(*alternate([(sides[0], sides[1])] * repeats))
            figures.append(Figure(f"{name}, {total} open tasks", kind, ratio, BAR, details={**details, **timings}))
        return crowded, figures


def _prepare(app: Flask, total: int) -> int:
    """Fill the application's database; returns the id of the person whose inbox it is."""
    with app.app_context():
        made = journey("bench")
    (case,) = started(app, made, 1)
    with app.app_context():
        fill(place_of(case).seat_id, total, MINE)
    return made.approvals[0].user_id


@contextmanager
def _query(app: Flask, reader: int) -> Iterator[Act]:
    with app.app_context():
        person = user(reader)

        def act() -> None:
            assert len(queries.open_seats(person, Filter(), None, datetime.now(UTC)).rows) == 20

        yield act


@contextmanager
def _page(client: FlaskClient, path: str) -> Iterator[Act]:
    def act() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise NotAccepted(f"{path}: {answer.status}")

    yield act
