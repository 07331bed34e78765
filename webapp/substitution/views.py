"""The page of substitution: my rules, those by which I stand in for others, and the form that makes a new one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments
from webapp.errors import BeianError, Invalid
from webapp.organization.models import Delegation, User
from webapp.organization.policy import requires
from webapp.substitution import commands, queries
from webapp.substitution.forms import AppointForm
from webapp.substitution.people import PersonField
from webapp.substitution.rules import may_appoint, may_appoint_for_others
from webapp.substitution.wording import person_name, process_choices, scope, span

blueprint = Blueprint("substitution", __name__)
Answer = str | Response | tuple[str, int]


@dataclass
class Filled:
    """The form as it stands: its people beside its fields, and what stands above it."""

    form: AppointForm
    substitute: PersonField
    principal: PersonField | None
    refused: str = ""

    @property
    def people(self) -> list[PersonField]:
        return [field for field in (self.principal, self.substitute) if field is not None]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """(id of the control, sentence) of everything to put right."""
        above = [("", self.refused)] if self.refused else []
        people = [(field.id, field.error) for field in self.people if field.error]
        return above + people + [(field.id, sentence) for field in self.form for sentence in field.errors]

    def note(self, refused: BeianError) -> None:
        """Put the sentence of a refusal where it belongs."""
        for place, sentence in refused.details if isinstance(refused, Invalid) else ():
            person = next((field for field in self.people if field.name == place), None)
            if person is not None:
                person.error = sentence
            elif place in self.form:
                self.form[place].errors = [*self.form[place].errors, sentence]
        if not self.problems:
            self.refused = refused.sentence


@blueprint.get("/substitution")
@requires("signed_in")
def substitution() -> str:
    """Rules in force, to come and past, and the form."""
    return _page(_empty(Moments.of(_me())))


@blueprint.post("/substitution")
@requires("signed_in")
def appoint() -> Answer:
    """Appoint a substitute; with `find` only look for the person typed."""
    moments = Moments.of(_me())
    filled = _empty(moments)
    if filled is None:
        abort(404)
    posted = request.form.to_dict()
    for field in filled.people:
        field.read(posted, _me().institution_id)
    if "find" in posted:
        for field in filled.people:
            if field.name == posted["find"] and not field.found:
                field.demand()
        return _page(filled)
    found = [field.demand() for field in filled.people]
    if filled.form.validate_on_submit() and all(found):
        try:
            made = _appoint(filled, moments)
        except BeianError as refused:
            filled.note(refused)
        else:
            flash(_("已设代理：%(who)s。双方都已收到通知。", who=made.substitute.name_zh))
            return redirect(url_for("substitution.substitution"))
    return _page(filled), 422


@blueprint.post("/substitution/<int:delegation_id>/revoke")
@requires("signed_in")
def revoke(delegation_id: int) -> Response:
    """End a rule at once."""
    commands.revoke(_me(), delegation_id, now=Moments.of(_me()).now)
    flash(_("已撤销，即刻生效。"))
    return redirect(url_for("substitution.substitution"))


def _appoint(filled: Filled, moments: Moments) -> Delegation:
    substitute, principal = filled.substitute.chosen, filled.principal.chosen if filled.principal else None
    assert substitute is not None
    first, last = filled.form.days
    return commands.appoint(
        _me(),
        substitute.id,
        filled.form.process_key.data or None,
        first,
        last,
        filled.form.note.data or "",
        now=moments.now,
        principal_id=principal.id if principal else None,
    )


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _empty(moments: Moments) -> Filled | None:
    """The form this person may use: for oneself, or for somebody else; None for who may appoint nobody."""
    user = _me()
    others = may_appoint_for_others(user)
    if not others and not may_appoint(user):
        return None
    form = AppointForm.over(process_choices(user.institution_id, moments.locale), moments.today)
    who = PersonField("substitute", _("由谁代理"))
    whose = PersonField("principal", _("为谁设代理"), _("本人不能自己设时，由系统管理员代为设定。")) if others else None
    return Filled(form, who, whose)


def _page(filled: Filled | None) -> str:
    user, moments = _me(), Moments.of(_me())
    current, today = queries.current_rules(user, moments.today), moments.today
    names = dict(process_choices(user.institution_id, moments.locale))
    others = queries.rules_of_others(user, today) if may_appoint_for_others(user) else None
    return render_template(
        "substitution/substitution.html",
        filled=filled,
        mine=[found for found in current if found.principal_id == user.id],
        theirs=[found for found in current if found.substitute_id == user.id],
        past=queries.past_rules(user, today),
        others=others,
        today=today,
        moments=moments,
        scope=lambda found: scope(found, names),
        span=lambda found: span(found, today),
        name=lambda who: person_name(who, moments.locale),
    )
