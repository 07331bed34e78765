"""The outbox's job: send what is due, each message at least once, and let no failure hold up another.

A message is claimed in a transaction that settles the ones before it, and sent outside of any transaction. A claim is
a lease: when the process is killed while sending, the message is due again after it, with the same key. Mail and
robots claim apart from each other.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.notifications.channels import Connection, Mailer, SendError
from webapp.notifications.kinds import EMAIL, WEBHOOK
from webapp.notifications.letters import Mail
from webapp.notifications.models import OutboxMessage, Webhook
from webapp.notifications.robots import Robot
from webapp.organization.models import User

# After the first failure and the second; the third is the last.
PAUSES = (timedelta(minutes=1), timedelta(minutes=15))
LEASE = timedelta(minutes=2)
BUDGET_SECONDS = 5.0


@dataclass(frozen=True)
class Outcome:
    """What became of a message: `error` is empty when the server took it."""

    message_id: int
    error: str = ""


@dataclass(frozen=True)
class Claimed:
    """A message to be sent now; `robot` and `webhook_id` for one to a chat group."""

    message_id: int
    mail: Mail
    robot: Robot | None = None
    webhook_id: int | None = None


def mail_waits(now: datetime) -> bool:
    """Whether mail is due and there is a server for it."""
    return bool(current_app.extensions["settings"].mail_host) and waits(EMAIL, now)


def waits(channel: str, now: datetime, apart_from: Collection[int] = ()) -> bool:
    """Whether a message of the channel is due; locks nothing, and leaves no transaction open."""
    found = db.session.scalar(select(OutboxMessage.id).where(*_due(channel, now, apart_from)).limit(1)) is not None
    db.session.rollback()
    return found


def drain(*, now: datetime, limit: int = 50, mailer: Mailer | None = None) -> int:
    """Send up to `limit` due mails, for five seconds at most; returns how many were tried. `now` is aware UTC.

    `mailer` is the installation's unless given; without a mail server nothing happens and everything stays due.
    """
    mailer = mailer or Mailer.from_settings(current_app.extensions["settings"])
    if not mailer.host:
        return 0
    tried, outcomes = 0, list[Outcome]()
    began = time.monotonic()
    with mailer.connection() as connection:
        for place in range(limit + 1):
            more = place < limit and time.monotonic() - began < BUDGET_SECONDS
            claimed = settle_and_claim(EMAIL, outcomes, now, more)
            if claimed is None:
                break
            tried += 1
            outcomes = [Outcome(claimed.message_id, _send(connection, claimed.mail))]
    return tried


def _send(connection: Connection, mail: Mail) -> str:
    """Empty when the server took the message, else why not."""
    try:
        connection.send(mail)
    except SendError as error:
        return str(error)
    return ""


@transactional
def settle_and_claim(
    channel: str, outcomes: Sequence[Outcome], now: datetime, more: bool, apart_from: Collection[int] = ()
) -> Claimed | None:
    """Write down what became of earlier messages and take the next due one, in one short transaction.

    `apart_from`: robots that are not to be asked now.
    """
    for outcome in outcomes:
        _settle(outcome, now)
    while more:
        due = (
            select(OutboxMessage, Webhook, User.locale)
            .outerjoin(Webhook, Webhook.id == OutboxMessage.webhook_id)
            .outerjoin(User, User.id == OutboxMessage.user_id)
            .where(*_due(channel, now, apart_from))
            .order_by(OutboxMessage.next_at, OutboxMessage.id)
            .limit(1)
            .with_for_update(of=OutboxMessage, skip_locked=True)
        )
        row = db.session.execute(due).first()
        if row is None:
            return None
        message, webhook, locale = row
        if channel == WEBHOOK and (webhook is None or not webhook.active):
            # Its person took the robot away; the notice stands inside the product.
            db.session.delete(message)
            db.session.flush()
            continue
        message.next_at = now + LEASE
        mail = Mail(
            message.key, message.address, message.subject, message.body, message.created_at, locale=locale or "zh"
        )
        robot = Robot(webhook.kind, webhook.url, webhook.secret) if webhook is not None else None
        return Claimed(message.id, mail, robot, message.webhook_id)
    return None


def _due(channel: str, now: datetime, apart_from: Collection[int]) -> list[ColumnElement[bool]]:
    due = [OutboxMessage.state == "waiting", OutboxMessage.channel == channel, OutboxMessage.next_at <= now]
    return [*due, OutboxMessage.webhook_id.not_in(apart_from)] if apart_from else due


def _settle(outcome: Outcome, now: datetime) -> None:
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
        _report(message, now)


def _report(message: OutboxMessage, now: datetime) -> None:
    """A fault for the mail server, and one for each robot, however many messages it did not take."""
    told: dict[str, Any] = {"detail": f"{message.key}\n{message.error}", "now": now}
    if message.channel == EMAIL:
        sentence = _("有邮件发不出去，请检查邮件服务器后在发件箱中重发：%(subject)s", subject=message.subject)
        report(message.institution_id, kind="mail", sentence=sentence, **told)
        return
    sentence = _(
        "群机器人“%(name)s”三次没有收下消息，请本人检查机器人的地址和密钥，或在发件箱中重发：%(subject)s",
        name=message.address,
        subject=message.subject,
    )
    place = f"webhook:{message.webhook_id}"
    report(message.institution_id, kind="webhook", sentence=sentence, element=place, **told)
