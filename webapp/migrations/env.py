"""Alembic's entry: migrates the database of the running application, or the one its owner's URL names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context
from flask import current_app
from sqlalchemy import Connection, create_engine, inspect

from webapp.extensions import UtcDateTime, db, engine_options, prepare_engine
from webapp.ledger import create_triggers


def _render(kind: str, item: object, imports: object) -> str | bool:
    """Migrations name plain column types, so that old ones run whatever becomes of our own types."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        return 'sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")'
    return False


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=db.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=_render,
        # SQLite, too, runs DDL inside a transaction: a migration that fails leaves nothing half-done.
        transactional_ddl=True,
        include_object=lambda _object, name, kind, _reflected, _other: (
            not (kind == "table" and (name or "").startswith("procrastinate"))
        ),
    )
    with context.begin_transaction():
        context.run_migrations()
        # Batch migrations on SQLite copy tables and lose their triggers; the ledger's are always put back.
        if inspect(connection).has_table("event"):
            create_triggers(connection)
    connection.commit()


settings = current_app.extensions["settings"]
if settings.migration_database_url:
    owner = create_engine(settings.migration_database_url, **engine_options(settings.migration_database_url))
    prepare_engine(owner)
    with owner.connect() as owned:
        _migrate(owned)
    owner.dispose()  # the serving process keeps no connection that owns the tables
else:
    with db.engine.connect() as connected:
        _migrate(connected)
