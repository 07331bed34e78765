"""The home page, the inbox, starting a case, and the page of a task. Load, guard, call one command, redirect."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from webapp.arrangements.queries import keymap
from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments
from webapp.definitions import queries as definitions
from webapp.definitions.models import ProcessDefinition
from webapp.errors import Forbidden, Invalid
from webapp.formkit import BoundForm
from webapp.inbox import queries
from webapp.inbox.answering import answered_toast, carry_out, done_words, of_the_form, prepare, store_attachments
from webapp.inbox.desk import Desk
from webapp.inbox.following import CARRYING, address_after, came_from, origin
from webapp.inbox.forms import DecisionForm, new_key, take_refusal
from webapp.inbox.home import Home
from webapp.inbox.lists import Listing
from webapp.inbox.opening import Opening
from webapp.inbox.pane import Pane
from webapp.inbox.queues import Cursor
from webapp.inbox.rail import rail
from webapp.organization.models import User
from webapp.organization.policy import requires
from webapp.security import row_number
from webapp.tasks.company import waits_for_others
from webapp.tasks.offers import toast_after
from webapp.workflow import binding, commands
from webapp.workflow import queries as workflow
from webapp.workflow.countersign import STILL
from webapp.workflow.drafts import discard_draft, posted_of, save_draft
from webapp.workflow.filing import Submission
from webapp.workflow.models import AnswerDraft, Seat
from webapp.workflow.rules import OPINIONS
from webapp.workflow.starting import may_start, start_case

blueprint = Blueprint("inbox", __name__)
Answer = str | Response | tuple[str, int]


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


@blueprint.url_defaults
def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """The list that a task was opened from goes along wherever its page leads, so that the next one is of that list."""
    if endpoint in CARRYING and origin():
        values.setdefault("list", origin())


@blueprint.get("/")
@requires("signed_in")
def home() -> str:
    user = _me()
    return render_template("inbox/home.html", home=Home(user, Moments.of(user)))


@blueprint.get("/inbox")
@requires("signed_in")
def todo() -> str:
    user = _me()
    listing = Listing(user, Moments.of(user), request.args)
    return render_template("inbox/inbox.html", listing=listing, rail=rail(listing), keys=keymap(user))


@blueprint.get("/inbox/preview/<int:seat_id>")
@requires("signed_in")
def preview(seat_id: int) -> str:
    """A task in short, for the reading pane."""
    seat = _seat(seat_id)
    desk = _desk(seat, _bound(seat, None), DecisionForm(seat_version=seat.version))
    return render_template("inbox/preview.html", desk=desk, pane=Pane(desk))


# Starting a case


def _process(key: str) -> ProcessDefinition:
    user = _me()
    found = definitions.newest(user.institution_id, key)
    if found is None:
        abort(404)
    if not may_start(user, definitions.bundle(found.deployment).process(key)):
        raise Forbidden(_("您不在可以发起这项流程的人员之列。"))
    return found


def _opening(row: ProcessDefinition, posted: MultiDict[str, str] | None, **more: Any) -> Opening:
    user, moments = _me(), Moments.of(_me())
    uploads = request.files if request.method == "POST" else None
    asked = request.args.get("account", type=row_number)
    refill = request.endpoint == "inbox.start_fields" or "refresh" in request.form
    told: dict[str, Any] = {"posted": posted, "uploads": uploads, "locale": moments.locale, "now": moments.now}
    bound = binding.bind_start(user, row, account_id=asked, refill=refill, **told)
    key = (posted.get("submission_key") if posted else "") or new_key()
    return Opening(user, row, bound, moments, key, **more)


@blueprint.route("/start/<process_key>", methods=["GET", "POST"])
@requires("signed_in")
def start(process_key: str) -> Answer:
    row = _process(process_key)
    if request.method == "GET":
        return _start_page(_from_draft(row))
    opening = _opening(row, request.form)
    binding.store_uploads(opening.bound, opening.user, opening.bundle)
    if "draft" in request.form or opening.bound.structural_action:
        return _kept(opening)
    opening.attempted = True
    if not opening.bound.validate():
        _keep(opening)
        return _start_page(opening), 422
    bound = opening.bound
    submission = Submission(answers=bound.answers, form=(bound.schema.key, bound.schema.hash), key=opening.key)
    try:
        case = start_case(opening.user, process_key, submission)
    except Invalid as refused:
        if not take_refusal(bound, refused):
            raise
        _keep(opening)
        return _start_page(opening), 422
    flash(_("已提交，编号 %(reference)s。", reference=case.reference))
    return redirect(url_for("cases.case", case_id=case.id))


@blueprint.post("/start/<process_key>/draft")
@requires("signed_in")
def start_draft(process_key: str) -> Response:
    opening = _opening(_process(process_key), request.form)
    draft = _keep(opening)
    return jsonify({"saved_at": opening.moments.clock(draft.saved_at)})


@blueprint.post("/start/<process_key>/fields")
@requires("signed_in")
def start_fields(process_key: str) -> str:
    """The form's fields anew, for a change that shows or hides others."""
    opening = _opening(_process(process_key), request.form)
    binding.store_uploads(opening.bound, opening.user, opening.bundle)
    return render_template("inbox/start_fields.html", opening=opening, oob=True)


