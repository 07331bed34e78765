"""The daily digest: what somebody wants once a day, gathered into one message of each channel.

The message is made in the transaction that marks what it gathers as sent: killed in between, nothing of it happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import OperationalError

from webapp.extensions import db, transactional, work_waits
from webapp.notifications.kinds import EMAIL, INSIDE, WEBHOOK
from webapp.notifications.letters import spoken
from webapp.notifications.models import OutboxMessage, Webhook
from webapp.notifications.telling import message_key
from webapp.organization.models import User

BATCH = 50
MOST_LISTED = 50
_log = structlog.get_logger(__name__)


def gather_due(now: datetime) -> int:
    """Make the digests that are due, each in its own transaction; returns how many people's were seen to."""
    groups = (
        select(OutboxMessage.user_id, OutboxMessage.channel, OutboxMessage.webhook_id)
        .where(OutboxMessage.state == "digest", OutboxMessage.next_at <= now)
        .distinct()
        .limit(BATCH)
    )
    found = [(row[0], row[1], row[2]) for row in db.session.execute(groups) if row[0] is not None]
    done = 0
    for user_id, channel, webhook_id in found:
        try:
            done += _gather(user_id, channel, webhook_id, now)
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one person's digest must not hold up the others'
            _log.warning("a digest could not be made", user=user_id, channel=channel, error=repr(error))
    return done


@transactional
def _gather(user_id: int, channel: str, webhook_id: int | None, now: datetime) -> int:
    own = [OutboxMessage.user_id == user_id, OutboxMessage.channel == channel, OutboxMessage.webhook_id == webhook_id]
    due = [OutboxMessage.state == "digest", OutboxMessage.next_at <= now, *own]
    rows = _locked(due)
    if not rows:
        return 0
    user = db.session.get_one(User, user_id)
    webhook = db.session.get(Webhook, webhook_id) if webhook_id is not None else None
    day = max(row.digest_on for row in rows if row.digest_on is not None)
    key = message_key(user.institution_id, f"digest:{day.isoformat()}", user.id, webhook_id)
    if not user.active or not (user.email if channel == EMAIL else webhook is not None and webhook.active):
        # There is nowhere to send it to any more; everything stands among the person's notices.
        for row in rows:
            row.channel, row.state, row.sent_at = INSIDE, "sent", now
        return 1
    if db.session.scalar(select(OutboxMessage.id).where(OutboxMessage.key == key)) is not None:
        # Said while today's was being made: that one has left, so it is tomorrow's.
        for row in rows:
            row.digest_on, row.next_at = day + timedelta(days=1), row.next_at + timedelta(days=1)
        return 1
    with spoken(user.locale):
        subject, body = _words(rows, day)
    db.session.add(
        OutboxMessage(
            institution_id=user.institution_id,
            user_id=user.id,
            key=key,
            channel=channel,
            webhook_id=webhook_id,
            address=webhook.name if channel == WEBHOOK and webhook is not None else user.email,
            subject=subject,
            body=body,
            state="waiting",
            attempts=0,
            created_at=now,
            next_at=now,
        )
    )
    for row in rows:
        row.state, row.sent_at = "sent", now
    work_waits()
    return 1


def _locked(due: Sequence[ColumnElement[bool]]) -> Sequence[OutboxMessage]:
    """As they stand now: a row somebody else has gathered meanwhile is not among them."""
    statement = select(OutboxMessage).where(*due).order_by(OutboxMessage.id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def _words(rows: Sequence[OutboxMessage], day: date) -> tuple[str, str]:
    """Subject and body: a paragraph for each, with the path of its page."""
    count = len(rows)
    subject = ngettext("%(day)s 通知汇总：%(num)s 条", "%(day)s 通知汇总：%(num)s 条", count, day=day.strftime("%m-%d"))
    parts = []
    for row in rows[:MOST_LISTED]:
        path = row.body.rpartition("\n")[2]
        parts.append(f"· {row.subject}\n{path}" if path.startswith("/") else f"· {row.subject}")
    if count > MOST_LISTED:
        rest = count - MOST_LISTED
        parts.append(ngettext("另有 %(num)s 条，请到系统中查看。", "另有 %(num)s 条，请到系统中查看。", rest))
    return subject, "\n\n".join([*parts, _("所有通知都在这里："), "/notices"])
