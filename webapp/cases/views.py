"""The case page: what was filed, said and decided, its diagram, its events; withdrawing it; its attachments."""

from __future__ import annotations

from io import BytesIO

from flask import Blueprint, abort, flash, redirect, render_template, send_file, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from webapp.cases import queries
from webapp.cases.casefile import CaseFile
from webapp.cases.citations import Citations
from webapp.cases.comparison import comparisons
from webapp.cases.events import event_rows
from webapp.cases.forms import CancelForm
from webapp.cases.moments import Moments
from webapp.cases.opinions import ground_codes, rounds
from webapp.cases.printing import case_layouts
from webapp.cases.records import articles_of, filed_forms
from webapp.cases.route import case_route, marks, notes
from webapp.organization.models import User
from webapp.organization.policy import can, requires
from webapp.tasks.offers import own_answer
from webapp.workflow import commands
from webapp.workflow import queries as workflow

blueprint = Blueprint("cases", __name__)


def _me() -> User:
    user: User = current_user._get_current_object()
    return user


def _file(case_id: int) -> CaseFile:
    user = _me()
    instance = workflow.instance(user, case_id)
    if instance is None:
        abort(404)
    return CaseFile(instance, user, Moments.of(user))


@blueprint.get("/cases/<int:case_id>")
@requires("signed_in")
def case(case_id: int) -> str:
    return _page(_file(case_id), CancelForm())


@blueprint.get("/cases/<int:case_id>/rounds/<int:number>", endpoint="round")
@requires("signed_in")
def one_round(case_id: int, number: int) -> str:
    """The application as it stood in one round, beside the round before."""
    file = _file(case_id)
    forms = [filed for filed in filed_forms(file) if filed.element == "Application"]
    filed = next((entry for entry in forms if entry.round == number), None)
    if filed is None:
        abort(404)
    cite = Citations(file.instance.institution_id, articles_of([filed]), file.locale)
    comparison = next((found for found in comparisons(file) if found.round == number), None)
    return render_template("cases/round.html", file=file, filed=filed, comparison=comparison, cite=cite)


@blueprint.get("/cases/<int:case_id>/diagram.bpmn")
@requires("signed_in")
def diagram(case_id: int) -> Response:
    """The diagram of the case's own deployment."""
    file = _file(case_id)
    return send_file(BytesIO(file.definition.xml), mimetype="application/xml", max_age=0)


@blueprint.post("/cases/<int:case_id>/cancel")
@requires("signed_in")
def cancel(case_id: int) -> str | Response | tuple[str, int]:
    file = _file(case_id)
    form = CancelForm()
    if not form.validate_on_submit():
        return _page(file, form), 422
    commands.cancel(file.reader, case_id, reason=form.reason.data or "")
    flash(_("已撤销这件申请。"))
    return redirect(url_for("cases.case", case_id=case_id))


@blueprint.get("/files/<key>")
@requires("signed_in")
def file(key: str) -> Response:
    """An attachment, always as a download."""
    stored = queries.file(_me(), key)
    if stored is None:
        abort(404)
    return send_file(
        BytesIO(stored.content), mimetype=stored.media_type, as_attachment=True, download_name=stored.name, max_age=0
    )


def _page(file: CaseFile, form: CancelForm) -> str:
    forms = filed_forms(file)
    codes = [*articles_of(forms), *ground_codes(file), *(file.term.articles if file.term else ())]
    cite = Citations(file.instance.institution_id, codes, file.locale)
    return render_template(
        "cases/case.html",
        file=file,
        instance=file.instance,
        rounds=rounds(file, cite),
        forms=forms,
        comparisons=comparisons(file),
        events=event_rows(file, list(file.events)),
        official=queries.official_facts(file.instance),
        route=case_route(file),
        marks=marks(file),
        notes=notes(file),
        cite=cite,
        layouts=case_layouts(file),
        own_answer=own_answer(file),
        cancel_form=form if can(file.reader, "cancel", file.instance) else None,
    )
