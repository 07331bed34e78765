"""The tests' own PostgreSQL."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.support.postgres import Postgres, libpq, running_postgres


def _ask(url: str, statement: str) -> str:
    with psycopg.connect(libpq(make_url(url))) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return str(row[0])


def test_a_database_is_empty_utf8_and_durable(postgres: Postgres) -> None:
    url = postgres.create_database()
    assert _ask(url, "select count(*) from pg_tables where schemaname = 'public'") == "0"
    assert _ask(url, "show server_encoding") == "UTF8"
    assert _ask(url, "show fsync") == "on"


def test_a_copy_of_a_template_has_its_tables(postgres: Postgres) -> None:
    template = postgres.create_database()
    with psycopg.connect(libpq(make_url(template))) as connection:
        connection.execute("create table 备案 as select 1 as n")
    copy = postgres.create_database(template)
    assert _ask(copy, "select n from 备案") == "1"
    postgres.drop_database(copy)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(libpq(make_url(copy)))


def test_a_database_is_dropped_even_while_someone_is_connected(postgres: Postgres) -> None:
    url = postgres.create_database()
    left_open = psycopg.connect(libpq(make_url(url)))
    postgres.drop_database(url)
    with pytest.raises(psycopg.OperationalError):
        left_open.execute("select 1")
    left_open.close()


def test_a_second_server_stops_and_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TEST_DATABASE_URL", raising=False)
    with running_postgres() as server:
        url = make_url(server.create_database())
        folder = Path(str(url.query["host"]))
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(libpq(url))


if sys.platform == "linux":  # elsewhere there is no signal at the parent's end

    def test_the_server_ends_when_the_test_process_is_killed() -> None:
        program = (
            "import time; from tests.support.postgres import running_postgres\n"
            "with running_postgres() as server:\n"
            "    print(server.create_database(), flush=True); time.sleep(60)\n"
        )
        environment = {key: value for key, value in os.environ.items() if key != "TEST_DATABASE_URL"}
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert _ask(url, "select 1") == "1"
        process.kill()
        process.wait()
        process.stdout.close()
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                psycopg.connect(libpq(make_url(url))).close()
            except psycopg.OperationalError:
                return
            time.sleep(0.1)
        pytest.fail("the server is still there")


def test_a_given_address_is_used_and_left_clean(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    given = postgres.create_database()
    monkeypatch.setenv("TEST_DATABASE_URL", given)
    with running_postgres() as server:
        made = server.create_database()
        assert make_url(made).query == make_url(given).query
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(libpq(make_url(made)))
