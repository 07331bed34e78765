"""Background work: what is due in the domain tables, done by whoever runs these jobs.

On SQLite the server runs them itself (APScheduler); on PostgreSQL any number of `beian worker` processes do
(Procrastinate). Nothing is kept in memory: a killed worker's rows are simply still due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from webapp.campaigns.closing import close_due
from webapp.campaigns.opening import open_due
from webapp.campaigns.planning import begin_due, plan_due
from webapp.campaigns.reminding import remind_due as remind_campaigns_due
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.files.commands import discard_unfiled
from webapp.files.queries import institutions_with_old_uploads
from webapp.ledger import Checkpoint, LedgerError, LedgerHead, Signer, checkpoint, checkpoint_needed
from webapp.notifications.outbox import drain
from webapp.substitution.releasing import release_ended
from webapp.workflow import timers
from webapp.workflow.drafts import forget_answered
from webapp.workflow.inactivity import ask_for_idle, complete_updated
from webapp.workflow.requests import start_requested
from webapp.workflow.rescheduling import reschedule_due

EVERY_SECONDS = 2
_log = structlog.get_logger(__name__)

Job = Callable[[datetime], int]
_never = threading.Event()


def run_due(now: datetime | None = None) -> int:
    """Do one batch of everything that is due; returns how much was done. Call inside an app context."""
    moment = now or datetime.now(UTC)
    return sum(job(moment) for job in JOBS)


def send_due(now: datetime) -> int:
    """Send the outbox's due messages."""
    return drain(now=now)


def sign_due(now: datetime) -> int:
    """Sign the logs whose last checkpoint is old or far behind; returns how many."""
    key_file = current_app.extensions["settings"].ledger_key_file
    ids = db.session.scalars(select(LedgerHead.institution_id)).all()
    return sum(_sign(institution_id, key_file, now) for institution_id in ids)


def discard_old_uploads(now: datetime) -> int:
    """Delete uploads that nobody filed for three months; returns how many."""
    ids = institutions_with_old_uploads(now)
    return sum(discard_unfiled(institution_id, now) for institution_id in ids)


# Each claims its own rows; one that fails does not hold up the others.
JOBS: tuple[Job, ...] = (
    reschedule_due,
    complete_updated,
    timers.fire_due_timers,
    timers.remind_due,
    timers.escalate_due,
    plan_due,
    begin_due,
    open_due,
    remind_campaigns_due,
    close_due,
    ask_for_idle,
    start_requested,
    release_ended,
    send_due,
    sign_due,
    forget_answered,
    discard_old_uploads,
)


def _sign(institution_id: int, key_file: str, now: datetime) -> bool:
    if not checkpoint_needed(db.session(), institution_id, now):
        return False
    try:
        return sign(institution_id, key_file, now) is not None
    except IntegrityError:  # another worker has just signed the same size
        return False
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


def run_all_due(app: Flask, stop: threading.Event = _never) -> None:
    """Batch after batch until nothing is due, or `stop` is set; what fails is logged and tried again next time."""
    for job in JOBS:
        with app.app_context():
            try:
                while not stop.is_set() and job(datetime.now(UTC)):
                    pass
            except Exception:  # noqa: BLE001 - the loop must outlive any one failure
                _log.exception("background work failed; it is tried again", job=job.__name__)
            finally:
                db.session.remove()


class Embedded:
    """Background work inside this process, on one thread, every two seconds."""

    def __init__(self, app: Flask) -> None:
        self._stop = threading.Event()
        # A tick that comes while the last one still works is left out; that is no news.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = BackgroundScheduler(daemon=True, timezone=UTC)
        self._scheduler.add_job(
            run_all_due,
            "interval",
            [app, self._stop],
            seconds=EVERY_SECONDS,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the batch at work finish (five seconds at most, or one mail's time-out) and begin no other."""
        self._stop.set()
        self._scheduler.shutdown(wait=True)
