"""The migrations make the same tables as the models, with the ledger's triggers, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from tests.conftest import make_settings
from tests.support.postgres import Postgres
from webapp import create_app
from webapp.config import ROOT
from webapp.extensions import db
from webapp.ledger import missing_triggers

DIRECTORY = str(ROOT / "webapp" / "migrations")


@pytest.fixture
def empty(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """An application over a database without any table."""
    server: Postgres | None = request.getfixturevalue("postgres") if backend == "postgresql" else None
    url = server.create_database() if server else f"sqlite:///{tmp_path / 'empty.sqlite'}"
    app = create_app(make_settings(url, tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    if server:
        server.drop_database(url)


def test_migrating_an_empty_database_gives_exactly_the_models_tables(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


def test_a_migrated_ledger_refuses_changes(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    with db.engine.connect() as connection:
        assert missing_triggers(connection) == []


def test_migrating_twice_changes_nothing_and_going_back_removes_all(empty: Flask) -> None:
    upgrade(directory=DIRECTORY)
    upgrade(directory=DIRECTORY)
    downgrade(directory=DIRECTORY, revision="base")
    with db.engine.connect() as connection:
        left = set(db.inspect(connection).get_table_names())
    assert left <= {"alembic_version"}
