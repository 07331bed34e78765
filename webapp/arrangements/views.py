"""What goes with the list of the inbox: saved views, phrases, keys, export, counter, approving what is ticked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask import Response as Sent
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.arrangements import commands, queries
from webapp.arrangements.keys import USUAL, action_names
from webapp.arrangements.phrases import PhraseBox
from webapp.cases.moments import Moments
from webapp.errors import Invalid
from webapp.extensions import limiter
from webapp.inbox.counters import todo_count
from webapp.inbox.export import lines
from webapp.inbox.following import came_from
from webapp.inbox.listing import Item, seat_item
from webapp.inbox.lists import Listing, ticks
from webapp.inbox.queries import seats
from webapp.inbox.rail import shown
from webapp.organization.models import User
from webapp.organization.policy import can, requires
from webapp.tasks.batches import MOST_TICKED, approve_each

blueprint = Blueprint("arrangements", __name__)
Answer = str | Response | tuple[str, int]
MAX_OPINION = 4000


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


@blueprint.app_context_processor
def _phrases() -> dict[str, object]:
    """`my_phrases`: what is offered under an opinion; `my_keys()`: which key does what. Read when a template asks."""
    return {"my_phrases": PhraseBox(), "my_keys": lambda: queries.keymap(_me())}


# Saved views


@blueprint.get("/inbox/views")
@requires("signed_in")
def views() -> str:
    """Rename, order, share and delete what one has saved; see what the unit shares."""
    user = _me()
    found = queries.views(user)
    own = [view for view in found if view.owner_id == user.id]
    return render_template("arrangements/views.html", own=own, shared=found[len(own) :], most=commands.MOST_VIEWS)


@blueprint.post("/inbox/views")
@requires("signed_in")
def save() -> Response:
    """Keep the list one looks at under a name."""
    listing = came_from(_me())
    query = listing.saved.query if listing.saved else listing.query
    view = commands.save_view(_me(), request.form.get("name", ""), query)
    flash(_("已存为视图「%(name)s」。", name=view.name))
    return redirect(url_for("inbox.todo", saved=view.id))


@blueprint.post("/inbox/views/<int:view_id>/rename")
@requires("signed_in")
def rename(view_id: int) -> Response:
    commands.rename_view(_me(), view_id, request.form.get("name", ""))
    return redirect(url_for("arrangements.views"))


@blueprint.post("/inbox/views/<int:view_id>/move")
@requires("signed_in")
def move(view_id: int) -> Response:
    commands.move_view(_me(), view_id, request.form.get("to") == "up")
    return redirect(url_for("arrangements.views"))


@blueprint.post("/inbox/views/<int:view_id>/share")
@requires("signed_in")
def share(view_id: int) -> Response:
    view = commands.share_view(_me(), view_id, request.form.get("shared") == "1")
    told = _("已共享给本单位的人。") if view.shared_unit_id else _("已不再共享。")
    flash(told)
    return redirect(url_for("arrangements.views"))


@blueprint.post("/inbox/views/<int:view_id>/remove")
@requires("signed_in")
def remove(view_id: int) -> Response:
    commands.remove_view(_me(), view_id)
    flash(_("视图已删除。"))
    return redirect(url_for("arrangements.views"))


# Phrases


@blueprint.route("/inbox/phrases", methods=["GET", "POST"])
@requires("signed_in")
def phrases() -> Answer:
    """The sentences one often writes, and one more."""
    if request.method == "POST":
        commands.add_phrase(_me(), request.form.get("words", ""))
        return redirect(url_for("arrangements.phrases"))
    return render_template(
        "arrangements/phrases.html",
        own=queries.phrases(_me()),
        most=commands.MOST_PHRASES,
        longest=commands.MAX_PHRASE,
    )


@blueprint.post("/inbox/phrases/<int:phrase_id>/change")
@requires("signed_in")
def change_phrase(phrase_id: int) -> Response:
    commands.change_phrase(_me(), phrase_id, request.form.get("words", ""))
    return redirect(url_for("arrangements.phrases"))


@blueprint.post("/inbox/phrases/<int:phrase_id>/move")
@requires("signed_in")
def move_phrase(phrase_id: int) -> Response:
    commands.move_phrase(_me(), phrase_id, request.form.get("to") == "up")
    return redirect(url_for("arrangements.phrases"))


@blueprint.post("/inbox/phrases/<int:phrase_id>/remove")
@requires("signed_in")
def remove_phrase(phrase_id: int) -> Response:
    commands.remove_phrase(_me(), phrase_id)
    return redirect(url_for("arrangements.phrases"))


# Keys


@blueprint.route("/inbox/keys", methods=["GET", "POST"])
@requires("signed_in")
def keys() -> Answer:
    """Which key does what, and other keys in their place."""
    if request.method == "GET":
        return _keys_page(queries.keymap(_me()), {})
    wanted = {action: request.form.get(f"key_{action}", "") for action in USUAL}
    try:
        commands.set_keys(_me(), wanted)
    except Invalid as refused:
        return _keys_page({action: key[:8] for action, key in wanted.items()}, dict(refused.details)), 422
    flash(_("快捷键已改。"))
    return redirect(url_for("arrangements.keys"))


@blueprint.post("/inbox/keys/reset")
@requires("signed_in")
def reset_keys() -> Response:
    commands.set_keys(_me(), USUAL)
    flash(_("快捷键已恢复原样。"))
    return redirect(url_for("arrangements.keys"))


def _keys_page(shown_keys: dict[str, str], wrong: dict[str, str]) -> str:
    return render_template("arrangements/keys.html", keys=shown_keys, wrong=wrong, names=action_names(), usual=USUAL)


# The list itself


@blueprint.get("/inbox/export.csv")
@requires("signed_in")
@limiter.limit("30 per minute")
def export() -> Sent:
    """The list on the screen, from its first row to its last; made before it is sent, so that no slow reader holds
    a transaction open."""
    user = _me()
    listing = Listing(user, Moments.of(user), request.args)
    name = {"Content-Disposition": f'attachment; filename="inbox-{listing.moments.today.isoformat()}.csv"'}
    return Sent("".join(lines(listing)), mimetype="text/csv; charset=utf-8", headers=name)


@blueprint.get("/inbox/counter")
@requires("signed_in")
def counter() -> Response:
    """How many tasks there are, for pages that stay open; 304 while that has not changed.

    Asking does not keep a session alive that its person has left.
    """
    number = todo_count(_me(), datetime.now(UTC))
    answer = Sent(f'{{"count": {number}, "shown": "{shown(number)}"}}\n', mimetype="application/json")
    answer.set_etag(str(number), weak=True)
    answer.headers["Cache-Control"] = "private, no-cache"
    session.permanent = False
    session.modified = False
    return answer.make_conditional(request)


@blueprint.post("/inbox/batch")
@requires("signed_in")
def batch() -> Answer:
    """What was ticked, by name and number, before anything is done with it."""
    ticked = _ticked(request.form.getlist("seat"))
    if not ticked:
        flash(_("请先勾选要办理的待办。"), "error")
        return redirect(came_from(_me()).href())
    chosen, left_out = _sorted(ticked)
    return render_template("arrangements/batch.html", chosen=chosen, left_out=left_out, most=MOST_TICKED)


@blueprint.post("/inbox/batch/approve")
@requires("signed_in")
def approve() -> Answer:
    """Approve what was ticked, each by itself, and say what became of each."""
    opinion = request.form.get("opinion", "").replace("\r\n", "\n").strip()
    if len(opinion) > MAX_OPINION:
        raise Invalid(_("意见最长 %(n)s 字", n=MAX_OPINION))
    rows = approve_each(_me(), _ticked(request.form.getlist("seat")), opinion)
    back = came_from(_me()).href()
    return render_template("arrangements/result.html", rows=rows, done=sum(row.done for row in rows), back=back)


def _ticked(posted: Sequence[str]) -> list[tuple[int, int]]:
    """Seat ids and the versions seen, each seat once, in the order of the page; what is no such pair is left out."""
    found: dict[int, int] = {}
    for text in posted[: MOST_TICKED + 1]:
        seat_id, _dot, version = text.partition(".")
        if all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (seat_id, version)):
            found.setdefault(int(seat_id), int(version))
    return list(found.items())


def _sorted(ticked: Sequence[tuple[int, int]]) -> tuple[list[Item], list[Item]]:
    """What can be approved together as it was seen, and what cannot any more."""
    user = _me()
    moments, seen = Moments.of(user), dict(ticked)
    chosen, left_out = [], []
    for seat in seats(user, list(seen)):
        if ticks(user, seat) and seat.version == seen[seat.id]:
            chosen.append(seat_item(seat, moments, ticks=True))
        elif can(user, "view", seat):
            left_out.append(seat_item(seat, moments))
    return chosen, left_out
