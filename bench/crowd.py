"""Filling a database with open tasks: copies of one real case, made by the database itself in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text

from webapp.extensions import db
from webapp.inbox.models import CaseTerm
from webapp.workflow.models import ProcessInstance, Seat, UserTask

FIRST = 1_000_000  # ids of the copies begin here
OTHERS = 1000  # queues the other open tasks are spread over
_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :total)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(0, :total - 1))",
}
# Deadlines a second apart over a day and more, so that every page has an order to keep.
_URGENCY = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', '2027-01-01', '+' || (i % 100003) || ' seconds')",
    "postgresql": "timestamptz '2027-01-01 00:00+00' + (i % 100003) * interval '1 second'",
}
# Words of the copies' titles, by what a search for one of them finds.
RARE_WORD, UNCOMMON_WORD, FREQUENT_WORD, OTHERS_WORD = "rare", "uncommon", "frequent", "others"
_WORDS = {
    RARE_WORD: "'r' || (100000 + i / 5)",  # of five cases
    UNCOMMON_WORD: "'u' || (1000 + i / 7 % 1000)",  # of one in a thousand
    FREQUENT_WORD: "'f' || (100 + i / 11 % 100)",  # of one in a hundred
    OTHERS_WORD: "'o' || (i % 10)",  # of one in ten, all of them other people's
}


@dataclass(frozen=True)
class Owner:
    """Whose every `every`th task it is, from `first` on: by turns in each of the queues, and with the holder."""

    every: int
    first: int
    queues: Sequence[str]
    holder_id: int | None = None


def word(kind: str, number: int) -> str:
    """The word of that kind in the title of the `number`th copy."""
    values = {RARE_WORD: f"r{100000 + number // 5}", UNCOMMON_WORD: f"u{1000 + number // 7 % 1000}"}
    return {**values, FREQUENT_WORD: f"f{100 + number // 11 % 100}", OTHERS_WORD: f"o{number % 10}"}[kind]


def fill(seat_id: int, total: int, owners: Sequence[Owner], *, other_unit: int, first: int = FIRST) -> None:
    """`total` cases, each with one open task, copied from the case of a seat; those of no owner wait in a thousand
    other queues. One in a thousand is of `other_unit`. Call inside an app context.
    """
    kind = db.engine.dialect.name
    seat = db.session.get(Seat, seat_id)
    assert seat is not None
    role = (seat.queue or "").rsplit(":", 1)[0]
    case = seat.task.instance
    unit, process = case.unit_id, case.definition.key
    keys = {"process_instance": seat.instance_id, "user_task": seat.task_id, "seat": seat_id}
    db.session.rollback()
    waiting, holding = _places(owners, role)
    place = f"CASE WHEN i % 997 = 3 THEN {other_unit} ELSE {unit} END"
    named = " || ' ' || ".join(_WORDS.values())
    copies: dict[str, Mapping[str, str]] = {
        "process_instance": {
            "reference": f"'N' || ({first} + i)", "submission_key": "NULL", "state_blob": "NULL", "unit_id": place,
            "title_zh": f"'新开：' || {named}", "title_en": "''",
        },
        "user_task": {"instance_id": f"{first} + i", "token": "'t' || i", "deadline": "NULL"},
        "seat": {
            "instance_id": f"{first} + i", "task_id": f"{first} + i", "urgency": _URGENCY[kind],
            "queue": waiting, "holder_id": holding,
        },
    }  # fmt: skip
    terms = [*_WORDS.values(), "'新开'", f"'n' || ({first} + i)", f"'=p:{process}'", f"'=u:' || {place}"]
    with db.engine.begin() as connection:
        for model in (ProcessInstance, UserTask, Seat):
            table = model.__tablename__
            _copy(connection, table, keys[table], {"id": f"{first} + i", **copies[table]}, total)
        for term in terms:
            values = {"instance_id": f"{first} + i", "term": term}
            _copy(connection, CaseTerm.__tablename__, keys["process_instance"], values, total, key_column="instance_id")
    if kind == "postgresql":  # what its autovacuum does by itself within minutes; SQLite has nothing of the kind
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _places(owners: Sequence[Owner], role: str) -> tuple[str, str]:
    """SQL for the queue and the holder of the i-th seat."""
    waiting, holding = [], []
    for owner in owners:
        turns = len(owner.queues) + (owner.holder_id is not None)
        for number, queue in enumerate(owner.queues):
            turn = f"i / {owner.every} % {turns} = {number}"
            waiting.append(f"WHEN i % {owner.every} = {owner.first} AND {turn} THEN '{queue}'")
        if owner.holder_id is not None:
            turn = f"i / {owner.every} % {turns} = {turns - 1}"
            holding.append(f"WHEN i % {owner.every} = {owner.first} AND {turn} THEN {owner.holder_id}")
    other = f"'{role}:' || (900000 + i % {OTHERS})"
    return f"CASE {' '.join(waiting)} ELSE {other} END", f"CASE {' '.join(holding)} END" if holding else "NULL"


def _copy(
    connection: Connection, table: str, key: int, changed: Mapping[str, str], total: int, key_column: str = "id"
) -> None:
    columns = list(db.metadata.tables[table].columns.keys())
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    numbers = _NUMBERS[connection.dialect.name]
    # One row to copy, though there are several of that key.
    source = f"(SELECT * FROM {table} WHERE {table}.{key_column} = :key LIMIT 1) AS source"
    statement = f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM n, {source}"
    if connection.dialect.name == "postgresql":
        statement = f"{numbers} INSERT INTO {table} ({names}) SELECT {values} FROM n, {source}"
    connection.execute(text(statement), {"total": total, "key": key})
