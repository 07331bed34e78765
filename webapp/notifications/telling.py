"""Writing down what is told: the notice, and a row of the outbox for each person and channel.

The first row of a person records that the key was told, whatever leaves the house; only who was not told before gets
a notice and further rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite

from webapp.extensions import db, work_waits
from webapp.notifications.kinds import AT_ONCE, DAILY, EMAIL, INSIDE, NONE, WEBHOOK
from webapp.notifications.models import Notice, OutboxMessage
from webapp.notifications.wishes import Wish, next_digest

# The path of a case's page; the address before it is put on when the message leaves.
CASE_PATH = "/cases/{instance_id}"
Worded = tuple[Wish, str, str]


@dataclass(frozen=True)
class Telling:
    """What is told under one key. `link` is the path of its page, else the case's."""

    institution_id: int
    key: str
    now: datetime
    instance_id: int | None = None
    text_key: str = ""
    kind: str = "case"
    link: str = ""

    @property
    def path(self) -> str:
        return self.link or (CASE_PATH.format(instance_id=self.instance_id) if self.instance_id is not None else "")

    @cached_property
    def digest(self) -> tuple[date, datetime]:
        """Asked only where somebody wants a digest."""
        return next_digest(self.institution_id, self.now)


def message_key(institution_id: int, key: str, user_id: int, webhook_id: int | None = None) -> str:
    """The message's unique key and, in the mail, its Message-ID: at most 80 characters of plain ASCII."""
    own = f"{institution_id}.{sha256(key.encode()).hexdigest()[:40]}.{user_id}"
    return own if webhook_id is None else f"{own}.w{webhook_id}"


def put(telling: Telling, worded: Sequence[Worded]) -> int:
    """Tell each person once, in these words (subject of one line, body); returns how many were not told before."""
    people = {message_key(telling.institution_id, telling.key, entry[0].user.id): entry for entry in worded}
    fresh = _put_new([_first_row(telling, key, *entry) for key, entry in people.items()])
    if fresh:
        db.session.execute(insert(Notice), [_notice(telling, *people[key]) for key in fresh])
        further = [row for key in fresh for row in _robot_rows(telling, *people[key])]
        if further:
            db.session.execute(insert(OutboxMessage), further)
        work_waits()
    return len(fresh)


def _first_row(telling: Telling, key: str, wish: Wish, subject: str, body: str) -> dict[str, Any]:
    mode = wish.modes[EMAIL] if wish.user.email else NONE
    channel = INSIDE if mode == NONE else EMAIL
    row = _row(telling, wish, subject, body, mode)
    return {**row, "key": key, "channel": channel, "address": wish.user.email, "webhook_id": None}


def _robot_rows(telling: Telling, wish: Wish, subject: str, body: str) -> list[dict[str, Any]]:
    mode = wish.modes[WEBHOOK]
    if mode == NONE:
        return []
    row = _row(telling, wish, subject, body, mode)
    return [
        {
            **row,
            "key": message_key(telling.institution_id, telling.key, wish.user.id, webhook_id),
            "channel": WEBHOOK,
            "address": name,
            "webhook_id": webhook_id,
        }
        for webhook_id, name in wish.webhooks.items()
    ]


def _row(telling: Telling, wish: Wish, subject: str, body: str, mode: str) -> dict[str, Any]:
    """What the rows of every channel have in common."""
    day, at = telling.digest if mode == DAILY else (None, telling.now)
    return {
        "institution_id": telling.institution_id,
        "user_id": wish.user.id,
        "subject": subject,
        "body": f"{body}\n\n{telling.path}" if telling.path else body,
        "state": {AT_ONCE: "waiting", DAILY: "digest", NONE: "sent"}[mode],
        "attempts": 0,
        "created_at": telling.now,
        "next_at": at,
        "digest_on": day,
        "sent_at": telling.now if mode == NONE else None,
        "error": "",
    }


def _notice(telling: Telling, wish: Wish, subject: str, body: str) -> dict[str, Any]:
    return {
        "institution_id": telling.institution_id,
        "user_id": wish.user.id,
        "text_key": telling.text_key,
        "subject": subject,
        "body": body,
        "instance_id": telling.instance_id,
        "kind": telling.kind,
        "link": telling.link,
        "created_at": telling.now,
    }


def _put_new(messages: list[dict[str, Any]]) -> list[str]:
    """Insert the messages whose key is new, in one statement; returns those keys in order."""
    if not messages:
        return []
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    table = OutboxMessage.__table__
    statement = dialect.insert(table).on_conflict_do_nothing(index_elements=["key"]).returning(table.c.key)
    return sorted(db.session.execute(statement, messages).scalars())
