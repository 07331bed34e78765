"""Who does the background work: the one process on SQLite, workers on PostgreSQL; both stop cleanly."""

from __future__ import annotations

import asyncio
import re
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from procrastinate.exceptions import ConnectorException
from sqlalchemy import insert, select
from sqlalchemy.engine import make_url

from tests.conftest import make_settings
from tests.notifications.mailboxes import Mailbox, free_port, mailbox
from tests.support.postgres import Postgres
from tests.support.programs import program, until
from tests.support.trial import NOW, Trial, build_trial, fresh
from webapp import create_app, jobs, workers
from webapp.extensions import db, transactional, work_waits
from webapp.notifications.models import OutboxMessage
from webapp.workflow.models import ProcessInstance, Timer

START = "Beian serves"


@transactional
def post(institution: int, count: int) -> None:
    rows = [
        {
            "institution_id": institution,
            "key": f"m{number}",
            "channel": "email",
            "address": "zhang@example.test",
            "subject": f"通知 {number}",
            "body": "内容",
            "state": "waiting",
            "attempts": 0,
            "created_at": NOW,
            "next_at": NOW,
            "error": "",
        }
        for number in range(count)
    ]
    db.session.execute(insert(OutboxMessage), rows)
    work_waits()


def states() -> list[str]:
    fresh()
    return [row.state for row in db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]


@contextmanager
def slow_mailbox(seconds: float) -> Iterator[Mailbox]:
    """A server that takes its time over every message."""

    def answer(_recipient: str) -> str:
        time.sleep(seconds)
        return "250 OK"

    with mailbox(answer) as box:
        yield box


def _installation(url: str, var: Path, box: Mailbox | None = None) -> dict[str, object]:
    secret = "not-a-secret-but-long-enough"
    given: dict[str, object] = {"database_url": url, "var_dir": var, "demo": 0, "secret_key": secret, "jobs": 1}
    return given | ({"mail_host": "127.0.0.1", "mail_port": box.port} if box else {})


def test_the_server_stops_cleanly_while_a_job_runs(tmp_path: Path) -> None:
    """At either signal; two servers at once, as each takes seconds to finish its batch."""
    with ThreadPoolExecutor() as both:
        list(both.map(_stops_cleanly, (tmp_path / "term", tmp_path / "int"), (signal.SIGTERM, signal.SIGINT)))


def _stops_cleanly(folder: Path, number: signal.Signals) -> None:
    folder.mkdir()
    url = f"sqlite:///{folder / 'run.sqlite'}"
    app = create_app(make_settings(url, folder))
    with slow_mailbox(0.8) as box:
        settings = _installation(url, folder, box) | {"processes_dir": folder, "port": free_port()}
        with program("run", **settings) as server, app.app_context():
            server.says(START)
            institution = build_trial(approvers=1).institution
            post(institution, 30)
            until(lambda: box.messages)
            assert server.stop(number) == 0, server.output
            assert server.output.rstrip().endswith("Stopped.")
            assert "Traceback" not in server.output
            sent = states().count("sent")
            # What the mail server took is marked as sent, and the rest still waits.
            assert sent == len(box.messages) == len(set(box.keys))
            assert 0 < sent < 30
            assert states().count("waiting") == 30 - sent
            db.session.remove()
            db.engine.dispose()


def test_the_embedded_jobs_do_what_is_due_by_themselves(
    prepared_sqlite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "EVERY_SECONDS", 0.2)
    app = create_app(make_settings(prepared_sqlite.copy(), tmp_path))
    with app.app_context():
        trial = build_trial()
        instance_id = trial.start()
        db.session.remove()
    embedded = jobs.Embedded(app)
    with app.app_context():

        def state() -> str:
            fresh()
            return db.session.get_one(ProcessInstance, instance_id).state

        until(lambda: state() == "ended")
        timer = db.session.scalars(select(Timer).where(Timer.instance_id == instance_id)).one()
        assert timer.state == "fired"
        embedded.stop()
        after = trial.start()
        time.sleep(0.6)
        fresh()
        assert db.session.get_one(ProcessInstance, after).state == "running"
        db.session.remove()
        db.engine.dispose()


