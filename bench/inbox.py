"""The inbox with a million open tasks in the table against a thousand: of one person with a thousand of them, and of
one with a hundred thousand in several queues, whose list is filtered and searched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from flask import Flask
from flask.testing import FlaskClient

from bench import crowd
from bench.crowd import FIRST, Owner, fill
from bench.databases import Bench, opened
from bench.measure import Act, Figure, alternate, compared
from bench.posts import NotAccepted, logged_in
from bench.workload import journey, place_of, started, user
from tests.support.postgres import Postgres
from webapp.extensions import db
from webapp.inbox import queries
from webapp.inbox.queues import Filter
from webapp.organization.commands import grant_role
from webapp.organization.queries import queue_name, unit_by_code
from webapp.workflow.models import Seat

BAR, MANY_BAR = 1.2, 2.0
MINE = 1000
# One in ten of all open tasks is the busy person's.
SHARE = 10


@dataclass(frozen=True)
class World:
    """Who reads, in one filled database: `few` has a thousand tasks, `many` a share of all. `unit` is a small one."""

    few: int
    many: int
    unit: int


def measure(kind: str, postgres: Postgres | None, total: int, repeats: int) -> tuple[Bench, list[Figure]]:
    """Queries and whole pages, in two databases that differ in nothing but how many tasks there are."""
    with ExitStack() as stack:
        crowded, quiet = (stack.enter_context(opened(kind, postgres)) for _ in range(2))
        world = _prepare(crowded.app, total, MINE)
        assert world == _prepare(quiet.app, MINE, MINE)
        return crowded, [
            *_of_few(crowded, quiet, world, total, repeats),
            *_of_many(crowded, quiet, world, total, repeats),
        ]


def _of_few(crowded: Bench, quiet: Bench, world: World, total: int, repeats: int) -> list[Figure]:
    clients = [logged_in(bench.app, world.few)[0] for bench in (crowded, quiet)]
    details = {"open_tasks": [total, MINE], "mine": MINE}
    figures = []
    for name, sides in (
        ("inbox query", [partial(_query, bench.app, world.few) for bench in (crowded, quiet)]),
        ("inbox page", [partial(_page, client, "/inbox") for client in clients]),
        ("home page", [partial(_page, client, "/") for client in clients]),
    ):
        ratio, timings = compared(*alternate([(sides[0], sides[1])] * repeats))
        figures.append(Figure(f"{name}, {total} open tasks", crowded.kind, ratio, BAR, details={**details, **timings}))
    return figures


def _of_many(crowded: Bench, quiet: Bench, world: World, total: int, repeats: int) -> list[Figure]:
    """The first page of the busy person's list, with each filter and with searches of each kind."""
    clients = [logged_in(bench.app, world.many)[0] for bench in (crowded, quiet)]
    mine = [total // SHARE, MINE // SHARE]
    seen = SHARE + 1  # a task of the busy person's in both databases
    searches = {
        "without a filter": "",
        "by process": "process=new_account",
        "by a small unit": f"unit={world.unit}",
        "soon due": "late=soon",
        "by number": f"q=N{FIRST + seen}",
        "for what all are called": "q=新开",
        "for a word of five": f"q={crowd.word(crowd.RARE_WORD, seen)}",
        "for a word of one in a thousand": f"q={crowd.word(crowd.UNCOMMON_WORD, seen)}",
        "for a word of one in a hundred": f"q={crowd.word(crowd.FREQUENT_WORD, seen)}",
        "for a frequent word of others' only": f"q={crowd.word(crowd.OTHERS_WORD, 2)}",
        "for what is nowhere": "q=没有这样的",
        "by process, unit and word": f"process=new_account&unit={world.unit}&q=新开",
    }
    figures = []
    for name, query in searches.items():
        sides = [partial(_page, client, f"/inbox?{query}") for client in clients]
        ratio, timings = compared(*alternate([(sides[0], sides[1])] * repeats))
        details = {"open_tasks": [total, MINE], "mine": mine, **timings}
        title = f"inbox {name}, {mine[0]} of {total} mine"
        figures.append(Figure(title, crowded.kind, ratio, MANY_BAR, details=details))
    return figures


def _prepare(app: Flask, total: int, mine: int) -> World:
    """Fill the application's database, with `total` tasks of which `mine` are the first reader's."""
    with app.app_context():
        made = journey("bench")
        few, many = made.approvals[0].user_id, made.approvals[1].user_id
        other, more = unit_by_code(made.institution_id, "xcb"), unit_by_code(made.institution_id, "cl")
        assert other is not None
        assert more is not None
        queues = [queue_name("publicity_reviewer", unit.id) for unit in (other, more)]
        queues.append(queue_name("unit_head", other.id))
        grant_role(made.institution_id, many, "publicity_reviewer", more.id, actor=None)
        grant_role(made.institution_id, many, "unit_head", other.id, actor=None)
        world = World(few, many, other.id)
    (case,) = started(app, made, 1)
    with app.app_context():
        seat_id = place_of(case).seat_id
        queue = db.session.get_one(Seat, seat_id).queue or ""
        db.session.rollback()
        busy = Owner(SHARE, 1, queues, holder_id=many)
        # The busy person's share never meets the other's: their numbers end in different digits.
        if total > mine:
            fill(seat_id, total, [Owner(total // mine, 0, [queue]), busy], other_unit=world.unit)
        else:
            fill(seat_id, total, [busy], other_unit=world.unit)
            fill(seat_id, mine, [Owner(1, 0, [queue])], other_unit=world.unit, first=2 * FIRST)
    return world


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
