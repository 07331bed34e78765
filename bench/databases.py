"""A fresh application over SQLite or PostgreSQL, with wzpt's pack and that of workload W."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import text

from tests.support.postgres import Postgres
from webapp import create_app
from webapp.config import ROOT, Settings
from webapp.definitions.commands import deploy
from webapp.definitions.packs import read_files
from webapp.extensions import db
from webapp.organization.passwords import hash_password
from webapp.organization.queries import institution
from webapp.scenarios.demo import DEMO_PASSWORD
from webapp.scenarios.people import add_people
from webapp.workflow.context import specs

PACKS = {"bench": ROOT / "bench" / "packs" / "processes", "wzpt": ROOT / "processes"}
FORMS = {"bench": ROOT / "bench" / "packs" / "forms", "wzpt": ROOT / "forms"}
DATABASES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Bench:
    """The application measured. `kind` is sqlite or postgresql, `version` what that database says of itself."""

    app: Flask
    kind: str
    version: str


def pack_files(code: str) -> dict[str, bytes]:
    """The files of a pack, as `deploy` takes them."""
    return read_files(PACKS[code], FORMS[code], code)


def add_pack(code: str, password_hash: str = "") -> int:
    """Deploy a pack with its invented people; returns the institution's id. Call inside an app context."""
    files = pack_files(code)
    deploy(files, specs(), actor=None, note="bench")
    found = institution(code)
    assert found is not None
    add_people(found.id, files, password_hash=password_hash)
    return found.id


@contextmanager
def opened(kind: str, postgres: Postgres | None) -> Iterator[Bench]:
    """An application over a new database on disk, durable as in production; everything is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="beian-bench-") as folder:
        url = f"sqlite:///{folder}/bench.sqlite"
        if kind == "postgresql":
            assert postgres is not None
            url = postgres.create_database()
        settings = Settings(
            database_url=url, demo=True, var_dir=Path(folder), jobs=False, login_limit="100000 per minute"
        )
        app = create_app(settings)
        with app.app_context():
            db.create_all()
            hashed = hash_password(DEMO_PASSWORD)
            for code in PACKS:
                add_pack(code, hashed)
            version = db.session.scalar(text("select sqlite_version()" if kind == "sqlite" else "show server_version"))
            db.session.remove()
        try:
            yield Bench(app, kind, str(version))
        finally:
            with app.app_context():
                db.engine.dispose()