@blueprint.post("/drafts/<int:draft_id>/discard")
@requires("signed_in")
def discard(draft_id: int) -> Response:
    discard_draft(_me(), draft_id)
    flash(_("草稿已删除。"))
    return redirect(url_for("inbox.todo", view="drafts"))


def _from_draft(row: ProcessDefinition) -> Opening:
    """The form with what was typed last; a draft whose application was filed meanwhile is thrown away.

    Somebody who comes for another account starts anew.
    """
    user = _me()
    draft = workflow.draft(user, process_key=row.key)
    posted = posted_of(draft)
    if draft and posted and workflow.by_submission(posted.get("submission_key", ""), user.id):
        discard_draft(user, draft.id)
        draft, posted = None, None
    asked = request.args.get("account", "")
    if posted and asked and posted.get("account") != asked:
        flash(_("您有一份未交的草稿，涉及别的账号；这里填写后会取代它。"))
        draft, posted = None, None
    return _opening(row, posted, saved_at=draft.saved_at if draft else None)


def _keep(opening: Opening) -> AnswerDraft:
    pairs = [(name, value) for name, values in opening.bound.typed.items() for value in values]
    posted = MultiDict([*pairs, ("submission_key", opening.key)])
    draft = save_draft(opening.user, posted, process_key=opening.row.key, title=opening.draft_title)
    opening.saved_at = draft.saved_at
    return draft


def _kept(opening: Opening) -> Answer:
    _keep(opening)
    if "draft" in request.form:
        flash(_("草稿已存，可以以后再填。"))
        return redirect(url_for("inbox.todo", view="drafts"))
    return _start_page(opening)


def _start_page(opening: Opening) -> str:
    return render_template("inbox/start.html", opening=opening)


# Tasks


def _seat(seat_id: int) -> Seat:
    seat = workflow.seat(_me(), seat_id)
    if seat is None:
        abort(404)
    return seat


def _desk(seat: Seat, bound: BoundForm | None, decision: DecisionForm, saved: str = "") -> Desk:
    user = _me()
    return Desk(CaseFile(seat.task.instance, user, Moments.of(user)), seat, bound, decision, saved)


def _bound(seat: Seat, posted: MultiDict[str, str] | None) -> BoundForm | None:
    """The step's own form; who was only asked for an opinion fills in none."""
    if seat.kind in OPINIONS:
        return None
    moments = Moments.of(_me())
    uploads = of_the_form(request.files) if request.method == "POST" else None
    return binding.bind_task(_me(), seat, posted=posted, uploads=uploads, locale=moments.locale, now=moments.now)


@blueprint.get("/tasks/<int:seat_id>")
@requires("signed_in")
def task(seat_id: int) -> Answer:
    seat = _seat(seat_id)
    if seat.state not in STILL and not waits_for_others(seat):
        return redirect(url_for("cases.case", case_id=seat.instance_id))
    draft = workflow.draft(_me(), seat_id=seat_id)
    posted = posted_of(draft)
    decision = DecisionForm.read(posted or MultiDict(), seat.version)
    decision.seat_version = seat.version
    saved = _("意见已存 %(at)s", at=Moments.of(_me()).clock(draft.saved_at)) if draft else _("边写边存")
    return _task_page(_desk(seat, _bound(seat, posted), decision, saved))


