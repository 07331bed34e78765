"""The tasks before and after one in a person's list, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.inbox import queries
from webapp.inbox.queues import Cursor, Filter
from webapp.organization.models import User
from webapp.workflow.models import Seat


@dataclass(frozen=True)
class Neighbours:
    """Ids of seats, None where there is none."""

    previous: int | None
    next: int | None


def neighbours(user: User, seat: Seat, now: datetime) -> Neighbours:
    """What comes before and after `seat` in the list of everything the person may act on."""
    return Neighbours(_beside(user, seat, now, back=True), _beside(user, seat, now, back=False))


def _beside(user: User, seat: Seat, now: datetime, *, back: bool) -> int | None:
    rows = queries.open_seats(user, Filter(), Cursor(seat.urgency, seat.id, back=back), now, limit=1).rows
    return rows[0].id if rows else None
