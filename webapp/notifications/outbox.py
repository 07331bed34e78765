"""The outbox's job: send what is due, each message at least once, and let no failure hold up another.

A message is claimed in a transaction that settles the one before it, and sent outside of any transaction. A claim is
a lease: when the process is killed while sending, the message is due again after it, with the same Message-ID.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.notifications.channels import Connection, Mail, Mailer, SendError
from webapp.notifications.models import OutboxMessage

# After the first failure, the second and the third; the fourth is the last.
PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=25))
LEASE = timedelta(minutes=2)
BUDGET_SECONDS = 5.0


@dataclass(frozen=True)
class _Sent:
    """What became of a message: `error` is empty when the server took it."""

    message_id: int
    error: str = ""


def drain(*, now: datetime, limit: int = 50, mailer: Mailer | None = None) -> int:
    """Send up to `limit` due messages, for five seconds at most; returns how many were tried. `now` is aware UTC.

    `mailer` is the installation's unless given; without a mail server nothing happens and everything stays due.
    """
    mailer = mailer or Mailer.from_settings(current_app.extensions["settings"])
    if not mailer.host:
        return 0
    tried, outcome = 0, None
    began = time.monotonic()
    with mailer.connection() as connection:
        for place in range(limit + 1):
            more = place < limit and time.monotonic() - began < BUDGET_SECONDS
            claimed = _settle_and_claim(outcome, now, more)
            if claimed is None:
                break
            message_id, mail = claimed
            tried += 1
            outcome = _Sent(message_id, _send(connection, mail))
    return tried


def _send(connection: Connection, mail: Mail) -> str:
    """Empty when the server took the message, else why not."""
    try:
        connection.send(mail)
    except SendError as error:
        return str(error)
    return ""


@transactional
def _settle_and_claim(outcome: _Sent | None, now: datetime, more: bool) -> tuple[int, Mail] | None:
    """Write down what became of the last message and take the next due one, in one short transaction."""
    if outcome is not None:
        _settle(outcome, now)
    if not more:
        return None
    due = select(OutboxMessage).where(OutboxMessage.state == "waiting", OutboxMessage.next_at <= now)
    due = due.order_by(OutboxMessage.next_at, OutboxMessage.id).limit(1).with_for_update(skip_locked=True)
    message = db.session.scalar(due)
    if message is None:
        return None
    message.next_at = now + LEASE
    return message.id, Mail(message.key, message.address, message.subject, message.body, message.created_at)


def _settle(outcome: _Sent, now: datetime) -> None:
    message = db.session.get(OutboxMessage, outcome.message_id, with_for_update=True)
    if message is None or message.state == "sent":
        return
    message.attempts += 1
    message.error = outcome.error[:2000]
    if not outcome.error:
        message.state, message.sent_at = "sent", now
    elif message.attempts <= len(PAUSES):
        message.next_at = now + PAUSES[message.attempts - 1]
    else:
        message.state = "failed"
        sentence = _("有邮件发不出去，请检查邮件服务器后在发件箱中重发：%(subject)s", subject=message.subject)
        detail = f"{message.key}\n{outcome.error}"
        report(message.institution_id, kind="mail", sentence=sentence, detail=detail, now=now)
