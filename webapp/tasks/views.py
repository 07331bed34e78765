"""Handing a task on, taking an answer back, and an administrator's oversight of the cases under way."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.actors import person_name
from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Stale
from webapp.inbox import queries as inbox
from webapp.organization.models import User
from webapp.organization.policy import requires
from webapp.security import row_number
from webapp.tasks import oversight as cases
from webapp.tasks.adding import add_signers, remove_signer
from webapp.tasks.forms import MAX_SEARCH, HandForm, OverseeForm, ReassignForm
from webapp.tasks.handing import delegate, reassign, recall, release, transfer
from webapp.tasks.offers import WAYS
from webapp.tasks.queries import successors
from webapp.tasks.sheet import Sheet, first_words
from webapp.tasks.suspending import resume, suspend, terminate
from webapp.tasks.taking_back import take_back as take_back_answer
from webapp.workflow import queries as workflow
from webapp.workflow.countersign import STILL
from webapp.workflow.models import ProcessInstance, Seat

blueprint = Blueprint("tasks", __name__)
Answer = str | Response | tuple[str, int]
OVERSEEING = {"suspend": suspend, "resume": resume, "terminate": terminate}


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _seat(seat_id: int) -> Seat:
    seat = workflow.seat(_me(), seat_id)
    if seat is None:
        abort(404)
    return seat


def _task(seat_id: int) -> Response:
    return redirect(url_for("inbox.task", seat_id=seat_id))


# Handing on


@blueprint.route("/tasks/<int:seat_id>/hand/<way>", methods=["GET", "POST"])
@requires("signed_in")
def hand(seat_id: int, way: str) -> Answer:
    """转办、委派、前加签、后加签: choose whom, say why, see what happens; "find" looks for people without doing it."""
    if way not in WAYS:
        abort(404)
    seat = _seat(seat_id)
    if seat.state not in STILL:
        return redirect(url_for("cases.case", case_id=seat.instance_id))
    user = _me()
    form = HandForm.read(request.form, seat.version, several=way in ("before", "after"))
    sheet = Sheet(CaseFile(seat.task.instance, user, Moments.of(user)), seat, way, form)
    if request.method == "GET":
        form.note = first_words(way, sheet.step)
    if request.method == "GET" or "find" in request.form:
        return render_template("tasks/hand.html", sheet=sheet)
    if not form.check(sheet.picked):
        return render_template("tasks/hand.html", sheet=sheet), 422
    names = "、".join(person_name(found, sheet.file.locale) for found in sheet.picked.values())
    try:
        _hand_on(sheet, user)
    except (Stale, NotFound, Forbidden):
        raise
    except BeianError as refused:
        form.errors["note" if isinstance(refused, Invalid) else "to"] = refused.sentence
        return render_template("tasks/hand.html", sheet=sheet), 422
    told = {
        "transfer": _("已转给 %(who)s 办理。", who=names),
        "delegate": _("已委派 %(who)s；答复后回到您这里。", who=names),
        "before": _("已请 %(who)s 给出意见；都答复后回到您这里。", who=names),
        "after": _("已安排：您决定后请 %(who)s 确认。", who=names),
    }
    flash(told[way])
    if way == "after":
        return _task(seat_id)
    following = inbox.next_seat(user)
    return _task(following) if following else redirect(url_for("inbox.todo"))


def _hand_on(sheet: Sheet, user: User) -> None:
    form, seat_id = sheet.form, sheet.seat.id
    if sheet.way == "transfer":
        transfer(user, seat_id, form.seat_version, form.users[0], form.note)
    elif sheet.way == "delegate":
        delegate(user, seat_id, form.seat_version, form.users[0], form.note)
    else:
        add_signers(user, seat_id, form.seat_version, sheet.way, form.users, form.note)


@blueprint.post("/tasks/<int:seat_id>/asked/<int:asked_id>/recall", endpoint="recall")
@requires("signed_in")
def recall_asked(seat_id: int, asked_id: int) -> Answer:
    """拿回委派."""
    recall(_me(), asked_id)
    flash(_("已拿回，由您直接办理。"))
    return _task(seat_id)


@blueprint.post("/tasks/<int:seat_id>/asked/<int:asked_id>/remove", endpoint="remove")
@requires("signed_in")
def remove_asked(seat_id: int, asked_id: int) -> Answer:
    """减签."""
    remove_signer(_me(), asked_id)
    flash(_("已减签，不再等这位的意见。"))
    return _task(seat_id)


@blueprint.post("/tasks/<int:seat_id>/take-back")
@requires("signed_in")
def take_back(seat_id: int) -> Answer:
    """拿回 one's own answer; the task is one's own again."""
    opened = take_back_answer(_me(), seat_id)
    flash(_("已拿回，请重新办理。"))
    return _task(opened.id)


# Oversight


@blueprint.get("/oversight")
@requires("cases.oversee")
def oversight() -> str:
    """Cases that run or are suspended, newest first."""
    user = _me()
    moments, text = Moments.of(user), request.args.get("q", "").strip()[:MAX_SEARCH]
    before = request.args.get("before", type=row_number)
    rows, following = cases.under_way(user, moments, text, before)
    return render_template("tasks/oversight.html", rows=rows, following=following, text=text, moments=moments)


@blueprint.get("/oversight/<int:case_id>")
@requires("cases.oversee")
def watched(case_id: int) -> str:
    return _watched_page(_case(case_id), {})


@blueprint.post("/oversight/<int:case_id>/<act>")
@requires("cases.oversee")
def oversee(case_id: int, act: str) -> Answer:
    """挂起、恢复、终止, each with a reason."""
    if act not in OVERSEEING:
        abort(404)
    instance, form = _case(case_id), OverseeForm(prefix=act)
    if not form.validate_on_submit():
        return _watched_page(instance, {act: form}), 422
    OVERSEEING[act](_me(), case_id, str(form.reason.data))
    told = {"suspend": _("已挂起。"), "resume": _("已恢复办理。"), "terminate": _("已终止。")}
    flash(told[act])
    return redirect(url_for("tasks.watched", case_id=case_id))


@blueprint.route("/oversight/<int:case_id>/seats/<int:seat_id>", methods=["GET", "POST"])
@requires("cases.oversee")
def seat(case_id: int, seat_id: int) -> Answer:
    """Give a seat to somebody else whose holder is away."""
    user, instance = _me(), _case(case_id)
    found = cases.open_seat(user, case_id, seat_id)
    if found is None:
        abort(404)
    form = _reassign_form(found, user)
    if not form.validate_on_submit():
        page = _seat_page(instance, found, form)
        return (page, 422) if form.is_submitted() else page
    reassign(user, seat_id, form.to.data, str(form.note.data))
    flash(_("已改派。"))
    return redirect(url_for("tasks.watched", case_id=case_id))


@blueprint.post("/oversight/<int:case_id>/seats/<int:seat_id>/release", endpoint="release")
@requires("cases.oversee")
def put_back(case_id: int, seat_id: int) -> Answer:
    """Put a claimed seat back into its queue."""
    user, instance = _me(), _case(case_id)
    found = cases.open_seat(user, case_id, seat_id)
    if found is None:
        abort(404)
    form = OverseeForm(prefix="release")
    if not form.validate_on_submit():
        return _seat_page(instance, found, _reassign_form(found, user, posted=False), form), 422
    release(user, seat_id, str(form.reason.data))
    flash(_("已放回待认领。"))
    return redirect(url_for("tasks.watched", case_id=case_id))


def _case(case_id: int) -> ProcessInstance:
    found = cases.case(_me(), case_id)
    if found is None:
        abort(404)
    return found


def _reassign_form(seat: Seat, user: User, *, posted: bool = True) -> ReassignForm:
    form = ReassignForm() if posted else ReassignForm(formdata=None)
    locale = Moments.of(user).locale
    form.to.choices = [(found.id, person_name(found, locale)) for found in successors(user, seat)]
    return form


def _watched_page(instance: ProcessInstance, forms: dict[str, OverseeForm]) -> str:
    user = _me()
    moments = Moments.of(user)
    return render_template(
        "tasks/watched.html",
        case=cases.watched(user, moments, instance.id),
        instance=instance,
        steps=cases.steps(instance, moments),
        forms={act: forms.get(act) or OverseeForm(prefix=act, formdata=None) for act in OVERSEEING},
        moments=moments,
    )


def _seat_page(
    instance: ProcessInstance, seat: Seat, form: ReassignForm, release_form: OverseeForm | None = None
) -> str:
    user = _me()
    moments = Moments.of(user)
    case = cases.watched(user, moments, instance.id)
    return render_template(
        "tasks/seat.html",
        case=case,
        place=next((place for place in case.places if place.seat_id == seat.id), None) if case else None,
        seat=seat,
        form=form,
        release_form=release_form or OverseeForm(prefix="release", formdata=None),
        moments=moments,
    )
