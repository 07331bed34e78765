"""Background work: what is due in the domain tables, done by whoever runs these jobs.

On SQLite the server runs them itself (APScheduler); on PostgreSQL any number of `beian worker` processes do
(Procrastinate). Nothing is kept in memory: a killed worker's rows are simply still due.
"""

from __future__ import annotations

from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask, current_app
from sqlalchemy.orm import Session

from webapp.extensions import db
from webapp.notifications.channels import Mailer
from webapp.notifications.outbox import drain

EVERY_SECONDS = 2


def run_due(now: datetime | None = None) -> int:
    """Do one batch of everything that is due; returns how much was done. Call inside an app context."""
    from webapp.workflow.timers import run_due as run_workflow

    moment = now or datetime.now(UTC)
    settings = current_app.extensions["settings"]
    mailer = Mailer(settings.mail_host, settings.mail_port, settings.mail_from, settings.base_url)
    done = run_workflow(moment)
    drained = drain(mailer, moment)
    return done + drained.sent + drained.failed


def start_embedded(app: Flask) -> BackgroundScheduler:
    """Run due work inside this process, on one thread, every two seconds."""

    def once() -> None:
        with app.app_context():
            try:
                run_due()
            finally:
                db.session.remove()

    scheduler = BackgroundScheduler(daemon=True)
    scheduler.add_job(once, "interval", seconds=EVERY_SECONDS, max_instances=1, coalesce=True)
    scheduler.start()
    return scheduler


def run_worker(app: Flask) -> None:
    """Run due work until the process is told to stop."""
    raise SystemExit("to come")


def nudge(session: Session) -> None:
    """Before-commit hook: on PostgreSQL tell the workers, inside the transaction, that rows may be due."""


def wake(session: Session) -> None:
    """After-commit hook: let the embedded scheduler look at once."""
