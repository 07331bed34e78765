"""Triggers that make the log append-only in the database itself, on SQLite and PostgreSQL.

They refuse UPDATE, DELETE and (PostgreSQL) TRUNCATE of events and checkpoints, everything but erasure on payloads, and
INSERT over a row that exists (SQLite's INSERT OR REPLACE would delete it silently; PostgreSQL's primary key refuses).
A batch migration on SQLite recreates tables without their triggers: call `create_triggers` at the end of it.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, MetaData, event, text

from webapp.extensions import Model

_KEYS = {"event": "seq", "event_payload": "seq", "checkpoint": "size"}
_ERASURE = "NEW.erasable IS NULL AND NEW.erasable_salt IS NULL AND " + " AND ".join(
    f"NEW.{column} = OLD.{column}" for column in ("institution_id", "seq", "kept", "kept_salt")
)
_REFUSE = (
    "CREATE OR REPLACE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "RAISE EXCEPTION 'the ledger is append-only: % on % refused', lower(TG_OP), TG_TABLE_NAME; END $$"
)


@dataclass(frozen=True)
class _Trigger:
    name: str
    table: str
    body: str


def create_triggers(connection: Connection) -> None:
    """Create every trigger anew on the tables of the ledger, which must exist."""
    drop_triggers(connection)
    postgresql = connection.dialect.name == "postgresql"
    if postgresql:
        connection.execute(text(_REFUSE))
    for trigger in _triggers(connection):
        connection.execute(text(f"CREATE TRIGGER {trigger.name} {trigger.body}"))
        if postgresql:
            # ALWAYS: session_replication_role = replica doesn't switch it off.
            connection.execute(text(f"ALTER TABLE {trigger.table} ENABLE ALWAYS TRIGGER {trigger.name}"))


def drop_triggers(connection: Connection) -> None:
    """Remove the triggers, for a migration that rebuilds a table."""
    for trigger in _triggers(connection):
        on = f" ON {trigger.table}" if connection.dialect.name == "postgresql" else ""
        connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger.name}{on}"))


def missing_triggers(connection: Connection) -> list[str]:
    """Names of triggers that should be there and aren't, or are switched off; for the health page and `verify`."""
    if connection.dialect.name == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'"
    else:
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    present = set(connection.execute(text(query)).scalars())
    return [trigger.name for trigger in _triggers(connection) if trigger.name not in present]


def _triggers(connection: Connection) -> list[_Trigger]:
    return _postgresql() if connection.dialect.name == "postgresql" else _sqlite()


def _sqlite() -> list[_Trigger]:
    made = []
    for table, key in _KEYS.items():
        changed = f" WHEN NOT ({_ERASURE})" if table == "event_payload" else ""
        there = f" WHEN EXISTS (SELECT 1 FROM {table} WHERE institution_id = NEW.institution_id AND {key} = NEW.{key})"
        for verb, condition in (("update", changed), ("delete", ""), ("insert", there)):
            body = (
                f"BEFORE {verb.upper()} ON {table}{condition} "
                f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {verb} on {table} refused'); END"
            )
            made.append(_Trigger(f"{table}_refuse_{verb}", table, body))
    return made


def _postgresql() -> list[_Trigger]:
    made = []
    for table in _KEYS:
        verbs = "DELETE OR TRUNCATE" if table == "event_payload" else "UPDATE OR DELETE OR TRUNCATE"
        body = f"BEFORE {verbs} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse()"
        made.append(_Trigger(f"{table}_refuse_change", table, body))
    body = f"BEFORE UPDATE ON event_payload FOR EACH ROW WHEN (NOT ({_ERASURE})) EXECUTE FUNCTION ledger_refuse()"
    made.append(_Trigger("event_payload_refuse_update", "event_payload", body))
    return made


@event.listens_for(Model.metadata, "after_create")
def _after_create(_target: MetaData, connection: Connection, *, tables: Any = None, **_options: Any) -> None:
    if set(_KEYS) <= {table.name for table in tables or ()}:
        create_triggers(connection)
