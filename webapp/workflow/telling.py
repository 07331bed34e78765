"""Telling people about a seat: what they are to do with it, or what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask_babel import gettext as _

from webapp.notifications.commands import tell
from webapp.organization.models import User
from webapp.workflow.models import Seat

SEAT_PATH = "/tasks/{seat_id}"


def tell_of(seat: Seat, user_ids: Iterable[int], subject: str, body: str, *, kind: str, key: str, now: datetime) -> int:
    """Tell these people once under `key`, with the way to the seat's page; returns how many. `seat` has its id."""
    link, case = SEAT_PATH.format(seat_id=seat.id), seat.instance_id
    return tell(seat.institution_id, user_ids, subject, body, instance_id=case, now=now, key=key, kind=kind, link=link)


def tell_principal(seat: Seat, principal_id: int | None, actor: User, now: datetime) -> None:
    """Whoever was stood in for learns at once what was done in their name."""
    if principal_id is None:
        return
    case = seat.task.instance
    facts = {"who": actor.name_zh, "title": case.title_zh, "step": seat.task.name, "reference": case.reference}
    subject = _("%(who)s 代您办理了：%(title)s", **facts)
    body = _("%(reference)s 的“%(step)s”由 %(who)s 代您办理，意见和结论见事项页。", **facts)
    tell_of(seat, [principal_id], subject, body, kind="substitute", key=f"substitute:{seat.id}:{seat.version}", now=now)
