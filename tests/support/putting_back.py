"""Putting a PostgreSQL database back as it was, table by table: its connections, and what they have cached, stay.

A database made anew for each test costs some 50 ms, and every first statement of a new connection to it as much as
ten later ones. What has changed is told by the rows themselves: how many there are, and the newest transaction that
wrote one. A changed schema has the database made anew all the same.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.support.postgres import Postgres, PostgresUnavailable, libpq

# Rows that were written and deleted again stay in the files until then.
ANEW_AFTER = 400
PATIENCE = 0.3
# COPY's signature, flags, length of the header's extension, and the trailer.
_EMPTY = 11 + 4 + 4 + 2
_SCHEMA = "SELECT " + ", ".join(
    f"(SELECT count(*) || ':' || max(xmin::text::bigint) FROM {name})"
    for name in ("pg_class", "pg_proc", "pg_namespace", "pg_trigger")
)
_SEQUENCES = "SELECT sequencename, coalesce(last_value, start_value), last_value IS NOT NULL FROM pg_sequences"
# Triggers that fire whatever a session is set to: the ledger refuses to forget.
_GUARDS = "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgenabled = 'A'"
_ALTER = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
_OTHERS = """SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'"""


@dataclass(frozen=True)
class Snapshot:
    """The rows of the tables that have any, as COPY gives them, and the sequences."""

    rows: dict[str, bytes] = field(default_factory=dict)
    sequences: list[tuple[str, int, bool]] = field(default_factory=list)


class PutBack:
    """The database `own`, a copy of `source` (URLs made by `postgres`) that is put back as it was at a snapshot."""

    def __init__(self, postgres: Postgres, source: str, own: str) -> None:
        self._postgres, self._source, self._own = postgres, source, own
        self._open: psycopg.Connection[Any] | None = None
        self._times = 0
        self._schema: Any = None
        self._guards: list[tuple[str, str]] = []
        self._held: dict[str, bytes] = {}
        self._clean: dict[str, tuple[int, int]] = {}

    @cached_property
    def base(self) -> Snapshot:
        """As it is in `source`."""
        self._anew()
        return Snapshot(dict(self._held), self._ask(_SEQUENCES))

    def restore(self, wanted: Snapshot | None = None) -> None:
        """Put it back as it was at `wanted`, by default as `source` is."""
        wanted = wanted or self.base
        self._times += 1
        if self._times % ANEW_AFTER == 0 or self._ask(_SCHEMA) != self._schema:
            self._anew()
        self._wait_for_others()
        state = self._state()
        changed = [
            table
            for table, found in state.items()
            if found != self._clean[table] or self._held.get(table) is not wanted.rows.get(table)
        ]
        self._put(changed, wanted)
        self._clean = self._state() if changed else state

    def keep(self) -> Snapshot:
        """As it is now."""
        state = self._state()
        for table in [table for table, found in state.items() if found != self._clean[table]]:
            self._dump(table)
        self._clean = state
        return Snapshot(dict(self._held), self._ask(_SEQUENCES))

    def close(self) -> None:
        """Leave the database to whoever drops it."""
        if self._open is not None:
            self._open.close()

    @property
    def _connection(self) -> psycopg.Connection[Any]:
        """A connection that fires no triggers and checks no keys."""
        if self._open is None or self._open.closed:
            self._open = psycopg.connect(libpq(make_url(self._own)), autocommit=True, prepare_threshold=0)
            try:
                self._open.execute("SET session_replication_role = replica")
            except psycopg.errors.InsufficientPrivilege as error:
                raise PostgresUnavailable("The user of TEST_DATABASE_URL must be a superuser") from error
        return self._open

    def _ask(self, question: str | sql.Composed) -> list[Any]:
        return self._connection.execute(question.encode() if isinstance(question, str) else question).fetchall()

    def _anew(self) -> None:
        self.close()
        self._postgres.drop_database(self._own)
        self._postgres.create_database(template=self._source, like=self._own)
        self.__dict__.pop("_question", None)
        self._clean, known = self._state(), self._held if "base" not in self.__dict__ else self.base.rows
        self._held = dict(known)
        if not known:
            for table in self._clean:
                self._dump(table)
        self._guards = self._ask(_GUARDS)
        self._schema = self._ask(_SCHEMA)

    @cached_property
    def _question(self) -> sql.Composed:
        tables = self._ask("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        one = sql.SQL("SELECT {}, count(*), coalesce(max(xmin::text::bigint), 0) FROM {}")
        return sql.SQL(" UNION ALL ").join(one.format(sql.Literal(name), sql.Identifier(name)) for (name,) in tables)

    def _state(self) -> dict[str, tuple[int, int]]:
        """Of each table how many rows it has, and the newest transaction that wrote one of them."""
        return {name: (rows, newest) for name, rows, newest in self._ask(self._question)}

    def _dump(self, table: str) -> None:
        with self._connection.cursor().copy(
            sql.SQL("COPY {} TO STDOUT (FORMAT BINARY)").format(sql.Identifier(table))
        ) as out:
            rows = b"".join(bytes(part) for part in out)
        self._held.pop(table, None)
        if len(rows) > _EMPTY:
            self._held[table] = rows

    def _put(self, tables: list[str], wanted: Snapshot) -> None:
        connection = self._connection
        guards = [(table, name) for table, name in self._guards if table in tables]
        with connection.transaction():
            for table, name in guards:
                connection.execute(_ALTER.format(sql.Identifier(table), sql.SQL("DISABLE"), sql.Identifier(name)))
            for table in tables:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                self._held.pop(table, None)
                if rows := wanted.rows.get(table):
                    with connection.cursor().copy(
                        sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table))
                    ) as into:
                        into.write(rows)
                    self._held[table] = rows
            ways = [
                sql.SQL("setval({}, {}, {})").format(sql.Literal(f'public."{name}"'), last, called)
                for name, last, called in wanted.sequences
            ]
            connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(ways)))
            for table, name in guards:
                connection.execute(_ALTER.format(sql.Identifier(table), sql.SQL("ENABLE ALWAYS"), sql.Identifier(name)))
        if guards:
            self._schema = self._ask(_SCHEMA)

    def _wait_for_others(self) -> None:
        """Nobody else is at work any more: threads a test left behind, processes it killed."""
        until = time.monotonic() + PATIENCE
        while busy := self._ask(_OTHERS):
            if time.monotonic() > until:
                for (pid,) in busy:
                    self._ask(sql.SQL("SELECT pg_terminate_backend({}, 5000)").format(pid))
            time.sleep(0.005)
