"""Reads about notices and the outbox."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from webapp.extensions import db
from webapp.notifications.kinds import CHANNELS
from webapp.notifications.models import Notice, OutboxMessage, Webhook
from webapp.organization.models import User


def notices(user: User, *, kind: str = "", before: int | None = None, limit: int = 30) -> Sequence[Notice]:
    """The person's notices, of one kind where one is named, newest first; `before` is the last id of the page shown."""
    statement = select(Notice).where(Notice.user_id == user.id)
    if kind:
        statement = statement.where(Notice.kind == kind)
    if before is not None:
        statement = statement.where(Notice.id < before)
    return db.session.scalars(statement.order_by(Notice.id.desc()).limit(limit)).all()


def count_unread(user: User, at_most: int = 100) -> int:
    """How many notices are unread; counting stops at `at_most`."""
    found = select(Notice.id).where(Notice.user_id == user.id, Notice.read_at.is_(None)).limit(at_most)
    return db.session.scalar(select(func.count()).select_from(found.subquery())) or 0


def notices_of_instance(institution_id: int, instance_id: int) -> Sequence[tuple[Notice, User]]:
    """Whom a case's notices went to, oldest first."""
    statement = (
        select(Notice, User)
        .join(User, User.id == Notice.user_id)
        .where(Notice.institution_id == institution_id, Notice.instance_id == instance_id)
        .order_by(Notice.id)
    )
    return [(notice, user) for notice, user in db.session.execute(statement)]


def webhooks(user: User) -> Sequence[Webhook]:
    """The robots the person's notices also go to, oldest first."""
    return db.session.scalars(
        select(Webhook).where(Webhook.user_id == user.id, Webhook.active).order_by(Webhook.id)
    ).all()


def outbox(institution_id: int, state: str, *, before: int | None = None, limit: int = 30) -> Sequence[OutboxMessage]:
    """What leaves the house, in a state (waiting, digest, sent, failed), newest first, before the id `before`."""
    statement = select(OutboxMessage).where(
        OutboxMessage.institution_id == institution_id,
        OutboxMessage.channel.in_(CHANNELS),
        OutboxMessage.state == state,
    )
    if before is not None:
        statement = statement.where(OutboxMessage.id < before)
    return db.session.scalars(statement.order_by(OutboxMessage.id.desc()).limit(limit)).all()
