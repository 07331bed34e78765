"""A person's notices, and the outbox for the administrator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments
from webapp.extensions import db
from webapp.notifications import queries
from webapp.notifications.commands import read as mark_read
from webapp.notifications.commands import read_all, send_again
from webapp.organization.policy import requires, visible
from webapp.security import row_number
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("notifications", __name__)
PAGE = 30
STATES = ("waiting", "failed", "sent")


@blueprint.get("/notices")
@requires("signed_in")
def notices() -> str:
    """What the person was told, newest first."""
    before = request.args.get("before", type=row_number)
    found = queries.notices(current_user, before=before, limit=PAGE + 1)
    return render_template(
        "notifications/notices.html",
        notices=found[:PAGE],
        next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        further=before is not None,
        unread=queries.count_unread(current_user),
        cases=_cases([notice.instance_id for notice in found if notice.instance_id is not None]),
        moments=Moments.of(current_user),
    )


@blueprint.post("/notices/<int:notice_id>/read")
@requires("signed_in")
def read(notice_id: int) -> Response:
    """Mark one as read; with a case one may see, go there."""
    notice = mark_read(current_user, notice_id, datetime.now(UTC))
    if notice.instance_id is not None and _cases([notice.instance_id]):
        return redirect(url_for("cases.case", case_id=notice.instance_id))
    return redirect(url_for("notifications.notices"))


@blueprint.post("/notices/read")
@requires("signed_in")
def all_read() -> Response:
    read_all(current_user, datetime.now(UTC))
    flash(_("全部标为已读。"))
    return redirect(url_for("notifications.notices"))


@blueprint.get("/outbox")
@requires("faults.read")
def outbox() -> str:
    """Mail that waits, failed or was sent; without a mail server everything waits here."""
    state = request.args.get("state", "waiting")
    state = state if state in STATES else "waiting"
    before = request.args.get("before", type=row_number)
    found = queries.outbox(current_user.institution_id, state, before=before, limit=PAGE + 1)
    return render_template(
        "notifications/outbox.html",
        messages=found[:PAGE],
        next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        state=state,
        states=[("waiting", _("待发")), ("failed", _("没有发出")), ("sent", _("已发"))],
        server=current_app.extensions["settings"].mail_host,
        moments=Moments.of(current_user),
    )


@blueprint.post("/outbox/<int:message_id>/again")
@requires("faults.read")
def again(message_id: int) -> Response:
    """Put a failed message back into the queue."""
    send_again(current_user.institution_id, message_id, datetime.now(UTC))
    flash(_("已放回发件箱，马上再发。"))
    return redirect(url_for("notifications.outbox", state="failed"))


def _cases(ids: list[int]) -> dict[int, str]:
    """References of the cases among `ids` that the person may open."""
    named: Any = select(ProcessInstance.id, ProcessInstance.reference).where(ProcessInstance.id.in_(ids))
    return {row[0]: row[1] for row in db.session.execute(visible(current_user, named, ProcessInstance))}
