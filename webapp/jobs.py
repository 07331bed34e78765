"""Background work: what is due in the domain tables, done by whoever runs these jobs.

On SQLite the server runs them itself (APScheduler); on PostgreSQL any number of `beian worker` processes do
(Procrastinate). Nothing is kept in memory: a killed worker's rows are simply still due.
"""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask, current_app
from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from sqlalchemy import inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.ledger import Checkpoint, LedgerError, LedgerHead, Signer, checkpoint, checkpoint_needed
from webapp.notifications.outbox import drain
from webapp.workflow import timers

EVERY_SECONDS = 2
QUEUE = "beian"
NUDGE = "run_due"
WORK_WAITS = "work waits"
_log = structlog.get_logger(__name__)


def run_due(now: datetime | None = None) -> int:
    """Do one batch of everything that is due; returns how much was done. Call inside an app context."""
    moment = now or datetime.now(UTC)
    settings = current_app.extensions["settings"]
    done = timers.run_due(moment) + drain(now=moment)
    sign_due(settings.ledger_key_file, moment)
    return done


def sign_due(key_file: str, now: datetime) -> int:
    """Sign the logs whose last checkpoint is old or far behind; returns how many."""
    ids = db.session.scalars(select(LedgerHead.institution_id)).all()
    return sum(_sign(institution_id, key_file, now) for institution_id in ids)


def _sign(institution_id: int, key_file: str, now: datetime) -> bool:
    if not checkpoint_needed(db.session(), institution_id, now):
        return False
    try:
        return sign(institution_id, key_file, now) is not None
    except LedgerError as error:
        _report_ledger(institution_id, error.sentence, now)
        return False


@transactional
def sign(institution_id: int, key_file: str, now: datetime) -> Checkpoint | None:
    """Sign where one log stands. Raises LedgerError when the log was tampered with since the last checkpoint."""
    return checkpoint(db.session(), institution_id, Signer.from_file(key_file), at=now)


@transactional
def _report_ledger(institution_id: int, sentence: str, now: datetime) -> None:
    report(institution_id, kind="ledger", sentence=sentence, now=now)


def run_all_due(app: Flask) -> None:
    """Batch after batch until nothing is due; a failure is logged and the rows are tried again next time."""
    with app.app_context():
        try:
            while run_due():
                pass
        except Exception:  # noqa: BLE001 - the loop must outlive any one failure
            _log.exception("background work failed; it is tried again")
        finally:
            db.session.remove()


def start_embedded(app: Flask) -> BackgroundScheduler:
    """Run due work inside this process, on one thread, every two seconds."""
    scheduler = BackgroundScheduler(daemon=True)
    scheduler.add_job(run_all_due, "interval", [app], seconds=EVERY_SECONDS, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler


def conninfo(url: str) -> str:
    """An SQLAlchemy URL as libpq reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_queue(url: str) -> None:
    """Create Procrastinate's own tables where they are missing (PostgreSQL)."""
    if not inspect(db.engine).has_table("procrastinate_jobs"):
        with App(connector=SyncPsycopgConnector(conninfo=conninfo(url))).open() as queue:
            queue.schema_manager.apply_schema()


def worker_app(app: Flask) -> App:
    """The worker's tasks: a nudge and a five-second tick run what is due; stalled jobs of dead workers are freed."""
    queue = App(connector=PsycopgConnector(conninfo=conninfo(app.config["SQLALCHEMY_DATABASE_URI"])))

    @queue.task(name=NUDGE, queue=QUEUE)
    def nudged() -> None:
        run_all_due(app)

    @queue.periodic(cron="* * * * * */5", periodic_id="tick")
    @queue.task(name="tick", queue=QUEUE)
    def tick(timestamp: int) -> None:
        run_all_due(app)

    @queue.periodic(cron="* * * * * */30", periodic_id="rescue")
    @queue.task(name="rescue", queue=QUEUE, pass_context=True)
    async def rescue(context: JobContext, timestamp: int) -> None:
        for job in await context.app.job_manager.get_stalled_jobs(seconds_since_heartbeat=30):
            await context.app.job_manager.retry_job(job)

    return queue


def run_worker(app: Flask) -> None:
    """Run background jobs until the process is told to stop (SIGTERM or Ctrl-C finish the running ones)."""
    url = app.config["SQLALCHEMY_DATABASE_URI"]
    if not url.startswith("postgresql"):
        raise SystemExit("On SQLite the server runs the jobs itself; workers are for PostgreSQL.")
    with app.app_context():
        create_queue(url)
    worker_app(app).run_worker(queues=[QUEUE], delete_jobs="always", fetch_job_polling_interval=2.0)


_nudger: dict[str, App] = {}


def nudge(session: Session) -> None:
    """Before-commit hook: on PostgreSQL tell the workers, inside the transaction, that rows wait to be done.

    One plain defer: a lock conflict would abort our transaction, and its commit would then silently lose the rows.
    """
    if not session.info.get(WORK_WAITS) or session.get_bind().dialect.name != "postgresql":
        return
    if not current_app.extensions["settings"].jobs:
        return
    if "app" not in _nudger:
        queue = App(connector=SyncPsycopgConnector(conninfo=""))
        queue.task(name=NUDGE, queue=QUEUE)(lambda: None)
        _nudger["app"] = queue
    raw = session.connection().connection.driver_connection
    _nudger["app"].configure_task(NUDGE, queue=QUEUE, connection=raw).defer()
