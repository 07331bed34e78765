"""The office is built once per worker and backend; its database is put back for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import let_go, make_settings
from tests.support.postgres import Postgres
from tests.support.putting_back import PutBack
from tests.tasks.office import Office, build_office, find_office
from webapp import create_app
from webapp.extensions import db, forget_remembered


def _built(url: str, folder: pytest.TempPathFactory) -> None:
    application = create_app(make_settings(url, folder.mktemp("var")))
    with application.app_context():
        db.create_all()
        build_office()
        db.session.remove()
        db.engine.dispose()


def _left(application: Flask) -> None:
    with application.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Flask]]:
    """`opened(backend)`: an application over the office's database, which is as it was built."""

    @cache
    def made(backend: str) -> tuple[Flask, Callable[[], None]]:
        if backend == "sqlite":
            folder: Path = request.getfixturevalue("sqlite_folder")
            source, own = folder / "built.sqlite", folder / "office.sqlite"
            url, built = f"sqlite:///{own}", f"sqlite:///{source}"

            def restore() -> None:
                for left in folder.glob("office.sqlite*"):
                    left.unlink()
                shutil.copy(source, own)

        else:
            postgres: Postgres = request.getfixturevalue("postgres")
            built, url = postgres.create_database(), postgres.create_database()
            place = PutBack(postgres, built, url)
            closing.callback(place.close)
            restore = place.restore

        _built(built, tmp_path_factory)
        application = create_app(make_settings(url, tmp_path_factory.mktemp("var")))
        closing.callback(_left, application)
        return application, restore

    def open_one(backend: str) -> Flask:
        application, restore = made(backend)
        restore()
        return application

    with ExitStack() as closing:
        yield open_one


@pytest.fixture
def office(backend: str, opened: Callable[[str], Flask]) -> Iterator[Office]:
    """An institution with one process per construct, in a database of its own."""
    with opened(backend).app_context():
        forget_remembered()
        yield find_office()
        let_go()
