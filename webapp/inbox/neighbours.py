"""The tasks before and after one in the list it was opened from, most urgent first."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.inbox import queries
from webapp.inbox.lists import Listing
from webapp.inbox.queues import Cursor, Filter
from webapp.workflow.models import Seat


@dataclass(frozen=True)
class Neighbours:
    """Ids of seats, None where there is none."""

    previous: int | None
    next: int | None


def neighbours(listing: Listing, seat: Seat) -> Neighbours:
    """What comes before and after `seat` in the list; from the usual one, in everything the person may act on."""
    return Neighbours(_beside(listing, seat, back=True), _beside(listing, seat, back=False))


def _beside(listing: Listing, seat: Seat, *, back: bool) -> int | None:
    narrowed = bool(listing.query) and listing.acting
    wanted, places = (listing.wanted, listing.places) if narrowed else (Filter(), None)
    place, now = Cursor(seat.urgency, seat.id, back=back), listing.moments.now
    rows = queries.open_seats(listing.user, wanted, place, now, limit=1, places=places).rows
    return rows[0].id if rows else None
