"""Correspondence about a case: its page, commenting, copying, urging; and the list of copies to oneself."""

from __future__ import annotations

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments
from webapp.correspondence import commands
from webapp.correspondence.conversation import Conversation
from webapp.correspondence.forms import CommentForm, CopyForm, UrgeForm
from webapp.correspondence.listing import CopyList, ticked
from webapp.errors import Forbidden, Invalid
from webapp.organization.models import User
from webapp.organization.policy import can, requires
from webapp.security import safe_target
from webapp.workflow import queries as workflow
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("correspondence", __name__)
Answer = str | Response | tuple[str, int]


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _instance(case_id: int) -> ProcessInstance:
    found = workflow.instance(_me(), case_id)
    if found is None:
        abort(404)
    return found


@blueprint.app_template_global("conversation_of")
def conversation_of(instance: ProcessInstance) -> Conversation:
    """For the parts that other pages include: the correspondence of a case they show, read once per request."""
    made: dict[int, Conversation] = g.setdefault("conversations", {})
    if instance.id not in made:
        back = request.path if request.method == "GET" else _place(instance.id)
        made[instance.id] = Conversation(instance, _me(), Moments.of(_me()), back)
    return made[instance.id]


@blueprint.get("/cases/<int:case_id>/correspondence")
@requires("signed_in")
def case(case_id: int) -> str:
    """Everything said about a case, by itself."""
    return _page(conversation_of(_instance(case_id)))


@blueprint.post("/cases/<int:case_id>/comments")
@requires("signed_in")
def comment(case_id: int) -> Answer:
    """Write, ask or answer; with `refresh` only look people up."""
    instance, user = _instance(case_id), _me()
    if not can(user, "comment", instance):
        raise Forbidden(_("您只能查看这件事项，不能在其中留言。"))
    form = CommentForm.read(user, request.form)
    if "refresh" in request.form or form.errors:
        return _again(instance, "comment_form", form)
    try:
        row = commands.comment(
            user, case_id, form.words, asked_id=form.asked_id, reply_to_id=form.reply_to, task_id=form.task_id
        )
    except Invalid as refused:
        form.take(refused)
        return _again(instance, "comment_form", form)
    flash(_("已问%(who)s，答复会通知您。", who=row.asked.name_zh) if row.asked else _("已发表。"))
    return _back(case_id, f"comment-{row.id}")


@blueprint.post("/cases/<int:case_id>/copies")
@requires("signed_in")
def copy(case_id: int) -> Answer:
    """抄送; with `refresh` only look people up."""
    instance, user = _instance(case_id), _me()
    if not can(user, "copy", instance):
        raise Forbidden(_("只有申请人和办理人可以抄送；您是受抄送、被询问或查看的人。"))
    form = CopyForm.read(user, request.form)
    if "refresh" in request.form or form.errors:
        return _again(instance, "copy_form", form)
    try:
        sent = commands.copy_to(user, case_id, form.people.ids, form.note)
    except Invalid as refused:
        form.take(refused)
        return _again(instance, "copy_form", form)
    flash(ngettext("已抄送 %(num)s 人。", "已抄送 %(num)s 人。", len(sent)))
    return _back(case_id, "copies")


@blueprint.post("/cases/<int:case_id>/urge")
@requires("signed_in")
def urge(case_id: int) -> Answer:
    """催办."""
    instance = _instance(case_id)
    form = UrgeForm(words=request.form.get("words", ""))
    try:
        commands.urge(_me(), case_id, form.words)
    except Invalid as refused:
        form.take(refused)
        return _again(instance, "urge_form", form)
    flash(_("已催办，提醒了现在该办的人。"))
    return _back(case_id, "urge")


@blueprint.get("/copies")
@requires("signed_in")
def copies() -> str:
    """抄送我的: what was copied to this person, unread first."""
    user = _me()
    return render_template("correspondence/copies.html", listing=CopyList(user, Moments.of(user), request.args))


@blueprint.post("/copies/read")
@requires("signed_in")
def read() -> Response:
    """已阅: one copy, or those ticked."""
    marked = commands.mark_read(_me(), ticked(request.form))
    flash(ngettext("%(num)s 件已标为已阅。", "%(num)s 件已标为已阅。", marked) if marked else _("都已阅过。"))
    back = safe_target(request.form.get("back"))
    return redirect(back or url_for("correspondence.copies", view=request.args.get("view")))


def _page(conversation: Conversation) -> str:
    return render_template("correspondence/case.html", conversation=conversation, instance=conversation.instance)


def _again(instance: ProcessInstance, name: str, form: CommentForm | CopyForm | UrgeForm) -> Answer:
    """The page with the form as typed: asked for by a look-up, or because something must be put right."""
    conversation = conversation_of(instance)
    setattr(conversation, name, form)
    page = _page(conversation)
    return page if "refresh" in request.form else (page, 422)


def _back(case_id: int, anchor: str) -> Response:
    """To the page the form stood on."""
    return redirect(f"{_place(case_id)}#{anchor}")


def _place(case_id: int) -> str:
    page = safe_target(request.form.get("back")) or url_for("cases.case", case_id=case_id)
    return page.partition("#")[0]
