"""Filling a database with open tasks: copies of one real case, made by the database itself in a few statements."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, text

from webapp.extensions import db
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


def fill(seat_id: int, total: int, mine: int) -> None:
    """`total` cases, each with one open task in a queue, copied from the case of a seat; every `total // mine`th of
    them waits in that seat's own queue. Call inside an app context.
    """
    kind = db.engine.dialect.name
    seat = db.session.get(Seat, seat_id)
    assert seat is not None
    queue = seat.queue or ""
    role = queue.rsplit(":", 1)[0]
    keys = {"process_instance": seat.instance_id, "user_task": seat.task_id, "seat": seat_id}
    db.session.rollback()
    copies: dict[str, Mapping[str, str]] = {
        "process_instance": {"reference": "'N' || i", "submission_key": "NULL", "state_blob": "NULL"},
        "user_task": {"instance_id": f"{FIRST} + i", "token": "'t' || i", "deadline": "NULL"},
        "seat": {
            "instance_id": f"{FIRST} + i",
            "task_id": f"{FIRST} + i",
            "urgency": _URGENCY[kind],
            "queue": f"CASE WHEN i % {total // mine} = 0 THEN '{queue}' ELSE '{role}:' || (900000 + i % {OTHERS}) END",
        },
    }
    with db.engine.begin() as connection:
        for model in (ProcessInstance, UserTask, Seat):
            table = model.__tablename__
            _copy(connection, table, keys[table], {"id": f"{FIRST} + i", **copies[table]}, total)
    if kind == "postgresql":  # what its autovacuum does by itself within minutes; SQLite has nothing of the kind
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def _copy(connection: Connection, table: str, key: int, changed: Mapping[str, str], total: int) -> None:
    columns = list(db.metadata.tables[table].columns.keys())
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
    numbers = _NUMBERS[connection.dialect.name]
    statement = f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM n, {table} WHERE {table}.id = :key"
    if connection.dialect.name == "postgresql":
        statement = f"{numbers} INSERT INTO {table} ({names}) SELECT {values} FROM n, {table} WHERE {table}.id = :key"
    connection.execute(text(statement), {"total": total, "key": key})
