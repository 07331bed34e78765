"""Telling people: a notice inside the product and, by what each of them wants, messages in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional, work_waits
from webapp.notifications.models import Notice, OutboxMessage
from webapp.notifications.telling import Telling, put
from webapp.notifications.telling import message_key as message_key
from webapp.notifications.wishes import wishes
from webapp.notifications.wording import NoticeText, word
from webapp.organization.models import User


@transactional
def notify(
    institution_id: int,
    user_ids: Iterable[int],
    text_key: str,
    texts: Mapping[str, NoticeText],
    values: Mapping[str, Any],
    *,
    instance_id: int | None,
    now: datetime,
    key: str,
) -> int:
    """Tell each person once under `key`, in the person's language; repeating the call does nothing. Returns how many.

    `texts` are the pack's. One outbox row a person records that `key` was told; for people who get no mail it is
    already done. Raises Invalid for a text the pack does not have or a value that is missing.
    """
    text = texts.get(text_key)
    if text is None:
        raise Invalid(_("流程包中没有通知文字“%(key)s”。", key=text_key))
    telling = Telling(institution_id, key, now, instance_id=instance_id, text_key=text_key)
    found = wishes(institution_id, user_ids, telling.kind)
    return put(telling, [(wish, *word(text, wish.user.locale, values)) for wish in found])


@transactional
def tell(
    institution_id: int,
    user_ids: Iterable[int],
    subject: str,
    body: str,
    *,
    instance_id: int | None,
    now: datetime,
    key: str,
    text_key: str = "",
    kind: str = "case",
    link: str = "",
) -> int:
    """As `notify`, with words already made (reminders, escalations). `link`: the path of its page, else the case's.

    `kind` is one of `kinds.KINDS`.
    """
    telling = Telling(institution_id, key, now, instance_id=instance_id, text_key=text_key, kind=kind, link=link)
    # A subject becomes a line of a mail's head.
    line = " ".join(subject.split())[:300]
    return put(telling, [(wish, line, body) for wish in wishes(institution_id, user_ids, kind)])


@transactional
def read(user: User, notice_id: int, now: datetime) -> Notice:
    """Mark a notice of the person as read. Raises NotFound for anybody else's."""
    notice = db.session.scalar(select(Notice).where(Notice.user_id == user.id, Notice.id == notice_id))
    if notice is None:
        raise NotFound(_("没有这条通知。"))
    notice.read_at = notice.read_at or now
    return notice


@transactional
def read_all(user: User, now: datetime, kind: str = "") -> None:
    """Mark all of the person's notices as read, or those of one kind."""
    unread = update(Notice).where(Notice.user_id == user.id, Notice.read_at.is_(None))
    db.session.execute((unread.where(Notice.kind == kind) if kind else unread).values(read_at=now))


@transactional
def send_again(institution_id: int, message_id: int, now: datetime) -> OutboxMessage:
    """Put a failed message back into the outbox, with all its tries. Raises NotFound when there is none."""
    statement = select(OutboxMessage).where(
        OutboxMessage.institution_id == institution_id, OutboxMessage.id == message_id, OutboxMessage.state == "failed"
    )
    message = db.session.scalar(statement.with_for_update())
    if message is None:
        raise NotFound(_("没有这条未发出的消息。"))
    message.state, message.attempts, message.next_at, message.error = "waiting", 0, now, ""
    work_waits()
    return message


@transactional
def send_all_again(institution_id: int, now: datetime) -> int:
    """Put every failed message back, as after an outage of the mail server; returns how many."""
    failed = update(OutboxMessage).where(OutboxMessage.institution_id == institution_id)
    failed = failed.where(OutboxMessage.state == "failed").values(state="waiting", attempts=0, next_at=now, error="")
    count: int = db.session.execute(failed).rowcount  # type: ignore[attr-defined] # of an update there is one
    if count:
        work_waits()
    return count
