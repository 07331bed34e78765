"""Logging in and out, the language switch, and the working calendar."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from webapp.cases.moments import Moments, page_locale
from webapp.extensions import db, limiter
from webapp.organization.commands import set_day
from webapp.organization.demo import demo_schools
from webapp.organization.forms import DayForm, LoginForm
from webapp.organization.passwords import verify_password
from webapp.organization.policy import may, may_log_in, public, requires
from webapp.organization.queries import calendar_days, user_by_name
from webapp.scenarios.demo import DEMO_PASSWORD
from webapp.security import safe_target
from webapp.workdays import Calendar

blueprint = Blueprint("organization", __name__)
FIRST_YEAR = 2015


def _limit() -> str:
    return str(current_app.extensions["settings"].login_limit)


@blueprint.route("/login", methods=["GET", "POST"])
@public
@limiter.limit(_limit, methods=["POST"])
def login() -> str | Response | tuple[str, int]:
    """Check name and password; a new session id comes with every login.

    In demo mode `?as=<username>` fills the form in with that person and the public password.
    """
    if current_user.is_authenticated:
        return redirect(url_for("inbox.home"))
    demo = bool(current_app.extensions["settings"].demo)
    form = LoginForm(next=request.args.get("next", ""))
    if not form.validate_on_submit():
        chosen = request.args.get("as", "") if demo and request.method == "GET" else ""
        page = _login_page(form, chosen)
        return (page, 422) if form.errors else page
    found = user_by_name(form.username.data or "")
    user = found if found is not None and may_log_in(found) else None
    hashed = user.password_hash if user else None
    db.session.rollback()
    # Verified either way, so that the time taken does not tell whether there is such a person.
    if not verify_password(hashed, form.password.data or "") or user is None:
        form.password.errors = [_("账号名或密码不对。")]
        return _login_page(form, ""), 401
    locale = session.get("locale")
    session.clear()
    if locale:
        session["locale"] = locale
    login_user(user)
    session.permanent = True
    return redirect(safe_target(form.next.data) or url_for("inbox.home"))


def _login_page(form: LoginForm, chosen: str) -> str:
    schools = demo_schools(page_locale()) if current_app.extensions["settings"].demo else []
    known = {person.username for school in schools for group in school.groups for person in group.people}
    if chosen in known:
        form.username.data = chosen
    return render_template(
        "organization/login.html",
        form=form,
        schools=schools,
        chosen=chosen if chosen in known else "",
        demo_password=DEMO_PASSWORD if chosen in known else "",
    )


@blueprint.post("/logout")
@public
def logout() -> Response:
    logout_user()
    session.clear()
    return redirect(url_for("organization.login"))


@blueprint.post("/language/<code>")
@public
def language(code: str) -> Response:
    """Switch the language of the pages; goes back to where the person was."""
    if code in ("zh", "en"):
        session["locale"] = code
    return redirect(safe_target(request.form.get("next")) or url_for("inbox.home"))


@blueprint.get("/calendar")
@requires("signed_in")
def calendar() -> str:
    """The working days of a year: published holidays, make-up workdays, and days set by hand."""
    form = DayForm(formdata=None) if may(current_user, "calendar.edit") else None
    return _calendar_page(request.args.get("year", type=int), form)


@blueprint.post("/calendar")
@requires("calendar.edit")
def set_calendar_day() -> Response | tuple[str, int]:
    """Set one day by hand."""
    form = DayForm()
    if not form.validate_on_submit():
        return _calendar_page(form.day.data.year if form.day.data else None, form), 422
    day, workday = form.picked, form.workday.data == "yes"
    set_day(current_user, day, workday, str(form.note.data).strip())
    flash(_("%(day)s 已设为上班。", day=day) if workday else _("%(day)s 已设为放假。", day=day))
    return redirect(url_for("organization.calendar", year=day.year))


def _calendar_page(year: int | None, form: DayForm | None) -> str:
    moments = Moments.of(current_user)
    shown = year or moments.today.year
    if not FIRST_YEAR <= shown <= moments.today.year + 5:
        abort(404)
    published = moments.calendar
    overrides = calendar_days(current_user.institution_id)
    named = {**published.year(shown), **published.overrides}
    special = {day: what for day, what in named.items() if day.year == shown}
    return render_template(
        "organization/calendar.html",
        year=shown,
        first_year=FIRST_YEAR,
        last_year=moments.today.year + 5,
        months=[_month(shown, month, published) for month in range(1, 13)],
        special=sorted(special.items()),
        overrides=overrides,
        provisional=date(shown, 12, 31) > published.published_until,
        published_until=published.published_until,
        form=form,
        moments=moments,
    )


def _month(year: int, month: int, published: Calendar) -> tuple[int, int, list[tuple[date, bool, str]]]:
    """(month, weekday of its first day, its days: date, worked, what makes it special)."""
    first, length = monthrange(year, month)
    days = [date(year, month, number) for number in range(1, length + 1)]
    specials = {day: published.special(day) for day in days}
    return (
        month,
        first,
        [(day, published.is_workday(day), special.name if (special := specials[day]) else "") for day in days],
    )
