"""Public pages, open to everybody: the directory, whether an account is genuine, the report form."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as Answered

from webapp.cases.moments import page_locale
from webapp.definitions.packs import Pack
from webapp.directory import commands, queries
from webapp.directory.forms import ReportForm
from webapp.errors import NotFound
from webapp.extensions import limiter
from webapp.organization.models import Institution
from webapp.organization.policy import public
from webapp.organization.queries import local_day, units
from webapp.registry.queries import AccountFilter
from webapp.security import row_number

blueprint = Blueprint("directory", __name__)
LONGEST = 200
# What a spreadsheet would read as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _reports() -> str:
    """How often one address may report."""
    limit: str = current_app.extensions["settings"].report_limit
    return limit


def _school(code: str | None) -> tuple[Institution, Pack] | None:
    """The institution named, else the reader's own, else the only one; None where there is a choice to make."""
    if code is None and current_user.is_authenticated:
        code = current_user.institution.code
    found = queries.institution(code) if code is not None else None
    if code is None:
        schools = queries.institutions()
        if len(schools) != 1:
            return None
        found = schools[0]
    pack = queries.pack_of(found.id) if found is not None else None
    if found is None or pack is None:
        raise NotFound(_("没有这所学校。"))
    return found, pack


@blueprint.get("/directory")
@blueprint.get("/directory/<code>")
@public
def directory(code: str | None = None) -> str | Answered:
    """Is this account genuine, and which accounts are filed. `q` asks, `text`, `platform`, `unit` narrow the list."""
    chosen = _school(code)
    if chosen is None:
        return render_template("directory/schools.html", schools=queries.institutions(), locale=page_locale())
    school, pack = chosen
    if code is None:
        return redirect(url_for("directory.directory", code=school.code, q=request.args.get("q")))
    asked = request.args.get("q", "")[:LONGEST]
    wanted = AccountFilter(
        text=request.args.get("text", "")[:LONGEST],
        platform=request.args.get("platform", "")[:40],
        unit_id=request.args.get("unit", type=row_number),
    )
    return render_template(
        "directory/directory.html",
        school=school,
        pack=pack,
        locale=page_locale(),
        answer=queries.verify(school, pack, asked) if asked.strip() else None,
        asked=asked,
        wanted=wanted,
        page=queries.directory(school, pack, wanted, before=request.args.get("before", type=row_number)),
        further="before" in request.args,
        platforms=[entry for entry in pack.platforms if not entry.group],
        units=units(school.id),
        today=local_day(datetime.now(UTC), school.time_zone),
    )


@blueprint.get("/directory/<code>.csv")
@public
@limiter.limit("30 per minute")
def download(code: str) -> Response:
    """The whole directory as CSV with a byte order mark, for spreadsheets."""
    chosen = _school(code)
    assert chosen is not None
    school, pack = chosen
    name = {"Content-Disposition": f'attachment; filename="accounts-{school.code}.csv"'}
    return Response("".join(_lines(school, pack)), mimetype="text/csv; charset=utf-8", headers=name)


def _lines(school: Institution, pack: Pack) -> Iterator[str]:
    titles = [_("名称"), _("平台"), _("平台标识"), _("网址"), _("主办单位"), _("备案号"), _("备案日期")]
    yield "\ufeff" + _line(titles)
    before = None
    while True:
        page = queries.directory(school, pack, AccountFilter(), before=before, limit=500)
        for row in page.rows:
            platform = pack.platform(row.platform)
            kind = platform.name("zh") if platform else row.platform
            named = (row.name, kind, row.platform_account_id, row.url, row.unit, row.filing_number)
            yield _line([*named, row.filed_on.isoformat()])
        before = page.next_before
        if before is None:
            return


def _line(cells: list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return written.getvalue()


@blueprint.route("/report", methods=["GET", "POST"])
@blueprint.route("/report/<code>", methods=["GET", "POST"])
@public
@limiter.limit(_reports, methods=["POST"])
def report(code: str | None = None) -> str | Answered | tuple[str, int]:
    """Report an account that passes itself off as the school's, or what it published; no login is needed."""
    chosen = _school(code)
    if chosen is None:
        return render_template("directory/schools.html", schools=queries.institutions(), locale=page_locale())
    school, pack = chosen
    if pack.public_report is None:
        raise NotFound(_("这所学校没有开放公众举报。"))
    if code is None:
        return redirect(url_for("directory.report", code=school.code, name=request.args.get("name")))
    locale, now = page_locale(), datetime.now(UTC)
    form = ReportForm(name=request.args.get("name", "")[:80])
    form.today = local_day(now, school.time_zone)
    form.platform.choices = [("", _("请选择")), *((entry.key, entry.name(locale)) for entry in pack.platforms)]
    if request.method == "POST" and form.validate():
        if form.website.data:  # a person does not see this field
            return redirect(url_for("directory.report", code=school.code))
        case = commands.lodge(school.id, form.report, now)
        flash(_("已收到，编号 %(reference)s。感谢您的报告。", reference=case.reference), "done")
        return redirect(url_for("directory.directory", code=school.code))
    page = render_template("directory/report.html", school=school, pack=pack, locale=locale, form=form)
    return (page, 422) if request.method == "POST" else page