def test_one_failing_job_does_not_hold_up_the_others(app: Flask, trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    instance_id = trial.start()

    def failing(now: object) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(jobs, "JOBS", (failing, *jobs.JOBS))
    jobs.run_all_due(app)
    fresh()
    assert db.session.get_one(ProcessInstance, instance_id).state == "ended"


def _queued(url: str) -> list[str]:
    with psycopg.connect(workers.conninfo(url)) as connection:
        rows = connection.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY id")
        return [row[0] for row in rows]


@pytest.fixture
def queued(prepared_postgresql: Any, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """An application on PostgreSQL whose transactions nudge the workers."""
    url = prepared_postgresql.copy()
    settings = make_settings(url, tmp_path, jobs=True)
    workers.create_queue(settings)
    application = create_app(settings)
    with application.app_context():
        yield application, url
        db.session.remove()
        db.engine.dispose()
    prepared_postgresql.drop(url)


def test_the_queue_is_created_once_however_many_start_at_once(postgres: Postgres, tmp_path: Path) -> None:
    settings = make_settings(postgres.create_database(), tmp_path)
    failed: list[BaseException] = []

    def create() -> None:
        try:
            workers.create_queue(settings)
        except Exception as error:  # noqa: BLE001 - handed to the test
            failed.append(error)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert _queued(settings.database_url) == []
    workers.create_queue(make_settings("sqlite://", tmp_path))


def test_a_nudge_is_part_of_the_transaction_and_one_is_enough(queued: tuple[Flask, str]) -> None:
    _app, url = queued
    trial = build_trial()

    @transactional
    def two_cases(fail: bool) -> None:
        for _ in range(2):
            instance_id = trial.start()
            trial.decide(instance_id, "UnitOpinion")
            trial.decide(instance_id, "PublicityDecision")
        assert _queued(url) == []  # not before the commit
        if fail:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        two_cases(fail=True)
    assert _queued(url) == []
    two_cases(fail=False)
    assert _queued(url) == [workers.NUDGE]
    trial.start()
    assert _queued(url) == [workers.NUDGE]  # nothing to do for a worker yet


def test_a_transaction_without_the_queue_is_refused_and_nothing_of_it_kept(
    prepared_postgresql: Any, tmp_path: Path
) -> None:
    """Where the queue's tables are missing the defer fails, and the commit must not pass over it."""
    url = prepared_postgresql.copy()
    application = create_app(make_settings(url, tmp_path, jobs=True))
    with application.app_context():
        institution = build_trial().institution
        with pytest.raises(ConnectorException):
            post(institution, 1)
        assert states() == []
        db.session.remove()
        db.engine.dispose()
    prepared_postgresql.drop(url)


def test_two_workers_share_the_work_once_each_and_leave_no_job_behind(
    queued: tuple[Flask, str], tmp_path: Path
) -> None:
    _app, url = queued
    with mailbox() as box:
        settings = _installation(url, tmp_path, box)
        with program("worker", **settings) as one, program("worker", **settings) as two:
            trial = build_trial()
            cases = [trial.start() for _ in range(10)]
            post(trial.institution, 40)
            until(lambda: states().count("sent") == 40)

            def ended() -> bool:
                fresh()
                running = select(ProcessInstance).where(
                    ProcessInstance.id.in_(cases), ProcessInstance.state == "running"
                )
                return not db.session.scalars(running).all()

            until(ended)
            assert sorted(box.keys) == sorted(f"m{number}" for number in range(40))
            assert one.stop(signal.SIGTERM) == 0, one.output
            assert two.stop(signal.SIGINT) == 0, two.output
            assert "Traceback" not in one.output + two.output
    with psycopg.connect(workers.conninfo(url)) as connection:
        rows = connection.execute("SELECT status, count(*) FROM procrastinate_jobs GROUP BY status").fetchall()
    assert {status for status, _ in rows} <= {"todo"}


def test_a_worker_told_to_stop_finishes_its_batch(queued: tuple[Flask, str], tmp_path: Path) -> None:
    _app, url = queued
    with slow_mailbox(0.5) as box:
        institution = build_trial(approvers=1).institution
        with program("worker", **_installation(url, tmp_path, box)) as worker:
            post(institution, 30)
            until(lambda: box.messages)
            assert worker.stop(signal.SIGTERM) == 0, worker.output
            sent = states().count("sent")
            assert sent == len(box.messages) == len(set(box.keys))
            assert 0 < sent < 30


def test_a_dead_workers_job_is_freed(queued: tuple[Flask, str]) -> None:
    app, url = queued
    post(build_trial(approvers=1).institution, 1)
    with psycopg.connect(workers.conninfo(url), autocommit=True) as connection:
        (worker,) = connection.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        ).fetchone() or (0,)
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", (worker,))
    assert _queued(url) == []
    queue = workers.worker_app(app, threading.Event())

    async def rescue() -> None:
        async with queue.open_async():
            await queue.configure_task("rescue").defer_async(timestamp=0)
            await queue.run_worker_async(wait=False, install_signal_handlers=False, delete_jobs="always")

    # In a thread of its own: a browser of another test may keep an event loop running in this one.
    rescuer = threading.Thread(target=asyncio.run, args=[rescue()])
    rescuer.start()
    rescuer.join()
    with psycopg.connect(workers.conninfo(url)) as connection:
        rows = connection.execute("SELECT task_name, status FROM procrastinate_jobs").fetchall()
    assert workers.NUDGE not in {name for name, _ in rows}, rows


def test_workers_are_for_postgresql_and_say_so(tmp_path: Path) -> None:
    with program("worker", **_installation(f"sqlite:///{tmp_path / 'x.sqlite'}", tmp_path)) as worker:
        worker.says("On SQLite the server runs the jobs itself")


def test_the_hint_for_workers_is_given_where_the_server_does_not_do_their_work(
    postgres: Postgres, tmp_path: Path
) -> None:
    url = postgres.create_database()
    settings = _installation(url, tmp_path) | {"processes_dir": tmp_path, "port": free_port()}
    with program("run", **settings) as server:
        server.says(START)
        assert re.search("beian worker", server.output)
        assert _queued(url) == []
        assert server.stop(signal.SIGTERM) == 0
    assert make_url(url).drivername.startswith("postgresql")
