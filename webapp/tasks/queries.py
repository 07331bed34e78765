"""Whom a task can be handed to, and what has been asked of others at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import or_, select

from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import holders, local_day
from webapp.tasks.standing import objection_to_deciding, objection_to_speaking
from webapp.workflow.models import Seat

MOST_TYPED = 40


def successors(actor: User, seat: Seat) -> Sequence[User]:
    """Who may finish a seat in the actor's place, by name: others of its role, or of its holder's unit."""
    if seat.queue is not None:
        role, unit_id = seat.queue.rsplit(":", 1)
        found = holders(seat.institution_id, role, int(unit_id), local_day(datetime.now(UTC)))
    else:
        holder = seat.holder or actor
        same = (User.institution_id == seat.institution_id, User.unit_id == holder.unit_id, User.active)
        found = db.session.scalars(select(User).where(*same)).all()
    able = (user for user in found if user.id != actor.id and not objection_to_deciding(user, seat))
    return sorted(able, key=lambda user: (user.name_zh, user.id))


def colleagues(actor: User, seat: Seat, text: str, limit: int = 20) -> Sequence[User]:
    """Who may be asked for an opinion on a task, found by name or login; nobody for an empty `text`."""
    words = text.strip()[:MOST_TYPED]
    if not words:
        return []
    named = or_(*(field.icontains(words, autoescape=True) for field in (User.name_zh, User.name_en, User.username)))
    statement = select(User).where(User.institution_id == actor.institution_id, User.active, User.id != actor.id, named)
    found = db.session.scalars(statement.order_by(User.name_zh, User.id).limit(limit * 2))
    return [user for user in found if not objection_to_speaking(user, seat)][:limit]


def children(seat: Seat) -> Sequence[Seat]:
    """The seats opened below a seat, apart from those given up, in their order."""
    return [s for s in seat.task.seats if s.parent_id == seat.id and s.state != "void"]
