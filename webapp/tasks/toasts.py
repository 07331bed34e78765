"""The line after a decision, with the button that takes it back while nobody has acted on it."""

from __future__ import annotations

from flask import render_template
from markupsafe import Markup

from webapp.extensions import db
from webapp.organization.models import User
from webapp.tasks.taking_back import obstacle_to_taking_back
from webapp.workflow.models import Seat


def with_taking_back(user: User, seat_id: int, words: str) -> str | Markup:
    """The words, and beside them 拿回 where the answer can be taken back."""
    seat = db.session.get(Seat, seat_id)
    if seat is None or obstacle_to_taking_back(user, seat):
        return words
    return Markup(render_template("tasks/_toast.html", words=words, seat_id=seat_id).strip())
