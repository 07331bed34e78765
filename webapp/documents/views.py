"""Official forms to print and spreadsheets to fill in."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from flask import Blueprint, abort, current_app, request, send_file, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments, page_locale
from webapp.cases.printing import blank_facts, case_facts, case_layouts
from webapp.config import Settings
from webapp.definitions import queries as definitions
from webapp.documents.checks import layouts_for
from webapp.documents.filled import FilledForm
from webapp.documents.filling import fill
from webapp.documents.layout import Layout
from webapp.documents.pdf import render_pdf
from webapp.documents.template import template_of
from webapp.documents.word import render_word
from webapp.files.content import TYPES, clean_name
from webapp.organization.policy import requires
from webapp.workflow import queries as workflow
from webapp.workflow.context import specs

blueprint = Blueprint("documents", __name__)


@blueprint.get("/cases/<int:case_id>/documents/<key>.<any(pdf, docx):ending>")
@requires("signed_in")
def case_form(case_id: int, key: str, ending: str) -> Response:
    """An official form of a case: one copy (`?copy=2`) or all of them."""
    user = current_user._get_current_object()
    instance = workflow.instance(user, case_id)
    if instance is None:
        abort(404)
    file = CaseFile(instance, user, Moments.of(user))
    layout = _wanted(case_layouts(file), key)
    settings: Settings = current_app.extensions["settings"]
    address = settings.base_url.rstrip("/") + url_for("cases.case", case_id=case_id)
    form = fill(layout, case_facts(file, address=address), _copies(layout))
    return _sent(form, ending, f"{layout.title_zh} {instance.reference}")


@blueprint.get("/processes/<key>/<int:version>/documents/<form>.<any(pdf, docx):ending>")
@requires("signed_in")
def blank_form(key: str, version: int, form: str, ending: str) -> Response:
    """The form of a process with nothing filled in."""
    versions = definitions.versions(current_user.institution_id, key)
    shown = next((row for row in versions if row.version == version), None)
    if shown is None:
        abort(404)
    bundle = definitions.bundle(shown.deployment)
    layout = _wanted(layouts_for(bundle, key), form)
    facts = blank_facts(bundle, bundle.definition(key, specs()), datetime.now(UTC))
    return _sent(fill(layout, facts, _copies(layout) or [1]), ending, layout.title_zh)


@blueprint.get("/sheets/<key>.xlsx")
@requires("signed_in")
def sheet(key: str) -> Response:
    """The template of a spreadsheet as the pack now in force defines it."""
    deployment = definitions.current_deployment(current_user.institution_id)
    known = definitions.bundle(deployment).pack.sheet(key) if deployment is not None else None
    if known is None:
        abort(404)
    return _file(template_of(known, page_locale()), "xlsx", known.name(page_locale()))


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
