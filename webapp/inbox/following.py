"""Where a decision leads: to the next task of the list one came from."""

from __future__ import annotations

from flask import request, url_for

from webapp.cases.moments import Moments
from webapp.inbox.lists import MAX_ORIGIN, Listing
from webapp.inbox.queues import Cursor
from webapp.organization.models import User

# The pages that a list goes along with, so that the next task is of that list.
CARRYING = frozenset(f"inbox.{name}" for name in ("task", "claim", "unclaim", "answer", "return"))


def origin() -> str:
    """What the address of this page says of the list it was opened from, "" for the usual one."""
    return request.args.get("list", "")[:MAX_ORIGIN] if request else ""


def came_from(user: User) -> Listing:
    """The list that the task was opened from."""
    return Listing.named(user, Moments.of(user), origin())


def address_after(user: User, place: Cursor, following: int | None) -> str:
    """The next task's address, or that of the list with it marked, where one decided beside the list.

    `following` is the seat after `place` in the usual list; None when there is none, which leads to the list.
    """
    listing = came_from(user)
    if listing.query:
        following = listing.following(place) if listing.acting else following
    if "pane" in request.form:
        return listing.href(at=following)
    return url_for("inbox.task", seat_id=following) if following else listing.href()
