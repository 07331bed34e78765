"""What stopped and waits for an administrator: the list, one fault, and closing it with a note."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments
from webapp.extensions import db
from webapp.faults import queries
from webapp.faults.commands import resolve as resolve_fault
from webapp.faults.forms import ResolveForm
from webapp.faults.models import Fault
from webapp.ledger.queries import page as ledger_page
from webapp.notifications import queries as notifications
from webapp.organization.models import User
from webapp.organization.policy import requires
from webapp.security import row_number
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("faults", __name__)
PAGE = 30


@blueprint.get("/faults")
@requires("faults.read")
def faults() -> str:
    """Open faults, newest first, and those resolved last."""
    institution_id = current_user.institution_id
    before = request.args.get("before", type=row_number)
    found = queries.open_faults(institution_id, before=before, limit=PAGE + 1)
    resolved = queries.resolved_faults(institution_id) if before is None else []
    return render_template(
        "faults/faults.html",
        faults=found[:PAGE],
        next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        resolved=resolved,
        people=_people(resolved),
        cases=_references([*found, *resolved]),
        unsent=len(notifications.outbox(institution_id, "failed", limit=PAGE)),
        kinds=_kinds(),
        moments=Moments.of(current_user),
    )


@blueprint.route("/faults/<int:fault_id>", methods=["GET", "POST"])
@requires("faults.read")
def fault(fault_id: int) -> str | Response | tuple[str, int]:
    """One fault with what the machine said; a post closes it."""
    institution_id = current_user.institution_id
    found = queries.fault(institution_id, fault_id)
    if found is None:
        abort(404)
    form = ResolveForm()
    if form.validate_on_submit():
        resolve_fault(
            institution_id, fault_id, by=current_user, now=datetime.now(UTC), note=str(form.note.data).strip()
        )
        flash(_("故障已解除，处理经过已记入账册。"))
        return redirect(url_for("faults.faults"))
    events = ledger_page(db.session(), institution_id, object_type="fault", object_id=fault_id)
    notes = [(event.erasable or {}).get("note", "") for event in events if event.action == "faults:fault:resolved"]
    page = render_template(
        "faults/fault.html",
        fault=found,
        form=form,
        note=next((note for note in notes if note), ""),
        people=_people([found]),
        cases=_references([found]),
        kinds=_kinds(),
        moments=Moments.of(current_user),
    )
    return (page, 422) if form.errors else page


def _references(found: Iterable[Fault]) -> dict[int, str]:
    """The references of the cases the faults stopped; an administrator sees no more of them."""
    ids = {row.instance_id for row in found if row.instance_id is not None}
    statement = select(ProcessInstance.id, ProcessInstance.reference).where(
        ProcessInstance.institution_id == current_user.institution_id, ProcessInstance.id.in_(ids)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _people(found: Iterable[Fault]) -> dict[int, User]:
    ids = {row.resolved_by_id for row in found if row.resolved_by_id is not None}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids)))}


def _kinds() -> dict[str, str]:
    return {
        "operation": _("系统执行失败"),
        "timer": _("定时事项失败"),
        "job": _("后台任务失败"),
        "campaign": _("集中工作受阻"),
        "mail": _("邮件发不出去"),
        "webhook": _("群机器人不收消息"),
        "announcement": _("没有告知办理人"),
        "no_approver": _("没有可办理的人"),
        "request": _("系统发起"),
        "ledger": _("账册不相接"),
    }
