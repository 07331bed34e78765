"""Pages of hand-overs: choose two people, see what is handed over, order it, follow it line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.actors import person_name
from webapp.cases.moments import Moments
from webapp.errors import BeianError, Invalid
from webapp.handover import commands, queries
from webapp.handover.forms import OrderForm
from webapp.handover.holdings import NOUNS
from webapp.handover.models import Handover, HandoverLine
from webapp.handover.preview import preview
from webapp.handover.wording import group_names, labels, state_names
from webapp.organization.models import User
from webapp.organization.policy import may, requires
from webapp.security import row_number
from webapp.substitution.people import PersonField

blueprint = Blueprint("handover", __name__)
Answer = str | Response | tuple[str, int]


@dataclass
class Chosen:
    """The two people as the page has them, and what is wrong with the order."""

    leaver: PersonField
    successor: PersonField
    refused: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, posted: dict[str, str], institution_id: int) -> Chosen:
        """From an address or a post; somebody whose login has ended may still have things to hand over."""
        made = cls(PersonField("leaver", _("谁离职")), PersonField("successor", _("由谁接办")))
        made.leaver.read(posted, institution_id, inactive=True)
        made.successor.read(posted, institution_id)
        return made

    def check(self, user: User, moments: Moments) -> bool:
        """Whether both are chosen and one may take over from the other."""
        if self.leaver.chosen is None or self.successor.chosen is None:
            return False
        try:
            commands.check_people(user, self.leaver.chosen, self.successor.chosen, moments.now)
        except Invalid as refused:
            self.note(refused)
            return False
        return True

    def note(self, refused: BeianError) -> None:
        """Put the sentence of a refusal beside the person it is about, else above the form."""
        people = {field.name: field for field in (self.leaver, self.successor)}
        details = refused.details if isinstance(refused, Invalid) else ()
        for place, sentence in details or (("", refused.sentence),):
            if place in people:
                people[place].error = sentence
            else:
                self.refused.append((f"field-{place}" if place else "", sentence))


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


@blueprint.get("/handover")
@requires("handover.read")
def handovers() -> str:
    """The newest hand-overs; for who may order one: choosing the people, and what would be handed over."""
    asked = request.args.to_dict()
    chosen = Chosen.read(asked, _me().institution_id)
    wanted = asked.get("find", "")
    for person in (chosen.leaver, chosen.successor):
        if "show" in asked or (wanted == person.name and not person.found):
            person.demand()
    return _page(chosen, OrderForm(formdata=None), set(NOUNS))


@blueprint.post("/handover")
@requires("handover.order")
def order() -> Answer:
    """Order the hand-over of the ticked groups."""
    user, moments = _me(), Moments.of(_me())
    form = OrderForm()
    chosen = Chosen.read(request.form.to_dict(), user.institution_id)
    ticked = {noun for noun in request.form.getlist("nouns") if noun in NOUNS}
    leaver, successor = chosen.leaver.chosen, chosen.successor.chosen
    if form.validate_on_submit() and leaver is not None and successor is not None:
        try:
            made = commands.order(user, leaver.id, successor.id, form.reason.data or "", ticked, now=moments.now)
        except BeianError as refused:
            chosen.note(refused)
        else:
            flash(_("已下达，正在后台逐项办理。"))
            return redirect(url_for("handover.handover", handover_id=made.id))
    return _page(chosen, form, ticked), 422


@blueprint.get("/handover/<int:handover_id>")
@requires("handover.read")
def handover(handover_id: int) -> str:
    """One hand-over line by line; it asks for news of itself while it runs."""
    user, moments = _me(), Moments.of(_me())
    found = _found(handover_id)
    asked, after = request.args.get("state", ""), request.args.get("after", default=0, type=row_number) or 0
    state = asked if asked in queries.STATES else ""
    lines = queries.lines(found.id, state, after, queries.PAGE + 1)
    page = lines[: queries.PAGE]
    return render_template(
        "handover/handover.html",
        handover=found,
        progress=queries.progress([found.id])[found.id],
        lines=page,
        next_after=page[-1].id if len(lines) > queries.PAGE else None,
        after=after,
        state=state,
        names=_names(user, page, moments),
        groups={noun: words[0] for noun, words in group_names().items()},
        states=state_names(),
        orders=may(user, "handover.order"),
        moments=moments,
        name=lambda who: person_name(who, moments.locale),
    )


@blueprint.post("/handover/<int:handover_id>/again")
@requires("handover.order")
def again(handover_id: int) -> Response:
    """Try the refused and failed lines once more."""
    count = commands.try_again(_me(), handover_id, now=Moments.of(_me()).now)
    flash(ngettext("再办 %(num)s 项。", "再办 %(num)s 项。", count))
    return redirect(url_for("handover.handover", handover_id=handover_id))


def _page(chosen: Chosen, form: OrderForm, ticked: set[str]) -> str:
    user, moments = _me(), Moments.of(_me())
    orders = may(user, "handover.order")
    ready = orders and chosen.check(user, moments)
    leaver, successor = chosen.leaver.chosen, chosen.successor.chosen
    if ready and leaver is not None and successor is not None:
        form.leaver.data, form.successor.data = str(leaver.id), str(successor.id)
    rows = queries.handovers(user)
    problems = chosen.refused + [(field.id, sentence) for field in form for sentence in field.errors]
    return render_template(
        "handover/handovers.html",
        chosen=chosen,
        form=form,
        ticked=ticked,
        groups=preview(leaver, moments.today, moments.locale) if ready and leaver is not None else None,
        problems=problems,
        orders=orders,
        rows=rows,
        progress=queries.progress([row.id for row in rows]),
        moments=moments,
        name=lambda who: person_name(who, moments.locale),
    )


def _found(handover_id: int) -> Handover:
    found = queries.handover(_me(), handover_id)
    if found is None:
        abort(404)
    return found


def _names(user: User, lines: Sequence[HandoverLine], moments: Moments) -> dict[int, tuple[str, str]]:
    """What each line is about, by line; the things of one kind are looked up together."""
    found: dict[int, tuple[str, str]] = {}
    for noun in NOUNS:
        own = [line for line in lines if line.noun == noun]
        known = labels(user.institution_id, noun, [line.object_id for line in own], moments.locale)
        found |= {line.id: known.get(line.object_id, ("", "")) for line in own}
    return found
