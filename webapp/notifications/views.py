"""A person's notices and how they want to be told, and the outbox for the administrator."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from sqlalchemy import select
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments
from webapp.errors import Invalid
from webapp.extensions import db, limiter
from webapp.notifications import queries
from webapp.notifications.addresses import named_hosts
from webapp.notifications.channels import SendError
from webapp.notifications.commands import read as mark_read
from webapp.notifications.commands import read_all, send_again, send_all_again
from webapp.notifications.forms import PreferencesForm, WebhookForm
from webapp.notifications.kinds import KINDS, channel_names, kind_names, kind_notes, robot_names
from webapp.notifications.robots import Robots
from webapp.notifications.webhooks import MOST, add_webhook, remove_webhook, try_webhook
from webapp.notifications.wishes import DIGEST_HOUR, preferences, set_preferences
from webapp.organization.models import User
from webapp.organization.policy import requires, visible
from webapp.security import row_number, safe_target
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("notifications", __name__)
PAGE = 30
STATES = ("waiting", "digest", "failed", "sent")
# The page waits for a robot that is tried, and so it does not wait as long as the outbox.
TRY_SECONDS = 5.0


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


@blueprint.get("/notices")
@requires("signed_in")
def notices() -> str:
    """What the person was told, newest first, of all kinds or one."""
    before = request.args.get("before", type=row_number)
    kind = _kind(request.args.get("kind", ""))
    found = queries.notices(current_user, kind=kind, before=before, limit=PAGE + 1)
    return render_template(
        "notifications/notices.html",
        notices=found[:PAGE],
        next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        further=before is not None,
        unread=queries.count_unread(current_user),
        kind=kind,
        kinds=kind_names(),
        cases=_cases([notice.instance_id for notice in found if notice.instance_id is not None]),
        moments=Moments.of(current_user),
    )


@blueprint.post("/notices/<int:notice_id>/read")
@requires("signed_in")
def read(notice_id: int) -> Response:
    """Mark one as read, and go to its page: the one it names, else the case's where one may see it."""
    notice = mark_read(current_user, notice_id, datetime.now(UTC))
    if page := safe_target(notice.link):
        return redirect(page)
    if notice.instance_id is not None and _cases([notice.instance_id]):
        return redirect(url_for("cases.case", case_id=notice.instance_id))
    return redirect(url_for("notifications.notices"))


@blueprint.post("/notices/read")
@requires("signed_in")
def all_read() -> Response:
    """Mark all as read, or those of the kind shown."""
    kind = _kind(request.form.get("kind", ""))
    read_all(current_user, datetime.now(UTC), kind)
    flash(_("全部标为已读。"))
    return redirect(url_for("notifications.notices", kind=kind or None))


def _kind(named: str) -> str:
    return named if named in KINDS else ""


# How one wants to be told


@blueprint.get("/notices/settings")
@requires("signed_in")
def settings() -> str:
    """Per kind and channel: at once, once a day or not at all; and the person's robots."""
    return _settings_page(WebhookForm(formdata=None))


@blueprint.post("/notices/settings")
@requires("signed_in")
def set_settings() -> Response | tuple[str, int]:
    form = PreferencesForm.showing(preferences(_me()), posted=True)
    if not form.validate_on_submit():
        return _settings_page(WebhookForm(formdata=None), form), 422
    changed = set_preferences(_me(), form.wanted, datetime.now(UTC))
    flash(_("通知方式已保存。") if changed else _("通知方式没有变化。"))
    return redirect(url_for("notifications.settings"))


@blueprint.post("/notices/settings/webhooks")
@requires("signed_in")
def new_webhook() -> Response | tuple[str, int]:
    """Add a robot."""
    form = WebhookForm()
    if not form.validate_on_submit():
        return _settings_page(form), 422
    words = (str(form.kind.data), str(form.name.data or ""), str(form.url.data).strip(), str(form.secret.data or ""))
    try:
        webhook = add_webhook(_me(), *words, datetime.now(UTC), _robots())
    except Invalid as refused:
        for place, sentence in refused.details:
            form[place].errors = [sentence]
        return _settings_page(form), 422
    flash(_("已添加“%(name)s”，请试发一条。", name=webhook.name))
    return redirect(url_for("notifications.settings", _anchor="robots"))


@blueprint.post("/notices/settings/webhooks/<int:webhook_id>/test")
@requires("signed_in")
@limiter.limit("10 per minute", key_func=lambda: str(current_user.get_id()))
def test_webhook(webhook_id: int) -> Response:
    """Send a message to a robot and say what it answered."""
    try:
        webhook = try_webhook(_me(), webhook_id, datetime.now(UTC), _robots(TRY_SECONDS))
    except SendError as error:
        flash(_("没有发出：%(why)s。请核对地址、密钥和机器人的安全设置。", why=str(error)), "error")
    else:
        flash(_("“%(name)s”收下了，请到群里看一看。", name=webhook.name))
    return redirect(url_for("notifications.settings", _anchor="robots"))


@blueprint.post("/notices/settings/webhooks/<int:webhook_id>/remove")
@requires("signed_in")
def drop_webhook(webhook_id: int) -> Response:
    """Take a robot away."""
    remove_webhook(_me(), webhook_id, datetime.now(UTC))
    flash(_("群机器人已移除，地址和密钥已删除。"))
    return redirect(url_for("notifications.settings", _anchor="robots"))


def _robots(timeout: float | None = None) -> Robots:
    found = Robots.from_settings(current_app.extensions["settings"])
    return Robots(found.base_url, found.named, timeout) if timeout else found


def _settings_page(webhook: WebhookForm, form: PreferencesForm | None = None) -> str:
    user = _me()
    webhook.forget()
    return render_template(
        "notifications/settings.html",
        form=form or PreferencesForm.showing(preferences(user)),
        kinds=[(kind, name, kind_notes()[kind]) for kind, name in kind_names().items()],
        channels=channel_names(),
        webhook=webhook,
        webhooks=queries.webhooks(user),
        robots=robot_names(),
        most=MOST,
        named=sorted(named_hosts(current_app.extensions["settings"])),
        hour=DIGEST_HOUR,
        moments=Moments.of(user),
    )


# The administrator's


@blueprint.get("/outbox")
@requires("faults.read")
def outbox() -> str:
    """What waits, failed or was sent, by mail and by robots; without a mail server all mail waits here."""
    state = request.args.get("state", "waiting")
    state = state if state in STATES else "waiting"
    before = request.args.get("before", type=row_number)
    found = queries.outbox(current_user.institution_id, state, before=before, limit=PAGE + 1)
    return render_template(
        "notifications/outbox.html",
        messages=found[:PAGE],
        next_before=found[PAGE - 1].id if len(found) > PAGE else None,
        state=state,
        states=[("waiting", _("待发")), ("digest", _("待汇总")), ("failed", _("没有发出")), ("sent", _("已发"))],
        channels=channel_names(),
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


@blueprint.post("/outbox/again")
@requires("faults.read")
def all_again() -> Response:
    """Put every failed message back into the queue."""
    count = send_all_again(current_user.institution_id, datetime.now(UTC))
    flash(ngettext("%(num)s 条已放回发件箱，马上再发。", "%(num)s 条已放回发件箱，马上再发。", count))
    return redirect(url_for("notifications.outbox", state="failed"))


def _cases(ids: list[int]) -> dict[int, str]:
    """References of the cases among `ids` that the person may open."""
    named: Any = select(ProcessInstance.id, ProcessInstance.reference).where(ProcessInstance.id.in_(ids))
    return {row[0]: row[1] for row in db.session.execute(visible(current_user, named, ProcessInstance))}