@blueprint.post("/tasks/<int:seat_id>/claim")
@requires("signed_in")
def claim(seat_id: int) -> Answer:
    seat = _seat(seat_id)
    version = DecisionForm.read(request.form, seat.version).seat_version
    claimed = commands.claim(_me(), seat_id, version)
    flash(_("已认领，由您办理。"), f"undo:unclaim:{seat_id}:{claimed.version}")
    return redirect(url_for("inbox.task", seat_id=seat_id))


@blueprint.post("/tasks/<int:seat_id>/unclaim")
@requires("signed_in")
def unclaim(seat_id: int) -> Answer:
    seat = _seat(seat_id)
    version = DecisionForm.read(request.form, seat.version).seat_version
    freed = commands.unclaim(_me(), seat_id, version)
    flash(_("已取消认领，同一角色的人都可以认领。"), f"undo:claim:{seat_id}:{freed.version}")
    return redirect(came_from(_me()).href())


@blueprint.post("/tasks/<int:seat_id>/draft")
@requires("signed_in")
def task_draft(seat_id: int) -> Response:
    draft = _keep_opinion(_seat(seat_id), request.form)
    return jsonify({"saved_at": Moments.of(_me()).clock(draft.saved_at)})


@blueprint.post("/tasks/<int:seat_id>/fields")
@requires("signed_in")
def task_fields(seat_id: int) -> str:
    seat = _seat(seat_id)
    bound = _bound(seat, request.form)
    if bound is None:
        abort(404)
    desk = _desk(seat, bound, DecisionForm.read(request.form, seat.version))
    binding.store_uploads(bound, desk.file.reader, desk.file.bundle)
    return render_template("inbox/task_fields.html", desk=desk, oob=desk.correcting)


@blueprint.post("/tasks/<int:seat_id>/answer")
@requires("signed_in")
def answer(seat_id: int) -> Answer:
    """同意、不予、收存 or 提交."""
    return _decide(seat_id, returning=False)


@blueprint.post("/tasks/<int:seat_id>/return", endpoint="return")
@requires("signed_in")
def send_back(seat_id: int) -> Answer:
    """退回, to the applicant or to an earlier step; the step's own form need not be filled in."""
    return _decide(seat_id, returning=True)


def _decide(seat_id: int, *, returning: bool) -> Answer:
    user, seat = _me(), _seat(seat_id)
    place = Cursor(seat.urgency, seat.id)
    decision = DecisionForm.read(request.form, seat.version)
    if seat.state not in STILL:
        # Somebody was first, or this is the same post once more: the command tells them apart.
        commands.answer(user, seat_id, decision.seat_version, Submission(key=decision.key))
        return redirect(address_after(user, place, queries.next_seat(user, place)))
    desk = _desk(seat, _bound(seat, request.form), decision)
    if desk.bound is not None:
        binding.store_uploads(desk.bound, user, desk.file.bundle)
    store_attachments(desk, request.files)
    if "draft" in request.form:
        return _put_aside(desk)
    if desk.bound is not None and desk.bound.structural_action:
        return _task_page(desk)
    try:
        submission = prepare(desk, returning)
        title, done = desk.file.title, done_words(desk, submission.decision, returning)
        case = carry_out(desk, submission, returning)
    except Invalid as refused:
        if desk.bound is None or not take_refusal(desk.bound, refused):
            decision.take(refused)
        return _task_page(desk), 422
    opened, following = queries.aftermath(user, case.id, place)
    flash(answered_toast(title, done, case.state, opened), toast_after(user, seat_id))
    here = url_for("cases.case", case_id=case.id) if desk.correcting else address_after(user, place, following)
    return redirect(here)


def _put_aside(desk: Desk) -> Answer:
    """暂存; a file that was not taken is said on the page, and what was typed is kept all the same."""
    _keep_opinion(desk.seat, desk.typed)
    if desk.decision.errors:
        return _task_page(desk), 422
    flash(_("已暂存，可以以后再办。"))
    return redirect(came_from(_me()).href())


def _keep_opinion(seat: Seat, typed: MultiDict[str, str]) -> AnswerDraft:
    return save_draft(_me(), typed, seat_id=seat.id, title=seat.task.instance.title_zh)


def _task_page(desk: Desk) -> str:
    template = "inbox/correction.html" if desk.correcting and not desk.obstacle else "inbox/task.html"
    return render_template(template, desk=desk)
