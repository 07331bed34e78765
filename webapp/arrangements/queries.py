"""Reads about what people have arranged for themselves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import joinedload

from webapp.arrangements.keys import merged
from webapp.arrangements.models import InboxView, Phrase, Shortcuts
from webapp.extensions import db
from webapp.organization.models import User

# What a list of views shows of one unit's; nobody reads more.
MOST_SHARED = 50


def own_views(user: User) -> Sequence[InboxView]:
    """The person's saved views, in their order."""
    return db.session.scalars(_in_order(select(InboxView).where(InboxView.owner_id == user.id))).all()


def views(user: User) -> Sequence[InboxView]:
    """The person's saved views in their order, then those that others share with the person's unit."""
    statement = select(InboxView).where(_open_to(user)).options(joinedload(InboxView.owner))
    found = db.session.scalars(_in_order(statement).limit(2 * MOST_SHARED)).all()
    return sorted(found, key=lambda view: view.owner_id != user.id)


def view(user: User, view_id: int) -> InboxView | None:
    """A saved view the person may open: an own one, or one shared with the person's unit."""
    found: InboxView | None = db.session.scalar(select(InboxView).where(InboxView.id == view_id, _open_to(user)))
    return found


def own_view(user: User, view_id: int) -> InboxView | None:
    found: InboxView | None = db.session.scalar(
        select(InboxView).where(InboxView.id == view_id, InboxView.owner_id == user.id)
    )
    return found


def phrases(user: User) -> Sequence[Phrase]:
    """The person's phrases, in their order."""
    statement = select(Phrase).where(Phrase.user_id == user.id).order_by(Phrase.position, Phrase.id)
    return db.session.scalars(statement).all()


def shortcuts(user: User) -> Shortcuts | None:
    found: Shortcuts | None = db.session.scalar(select(Shortcuts).where(Shortcuts.user_id == user.id))
    return found


def keymap(user: User) -> dict[str, str]:
    """Every action's key for this person."""
    changed = shortcuts(user)
    return merged(changed.keys if changed else {})


def _open_to(user: User) -> ColumnElement[bool]:
    shared = and_(InboxView.institution_id == user.institution_id, InboxView.shared_unit_id == user.unit_id)
    return or_(InboxView.owner_id == user.id, shared) if user.unit_id is not None else InboxView.owner_id == user.id


def _in_order(statement: Select[InboxView]) -> Select[InboxView]:
    return statement.order_by(InboxView.position, InboxView.id)
