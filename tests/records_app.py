"""Until the common fixtures are there: an app over each database, with the tables made anew for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.records_world import World, build_world
from tests.support.postgres import Postgres, postgres
from webapp.extensions import Model, babel, before_commit, db, engine_options, prepare_engine
from webapp.ledger import append_collected, create_triggers

__all__ = ["app", "postgres", "world"]


@pytest.fixture(params=["sqlite", "postgres"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    made = Flask(__name__)
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgres" else None
    url = server.create_database() if server else f"sqlite:///{tmp_path / 'test.sqlite'}"
    made.config |= {"SQLALCHEMY_DATABASE_URI": url, "SQLALCHEMY_ENGINE_OPTIONS": engine_options(url)}
    babel.init_app(made)
    db.init_app(made)
    hook: Any = append_collected
    before_commit.append(hook)
    with made.app_context():
        prepare_engine(db.engine)
        with db.engine.connect().execution_options(write=True) as connection:
            Model.metadata.create_all(connection)
            create_triggers(connection)
            connection.commit()
        yield made
        db.session.remove()
        db.engine.dispose()
    before_commit.remove(hook)
    if server:
        server.drop_database(url)


@pytest.fixture
def world(app: Flask) -> World:
    return build_world()
