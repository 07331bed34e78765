"""Fixtures of the whole suite: an application over a real database, SQLite and PostgreSQL by turns.

Per worker and backend there is one application; its database (tables, packs, people) is restored for each test.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.chromium import browser
from tests.support.postgres import Postgres, postgres, short_folder
from tests.support.putting_back import PutBack
from webapp import create_app
from webapp.config import ROOT, Settings
from webapp.definitions.commands import deploy
from webapp.definitions.packs import pack_codes, read_files
from webapp.extensions import db, forget_remembered, limiter
from webapp.organization.models import User
from webapp.organization.passwords import hash_password
from webapp.organization.queries import institution, user_by_name
from webapp.scenarios.people import add_people
from webapp.workflow.context import specs

__all__ = ["browser", "postgres"]

T = TypeVar("T")
BACKENDS = os.environ.get("BEIAN_TEST_BACKENDS", "sqlite,postgresql").split(",")
PASSWORD = "beian-demo"


def make_settings(url: str, var: Path, **changes: object) -> Settings:
    """Settings of a test application; never reads the machine's environment for what matters."""
    values: dict[str, object] = {
        "database_url": url,
        "var_dir": var,
        "demo": True,
        "jobs": False,
        "login_limit": "1000 per minute",
        "processes_dir": ROOT / "processes",
        "forms_dir": ROOT / "forms",
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def fill(app: Flask) -> None:
    """Tables, both packs, their demo people."""
    with app.app_context():
        db.create_all()
        hashed = hash_password(PASSWORD)
        for code in pack_codes(ROOT / "processes"):
            files = read_files(ROOT / "processes", ROOT / "forms", code)
            deploy(files, specs(), actor=None, note="tests")
            found = institution(code)
            assert found is not None
            add_people(found.id, files, password_hash=hashed)
        db.session.remove()
        db.engine.dispose()


@dataclass
class Prepared:
    """A prepared database. `restore` makes the worker's own one (at `url`) like it again; `copy` gives one more.

    `keep` copies the worker's own one, and gives what makes it like that again.
    """

    source: str
    url: str
    restore: Callable[[], None]
    copy: Callable[[], str]
    drop: Callable[[str], None]
    keep: Callable[[], Callable[[], None]]


@pytest.fixture(scope="session")
def sqlite_folder() -> Iterator[Path]:
    """Where SQLite's files of the tests are: in memory where there is room."""
    with tempfile.TemporaryDirectory(prefix="bnsq", dir=short_folder(in_memory=True)) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def prepared_sqlite(sqlite_folder: Path) -> Prepared:
    folder, numbers = sqlite_folder, count()
    source, own = folder / "prepared.sqlite", folder / "test.sqlite"
    fill(create_app(make_settings(f"sqlite:///{source}", folder)))

    def restore_from(file: Path) -> None:
        for left in folder.glob("test.sqlite*"):
            left.unlink()
        shutil.copy(file, own)

    def keep() -> Callable[[], None]:
        kept = folder / f"kept{next(numbers)}.sqlite"
        shutil.copy(own, kept)
        return partial(restore_from, kept)

    def copy() -> str:
        target = folder / f"copy{next(numbers)}" / "test.sqlite"
        target.parent.mkdir()
        shutil.copy(source, target)
        return f"sqlite:///{target}"

    def drop(url: str) -> None:
        shutil.rmtree(Path(url.removeprefix("sqlite:///")).parent)

    return Prepared(str(source), f"sqlite:///{own}", partial(restore_from, source), copy, drop, keep)


@pytest.fixture(scope="session")
def prepared_postgresql(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    source, own = postgres.create_database(), postgres.create_database()
    fill(create_app(make_settings(source, tmp_path_factory.mktemp("prepared"))))

    copy = partial(postgres.create_database, template=source)
    with closing(PutBack(postgres, source, own)) as place:
        yield Prepared(
            source, own, place.restore, copy, postgres.drop_database, lambda: partial(place.restore, place.keep())
        )


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """The database the test runs on: each test using it (or `app`) runs once on each."""
    return str(request.param)


@pytest.fixture
def database_url(backend: str, request: pytest.FixtureRequest) -> str:
    """The address of the worker's database, just as it was prepared."""
    prepared: Prepared = request.getfixturevalue(f"prepared_{backend}")
    prepared.restore()
    return prepared.url


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Flask]]:
    """The worker's application over a database, made once: its templates and statements are compiled once, too."""
    made: dict[str, Flask] = {}

    def get(url: str) -> Flask:
        if url not in made:
            made[url] = create_app(make_settings(url, tmp_path_factory.mktemp("var")))
        return made[url]

    yield get
    for application in made.values():
        with application.app_context():
            db.engine.dispose()


@pytest.fixture
def app(database_url: str, applications: Callable[[str], Flask]) -> Iterator[Flask]:
    """The application over a fresh database with packs and people, inside its context.

    It serves many tests: one that adds routes or settings makes its own with `create_app`.
    """
    application = applications(database_url)
    var = application.extensions["settings"].var_dir
    shutil.rmtree(var)
    var.mkdir()
    with application.app_context():
        forget_remembered()
        limiter.reset()
        yield application
        let_go()


def let_go() -> None:
    """Leave nothing of the database in use; a file is to be replaced, the connections to a server stay as they are."""
    db.session.remove()
    if db.engine.dialect.name == "sqlite":
        db.engine.dispose()


@pytest.fixture(scope="session")
def _kept() -> dict[tuple[Flask, Callable[[], object]], tuple[Callable[[], None], object]]:
    return {}


@pytest.fixture
def kept(
    app: Flask,
    backend: str,
    request: pytest.FixtureRequest,
    _kept: dict[tuple[Flask, Callable[[], object]], tuple[Callable[[], None], object]],
) -> Callable[[Callable[[], T]], T]:
    """`kept(build)`: what `build()` makes and returns in a fresh database, made once per worker and backend.

    `build` is a function of a module that takes nothing, leaves no files and returns plain data (ids, names), of which
    each test gets its own copy. It must be the first to touch the test's database.
    """
    prepared: Prepared = request.getfixturevalue(f"prepared_{backend}")

    def closed() -> None:
        let_go()
        forget_remembered()
        limiter.reset()

    def get(build: Callable[[], T]) -> T:
        if (app, build) not in _kept:
            made = build()
            closed()
            _kept[app, build] = prepared.keep(), deepcopy(made)
        restore, made_before = _kept[app, build]
        closed()
        restore()
        return cast(T, deepcopy(made_before))

    return get


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies; CSRF is on (see `tests.support.web`)."""
    return app.test_client()


@pytest.fixture
def person(app: Flask) -> Callable[[str], User]:
    """`person("wzpt.zhang")`: one of the packs' invented people."""

    def find(username: str) -> User:
        found = user_by_name(username)
        assert found is not None, username
        return found

    return find
