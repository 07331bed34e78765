"""A person's tasks that wait for nothing they can do: cases an administrator stopped, and those whose clock stands."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, literal_column, or_, select

from webapp.organization.models import User
from webapp.organization.policy import held_queues
from webapp.workflow.models import ClockPause, ProcessInstance, Seat

# Written out: the partial indexes hold only these rows.
_HELD = Seat.state == literal_column("'held'")
# So many of the pauses that began last are looked at.
_PAUSES = 2000


def found(user: User, before: int | None = None) -> Select[Any]:
    """Ids of the seats, the newest first: held ones, and open ones in a case whose clock stands still."""
    mine = or_(Seat.holder_id == user.id, Seat.queue.in_(held_queues(user)))
    other = ProcessInstance.applicant_id != user.id
    held = select(Seat.id).join(ProcessInstance, ProcessInstance.id == Seat.instance_id).where(_HELD, mine)
    pauses = (
        select(ClockPause.instance_id)
        .where(ClockPause.ended_at.is_(None))
        .order_by(ClockPause.id.desc())
        .limit(_PAUSES)
        .subquery()
    )
    standing = (
        select(Seat.id)
        .select_from(pauses)
        .join(Seat, Seat.instance_id == pauses.c.instance_id)
        .join(ProcessInstance, ProcessInstance.id == Seat.instance_id)
        .where(Seat.state == "open", Seat.role != "applicant", mine)
    )
    both = held.where(other).union(standing.where(other)).subquery()
    statement = select(both.c.id).order_by(both.c.id.desc())
    return statement.where(both.c.id < before) if before is not None else statement


def count(user: User, at_most: int) -> Select[Any]:
    """A statement counting them, stopping at `at_most`."""
    return select(func.count()).select_from(found(user).limit(at_most).subquery())
