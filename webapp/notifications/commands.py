"""Telling people: a notice inside the product and, where they have an address, a message in the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.util import identity_key

from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional, work_waits
from webapp.notifications.models import Notice, OutboxMessage
from webapp.notifications.wording import NoticeText, word
from webapp.organization.models import User

# The path of a case's page; the address before it is put on when the message leaves.
CASE_PATH = "/cases/{instance_id}"
EMAIL, INSIDE = "email", "inside"


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

    `texts` are the pack's. One outbox row a person records that `key` was told; for people without an address it is
    already done. Raises Invalid for a text the pack does not have or a value that is missing.
    """
    text = texts.get(text_key)
    if text is None:
        raise Invalid(_("流程包中没有通知文字“%(key)s”。", key=text_key))
    worded = {user: word(text, user.locale, values) for user in _people(institution_id, user_ids)}
    return _tell(institution_id, worded, text_key, instance_id=instance_id, now=now, key=key)


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
    """As `notify`, with words already made (reminders, escalations). `link`: the path of its page, else the case's."""
    worded = dict.fromkeys(_people(institution_id, user_ids), (subject[:300], body))
    return _tell(institution_id, worded, text_key, instance_id=instance_id, now=now, key=key, kind=kind, link=link)


def _tell(
    institution_id: int,
    worded: Mapping[User, tuple[str, str]],
    text_key: str,
    *,
    instance_id: int | None,
    now: datetime,
    key: str,
    kind: str = "case",
    link: str = "",
) -> int:
    path = link or (CASE_PATH.format(instance_id=instance_id) if instance_id is not None else "")
    messages, notices = [], {}
    for user, (subject, body) in worded.items():
        mail = bool(user.email)
        own_key = message_key(institution_id, key, user.id)
        messages.append(
            {
                "institution_id": institution_id,
                "key": own_key,
                "channel": EMAIL if mail else INSIDE,
                "address": user.email,
                "subject": subject,
                "body": f"{body}\n\n{path}" if path else body,
                "state": "waiting" if mail else "sent",
                "attempts": 0,
                "created_at": now,
                "next_at": now,
                "sent_at": None if mail else now,
                "error": "",
            }
        )
        notices[own_key] = {
            "institution_id": institution_id,
            "user_id": user.id,
            "text_key": text_key,
            "subject": subject,
            "body": body,
            "instance_id": instance_id,
            "kind": kind,
            "link": link,
            "created_at": now,
        }
    fresh = _put(messages)
    if fresh:
        db.session.execute(insert(Notice), [notices[own_key] for own_key in fresh])
        work_waits()
    return len(fresh)


def message_key(institution_id: int, key: str, user_id: int) -> str:
    """The message's unique key and, in the mail, its Message-ID: at most 80 characters of plain ASCII."""
    return f"{institution_id}.{sha256(key.encode()).hexdigest()[:40]}.{user_id}"


def _people(institution_id: int, user_ids: Iterable[int]) -> Sequence[User]:
    """Active people, those already loaded without a query."""
    wanted = list(dict.fromkeys(user_ids))
    loaded = {user_id: db.session.identity_map.get(identity_key(User, user_id)) for user_id in wanted}
    absent = [user_id for user_id, user in loaded.items() if user is None]
    if absent:
        loaded |= {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(absent)))}
    people = [user for user_id in wanted if isinstance(user := loaded[user_id], User)]
    return [user for user in people if user.active and user.institution_id == institution_id]


def _put(messages: list[dict[str, Any]]) -> list[str]:
    """Insert the messages whose key is new, in one statement; returns those keys in order."""
    if not messages:
        return []
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    table = OutboxMessage.__table__
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=["key"]).returning(table.c.key)
    return sorted(db.session.execute(statement, messages).scalars())


@transactional
def read(user: User, notice_id: int, now: datetime) -> Notice:
    """Mark a notice of the person as read. Raises NotFound for anybody else's."""
    notice = db.session.scalar(select(Notice).where(Notice.user_id == user.id, Notice.id == notice_id))
    if notice is None:
        raise NotFound(_("没有这条通知。"))
    notice.read_at = notice.read_at or now
    return notice


@transactional
def read_all(user: User, now: datetime) -> None:
    """Mark all of the person's notices as read."""
    db.session.execute(update(Notice).where(Notice.user_id == user.id, Notice.read_at.is_(None)).values(read_at=now))


@transactional
def send_again(institution_id: int, message_id: int, now: datetime) -> OutboxMessage:
    """Put a failed message back into the outbox, with all its tries. Raises NotFound when there is none."""
    statement = select(OutboxMessage).where(
        OutboxMessage.institution_id == institution_id, OutboxMessage.id == message_id, OutboxMessage.state == "failed"
    )
    message = db.session.scalar(statement.with_for_update())
    if message is None:
        raise NotFound(_("没有这条未发出的邮件。"))
    message.state, message.attempts, message.next_at, message.error = "waiting", 0, now, ""
    work_waits()
    return message
