"""Background work on PostgreSQL: Procrastinate workers, any number on any number of machines, and their nudges.

A job of the queue carries nothing: it says that something is due in the domain tables. A lost or doubled one does no
harm, and the tick every five seconds does what no nudge announced.
"""

from __future__ import annotations

import asyncio
import signal
import threading

import psycopg
from flask import Flask, current_app
from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from webapp.config import Settings
from webapp.extensions import has_work_waiting
from webapp.jobs import run_all_due

QUEUE = "beian"
NUDGE = "run_due"
# One for the work, one so that the tick and the rescue of stalled jobs never wait behind it.
CONCURRENCY = 2
STALLED_SECONDS = 30
_SCHEMA_LOCK = 0x62656961


def conninfo(url: str) -> str:
    """An SQLAlchemy URL as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_queue(settings: Settings) -> None:
    """Create Procrastinate's own tables where they are missing; on SQLite there is nothing to do.

    The owner of the other tables owns these. Several processes may do this at once.
    """
    if not settings.database_url.startswith("postgresql"):
        return
    url = conninfo(settings.migration_database_url or settings.database_url)
    with psycopg.connect(url, autocommit=True) as lock:
        lock.execute("SELECT pg_advisory_lock(%s)", (_SCHEMA_LOCK,))
        found = lock.execute("SELECT to_regclass('procrastinate_jobs')").fetchone()
        if found is None or found[0] is None:
            with App(connector=SyncPsycopgConnector(conninfo=url)).open() as queue:
                queue.schema_manager.apply_schema()


def worker_app(app: Flask, stop: threading.Event) -> App:
    """The worker's tasks: a nudge and a five-second tick run what is due; stalled jobs of dead workers are freed.

    When `stop` is set the batch at work is the last.
    """
    queue = App(connector=PsycopgConnector(conninfo=conninfo(app.config["SQLALCHEMY_DATABASE_URI"])))

    @queue.task(name=NUDGE, queue=QUEUE)
    def nudged() -> None:
        run_all_due(app, stop)

    @queue.periodic(cron="* * * * * */5", periodic_id="tick")
    @queue.task(name="tick", queue=QUEUE)
    def tick(timestamp: int) -> None:
        run_all_due(app, stop)

    @queue.periodic(cron="* * * * * */30", periodic_id="rescue")
    @queue.task(name="rescue", queue=QUEUE, pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
            await context.app.job_manager.retry_job(job)

    return queue


def run_worker(app: Flask) -> None:
    """Run background jobs until the process is told to stop; SIGTERM or Ctrl-C let the batch at work finish.

    Raises SystemExit when the worker ended by itself, as it does when it loses the database: start it again.
    """
    stop = threading.Event()
    asyncio.run(_work(worker_app(app, stop), stop))
    if not stop.is_set():
        raise SystemExit("The worker lost the database and stopped; nothing is lost. Start it again.")


async def _work(queue: App, stop: threading.Event) -> None:
    async with queue.open_async():
        working = asyncio.create_task(
            queue.run_worker_async(
                queues=[QUEUE],
                concurrency=CONCURRENCY,
                delete_jobs="always",
                fetch_job_polling_interval=2.0,
                stalled_worker_timeout=STALLED_SECONDS,
                install_signal_handlers=False,
            )
        )

        def told() -> None:
            stop.set()
            working.cancel()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, told)
        try:
            await working
        except asyncio.CancelledError:
            if not stop.is_set():
                raise


_nudging = App(connector=SyncPsycopgConnector())


@_nudging.task(name=NUDGE, queue=QUEUE)
def _nudged() -> None:
    """The nudge by its name only; the worker knows what to do."""


def nudge(session: Session) -> None:
    """Before-commit hook: on PostgreSQL tell the workers, inside the transaction, that rows wait to be done.

    One plain defer: a lock conflict would abort our transaction, and its commit would then silently lose the rows.
    """
    if not has_work_waiting(session) or session.get_bind().dialect.name != "postgresql":
        return
    if not current_app.extensions["settings"].jobs:
        return
    raw = session.connection().connection.driver_connection
    _nudging.configure_task(NUDGE, queue=QUEUE, connection=raw).defer()
