"""Background work: what is due in the domain tables, done by whoever runs these jobs.

On SQLite the server runs them itself (APScheduler); on PostgreSQL any number of `beian worker` processes do
(Procrastinate). Nothing is kept in memory: a killed worker's rows are simply still due.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

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
from webapp.handover.carrying import hand_over_due
from webapp.ledger import Checkpoint, LedgerError, LedgerHead, Signer, checkpoint, checkpoint_needed
from webapp.notifications.digests import gather_due
from webapp.notifications.outbox import drain, mail_waits
from webapp.notifications.posting import drain_webhooks, webhooks_wait
from webapp.substitution.releasing import release_ended
from webapp.workflow import timers
from webapp.workflow.announcing import announce_due
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
    return sum(job(moment) for job in (*JOBS, *SENDERS))


def send_mail(now: datetime) -> int:
    """Send the outbox's due mail."""
    return drain(now=now)


def send_webhooks(now: datetime) -> int:
    """Send the outbox's due messages to chat groups."""
    return drain_webhooks(now=now)


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
    hand_over_due,
    announce_due,
    gather_due,
    sign_due,
    forget_answered,
    discard_old_uploads,
)
# What waits for others' servers, and how to see that something is due: each on a thread of its own, so that a server
# that hangs delays nothing but its own channel.
SENDERS: dict[Job, Callable[[datetime], bool]] = {send_mail: mail_waits, send_webhooks: webhooks_wait}
_sending: dict[tuple[int, str], threading.Thread] = {}
_starting = threading.Lock()


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
    """Batch after batch until nothing is due, or `stop` is set; what fails is logged and tried again next time.

    Messages that leave the house are sent meanwhile; they are not waited for.
    """
    for sender, waits in SENDERS.items():
        _run(app, stop, sender.__name__, partial(_begin_sending, app, stop, sender, waits))
    for job in JOBS:
        _run(app, stop, job.__name__, partial(_exhaust, stop, job))


def _run(app: Flask, stop: threading.Event, name: str, act: Callable[[], None]) -> None:
    with app.app_context():
        try:
            if not stop.is_set():
                act()
        except Exception:  # noqa: BLE001 - the loop must outlive any one failure
            _log.exception("background work failed; it is tried again", job=name)
        finally:
            db.session.remove()


def _exhaust(stop: threading.Event, job: Job) -> None:
    while not stop.is_set() and job(datetime.now(UTC)):
        pass


def _begin_sending(app: Flask, stop: threading.Event, sender: Job, waits: Callable[[datetime], bool]) -> None:
    """Start the channel's thread where something is due and none is at it; a process ends when its threads have."""
    place = id(app), sender.__name__
    if ((at_work := _sending.get(place)) and at_work.is_alive()) or not waits(datetime.now(UTC)):
        return
    with _starting:
        if (at_work := _sending.get(place)) and at_work.is_alive():
            return
        act = partial(_run, app, stop, sender.__name__, partial(_exhaust, stop, sender))
        _sending[place] = threading.Thread(target=act, name=sender.__name__)
        _sending[place].start()


def finish_sending(app: Flask) -> None:
    """Wait until what is being sent has been: five seconds at most, or one server's time-out."""
    for place, thread in list(_sending.items()):
        if place[0] == id(app):
            thread.join()


class Embedded:
    """Background work inside this process, on one thread, every two seconds."""

    def __init__(self, app: Flask) -> None:
        self._app, self._stop = app, threading.Event()
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
        finish_sending(self._app)
