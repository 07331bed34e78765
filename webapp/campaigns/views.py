"""Pages of campaigns: what runs and what is planned, the board of one, opening, the zero report, closing."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response as Answered

from webapp.campaigns import commands, dates, queries
from webapp.campaigns.board import Board
from webapp.campaigns.forms import OpenForm, open_form, proposed_values, wanted_of
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.planning import zone_of
from webapp.campaigns.queries import STATUSES, ItemFilter
from webapp.campaigns.rules import managed
from webapp.campaigns.sheet import workbook
from webapp.campaigns.wording import status_names
from webapp.cases.citations import Citations
from webapp.cases.moments import Moments
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.names import PackNames
from webapp.errors import Invalid
from webapp.organization.models import User
from webapp.organization.policy import can, requires
from webapp.organization.queries import local_day
from webapp.security import row_number
from webapp.workflow.deadlines import institution_calendar

blueprint = Blueprint("campaigns", __name__)
Answer = str | Answered | tuple[str, int]
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CLOSED_SHOWN = 30


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


@blueprint.get("/campaigns")
@requires("campaigns.read")
def campaigns() -> str:
    """What runs, what is planned, what is over; the lead office may open one by hand."""
    user, moments = _me(), Moments.of(_me())
    before = request.args.get("before", type=row_number)
    led = managed(user) if before is None else []
    running = queries.campaigns(user, ["opening", "open", "closing"]) if before is None else []
    planned = list(reversed(queries.campaigns(user, ["planned"]))) if before is None else []
    closed = queries.campaigns(user, ["closed"], before=before, limit=CLOSED_SHOWN + 1)
    return render_template(
        "campaigns/campaigns.html",
        boards=[Board(row, user, moments, ItemFilter()) for row in running],
        planned=planned,
        closed=closed[:CLOSED_SHOWN],
        next_before=closed[CLOSED_SHOWN - 1].id if len(closed) > CLOSED_SHOWN else None,
        managed_keys={entry.key for entry in led},
        by_hand=[entry for entry in led if entry.key not in {row.key for row in planned}],
        words=status_names(),
        further=before is not None,
        moments=moments,
        name=lambda row: (row.name_en or row.name_zh) if moments.locale == "en" else row.name_zh,
    )


@blueprint.get("/campaigns/<int:campaign_id>")
@requires("campaigns.read")
def campaign(campaign_id: int) -> str:
    """The board; it asks for news of itself while the campaign runs."""
    board = _board(campaign_id)
    entry = board.entry
    return render_template(
        "campaigns/campaign.html",
        board=board,
        names=PackNames.current(board.user.institution_id, board.moments.locale),
        words=status_names(),
        statuses=[(status, word) for status, word in status_names().items() if status in STATUSES],
        cite=Citations(board.user.institution_id, (entry.article if entry else "").split(), board.moments.locale),
        codes=(entry.article if entry else "").split(),
    )


@blueprint.get("/campaigns/<int:campaign_id>/sheet.xlsx")
@requires("campaigns.read")
def sheet(campaign_id: int) -> Response:
    """The items the person may see as a spreadsheet, narrowed as the page is."""
    board = _board(campaign_id)
    content = workbook(board, board.wanted, PackNames.current(board.user.institution_id, board.moments.locale))
    answer = Response(content, mimetype=SHEET)
    answer.headers.set("Content-Disposition", "attachment", filename=f"campaign-{campaign_id}.xlsx")
    return answer


@blueprint.route("/campaigns/open/<campaign_key>", methods=["GET", "POST"])
@requires("campaigns.manage")
def open_by_hand(campaign_key: str) -> Answer:
    """The days as the pack proposes them (or as they are planned), to be changed and sent."""
    user, moments = _me(), Moments.of(_me())
    entry = next((entry for entry in managed(user) if entry.key == campaign_key), None)
    if entry is None:
        abort(404)
    planned = queries.planned(user.institution_id, campaign_key)
    proposal = _proposal(entry, planned, user)
    made = open_form(proposal.windows, moments.locale)
    period = planned.period if planned else dates.period_of(entry.period, proposal.opens_on)
    form = made(data=proposed_values(proposal, period))
    if form.validate_on_submit():
        try:
            row = commands.open_campaign(user, campaign_key, wanted_of(form, proposal.windows), moments.now)
        except Invalid as refused:
            _note(form, refused)
        else:
            flash(
                _("已定于 %(day)s 开始。", day=row.opens_on) if row.state == "planned" else _("已开始，正在逐个开启。")
            )
            return redirect(url_for("campaigns.campaign", campaign_id=row.id))
    page = render_template(
        "campaigns/open.html",
        form=form,
        entry=entry,
        planned=planned,
        proposal=proposal,
        windows=proposal.windows,
        problems=[(field.id, sentence) for field in form for sentence in field.errors],
        moments=moments,
        cite=Citations(user.institution_id, entry.article.split(), moments.locale),
    )
    return (page, 422) if form.errors else page


def _proposal(entry: CampaignEntry, planned: Campaign | None, user: User) -> dates.Dates:
    if planned is not None:
        return dates.Dates(planned.opens_on, planned.last_day, planned.windows)
    today = local_day(Moments.of(user).now, zone_of(user.institution_id).key)
    asked = request.args.get("on", type=date.fromisoformat) or today
    return dates.proposed(entry, max(asked, today), institution_calendar(user.institution_id))


def _note(form: OpenForm, refused: Invalid) -> None:
    """Put each refused day beside its field; what names none stands above the form."""
    for name, sentence in refused.details:
        if name in form:
            form[name].errors = [*form[name].errors, sentence]


@blueprint.route("/campaigns/<int:campaign_id>/close", methods=["GET", "POST"])
@requires("campaigns.manage")
def close(campaign_id: int) -> Answer:
    """What closing brings, and the button that does it."""
    board = _board(campaign_id)
    if not board.manages:
        abort(404)
    if request.method == "POST":
        commands.close(board.user, campaign_id, board.moments.now)
        flash(_("已结束，通报和后续事项随即办理。"))
        return redirect(url_for("campaigns.campaign", campaign_id=campaign_id))
    return render_template("campaigns/close.html", board=board)


@blueprint.post("/campaigns/<int:campaign_id>/again")
@requires("campaigns.manage")
def again(campaign_id: int) -> Answered:
    """Open those once more that could not be opened."""
    count = commands.try_again(_me(), campaign_id, Moments.of(_me()).now)
    flash(ngettext("再开启 %(num)s 项。", "再开启 %(num)s 项。", count))
    return redirect(url_for("campaigns.campaign", campaign_id=campaign_id))


@blueprint.route("/campaigns/zero/<int:item_id>", methods=["GET", "POST"])
@requires("campaigns.read")
def zero(item_id: int) -> Answer:
    """A unit's zero report: one button, after a sentence that says what is confirmed."""
    user, moments = _me(), Moments.of(_me())
    item = queries.item(user, item_id)
    if item is None or not can(user, "report", item):
        abort(404)
    if request.method == "POST":
        commands.report_zero(user, item_id, moments.now)
        flash(_("已零报告。"))
        return redirect(url_for("campaigns.campaign", campaign_id=item.campaign_id))
    return render_template("campaigns/zero.html", item=item, board=_board_of(item, user, moments), moments=moments)


def _board_of(item: CampaignItem, user: User, moments: Moments) -> Board:
    return Board(item.campaign, user, moments, ItemFilter())


def _board(campaign_id: int) -> Board:
    user = _me()
    row = queries.campaign(user, campaign_id)
    if row is None:
        abort(404)
    asked = request.args
    status = asked.get("state", "")
    wanted = ItemFilter(
        status=status if status in STATUSES else "",
        unit_id=asked.get("unit", type=row_number),
        text=asked.get("q", "").strip()[:120],
    )
    return Board(row, user, Moments.of(user), wanted, asked.get("after", default=0, type=row_number) or 0)
