"""Official forms to print and spreadsheets to fill in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import IO, Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments, page_locale
from webapp.cases.printing import blank_facts, case_facts, case_layouts
from webapp.config import Settings
from webapp.definitions import queries as definitions
from webapp.definitions.packs import Pack
from webapp.documents.checks import layouts_for
from webapp.documents.columns import register_sheet
from webapp.documents.commands import import_register
from webapp.documents.filled import FilledForm
from webapp.documents.filling import fill
from webapp.documents.forms import ImportForm
from webapp.documents.layout import Layout
from webapp.documents.pdf import render_pdf
from webapp.documents.register import Checked, check_rows, row_of, row_text
from webapp.documents.sheets import Sheet
from webapp.documents.template import stream, template_of
from webapp.documents.uploaded import read_upload, table_of
from webapp.documents.word import render_word
from webapp.errors import Invalid
from webapp.files.commands import UploadLimits, upload
from webapp.files.content import TYPES, clean_name
from webapp.files.queries import usable
from webapp.formkit import Locale
from webapp.formkit.lookups import by_row
from webapp.organization.models import User
from webapp.organization.policy import can, requires, visible
from webapp.registry import queries as accounts
from webapp.registry.models import Account
from webapp.security import row_number
from webapp.workflow import queries as workflow
from webapp.workflow.context import specs

blueprint = Blueprint("documents", __name__)


@blueprint.get("/cases/<int:case_id>/documents/<layout>.<any(pdf, docx):ending>")
@requires("signed_in")
def case_form(case_id: int, layout: str, ending: str) -> Response:
    """An official form of a case: one copy (`?copy=2`) or all of them."""
    user = current_user._get_current_object()
    instance = workflow.instance(user, case_id)
    if instance is None:
        abort(404)
    file = CaseFile(instance, user, Moments.of(user))
    wanted = _wanted(case_layouts(file), layout)
    settings: Settings = current_app.extensions["settings"]
    address = settings.base_url.rstrip("/") + url_for("cases.case", case_id=case_id)
    form = fill(wanted, case_facts(file, address=address), _copies(wanted))
    return _sent(form, ending, f"{wanted.title_zh} {instance.reference}")


@blueprint.get("/processes/<key>/<int:version>/documents/<layout>.<any(pdf, docx):ending>")
@requires("signed_in")
def blank_form(key: str, version: int, layout: str, ending: str) -> Response:
    """The form of a process with nothing filled in."""
    versions = definitions.versions(current_user.institution_id, key)
    shown = next((row for row in versions if row.version == version), None)
    if shown is None:
        abort(404)
    bundle = definitions.bundle(shown.deployment)
    wanted = _wanted(layouts_for(bundle, key), layout)
    facts = blank_facts(bundle, bundle.definition(key, specs()), datetime.now(UTC))
    return _sent(fill(wanted, facts, _copies(wanted) or [1]), ending, wanted.title_zh)


@blueprint.get("/sheets/<sheet>.xlsx")
@requires("signed_in")
def template(sheet: str) -> Response:
    """The template of a spreadsheet as the pack now in force defines it."""
    known = _pack().sheet(sheet)
    if known is None:
        abort(404)
    return _file(template_of(known, page_locale()), "xlsx", known.name(page_locale()))


@blueprint.get("/registry/export.xlsx")
@requires("signed_in")
def export() -> Response:
    """The register as a spreadsheet, narrowed as the list of accounts is; read and written row by row."""
    user = current_user._get_current_object()
    sheet, zone = register_sheet(_pack()), ZoneInfo(user.institution.time_zone)
    made = stream(sheet, _rows(user, sheet, zone), page_locale())
    name = clean_name(f"{sheet.name(page_locale())} {datetime.now(UTC).astimezone(zone):%Y-%m-%d}.xlsx")
    response = Response(_pieces(made), mimetype=TYPES["xlsx"][1])
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.headers["Cache-Control"] = "no-store"
    response.call_on_close(made.close)  # also where nobody reads it, as for HEAD
    return response


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    while piece := made.read(64 * 1024):
        yield piece


def _rows(user: User, sheet: Sheet, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    asked = request.args
    wanted = accounts.AccountFilter(
        text=asked.get("q", "").strip()[:200],
        platform=asked.get("platform", ""),
        state=asked.get("state", ""),
        unit_id=asked.get("unit", type=row_number),
    )
    before: int | None = None
    while True:
        page = accounts.accounts(
            user.institution_id, wanted, before=before, limit=500, narrow=lambda s: visible(user, s, Account)
        )
        for account, unit in page.rows:
            yield row_of(account, unit, sheet, zone, contacts=can(user, "see_contacts", account))
        before = page.next_before
        if before is None:
            return


@blueprint.get("/registry/import.xlsx")
@requires("register.import")
def register_template() -> Response:
    """The spreadsheet to fill in."""
    sheet = register_sheet(_pack())
    return _file(template_of(sheet, page_locale()), "xlsx", sheet.name(page_locale()))


@blueprint.route("/registry/import", methods=["GET", "POST"])
@requires("register.import")
def import_page() -> str | Response | tuple[str, int]:
    """Upload, look at every bad row and duplicate, confirm: then all of it is registered in one go."""
    user, form = current_user._get_current_object(), ImportForm()
    if request.method == "GET" or not form.validate():
        status = 200 if request.method == "GET" else 422
        return render_template("documents/import.html", form=form, checked=None, **_shown()), status
    pack, now = _pack(), datetime.now(UTC)
    if form.confirm.data:
        count = import_register(user, pack, form.key.data or "", skip_duplicates=bool(form.skip.data), now=now)
        flash(_("已登记 %(n)s 个账号。", n=count))
        return redirect(url_for("registry.accounts"))
    key, name = form.key.data or "", ""
    sent = request.files.get("file")
    if sent is not None and sent.filename:
        limits = UploadLimits(pack.limits.attachment_mb * 1024 * 1024, ("xlsx",))
        name = sent.filename
        key = upload(user, name, sent.read(limits.max_bytes + 1), limits, now).key
    sheet = register_sheet(pack)
    reading = read_upload(key, sheet) if key and usable(user, key, None) else None
    if reading is None:
        raise Invalid(_("请选择要导入的表格（.xlsx）。"))
    checked = check_rows(user.institution_id, sheet, reading)
    form.key.data = key
    page = render_template("documents/import.html", form=form, checked=checked, name=name, **_shown(sheet, checked))
    return page, 200 if checked.fresh and not checked.problems else 422


def _shown(sheet: Sheet | None = None, checked: Checked | None = None) -> dict[str, Any]:
    """What the import page shows beside the form: bad rows together, the rows to be registered as a table."""
    locale: Locale = "en" if page_locale() == "en" else "zh"
    if sheet is None or checked is None:
        return {"lang": locale}
    rows = [{**row, "unit": unit.name_zh} for _line, unit, row in checked.fresh]
    named = [{key: row_text(value) for key, value in row.items()} for row in rows]
    return {"lang": locale, "bad": by_row(checked.problems), "table": table_of(sheet, named, locale)}


def _pack() -> Pack:
    deployment = definitions.current_deployment(current_user.institution_id)
    if deployment is None:
        abort(404)
    return definitions.bundle(deployment).pack


def _wanted(layouts: list[Layout], key: str) -> Layout:
    found = next((layout for layout in layouts if layout.key == key), None)
    if found is None:
        abort(404)
    return found


def _copies(layout: Layout) -> list[int] | None:
    """The copy asked for, None for all of them."""
    asked = request.args.get("copy", "")
    if not asked:
        return None
    if not asked.isascii() or not asked.isdigit() or len(asked) > 3 or not 1 <= int(asked) <= layout.copies:
        abort(404)
    return [int(asked)]


def _sent(form: FilledForm, ending: str, name: str) -> Response:
    content = render_pdf(form, datetime.now(UTC)).content if ending == "pdf" else render_word(form)
    return _file(content, ending, name)


def _file(content: bytes, ending: str, name: str) -> Response:
    response = send_file(
        BytesIO(content),
        mimetype=TYPES[ending][1],
        as_attachment=True,
        download_name=clean_name(f"{name}.{ending}"),
        max_age=0,
    )
    response.headers["Cache-Control"] = "no-store"
    return response
