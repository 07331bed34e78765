"""The deployed processes, to read: diagram, steps, decision tables, forms, versions."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, abort, render_template
from flask_login import current_user

from webapp.cases.moments import Moments
from webapp.definitions import queries
from webapp.definitions.describing import (
    decision_tables,
    demand,
    forms,
    kind_name,
    limit_text,
    reason,
    steps,
)
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.versions import file_changes
from webapp.documents.checks import layouts_for
from webapp.organization.policy import requires
from webapp.organization.queries import people
from webapp.regulations.citing import Citing
from webapp.workflow.context import specs

blueprint = Blueprint("definitions", __name__)


@blueprint.get("/processes")
@requires("signed_in")
def processes() -> str:
    """The processes of the institution in their current version."""
    moments = Moments.of(current_user)
    rows = [
        (row, queries.bundle(row.deployment).process(row.key))
        for row in queries.newest_of_each(current_user.institution_id)
    ]
    citing = Citing(current_user.institution_id, [entry.article for _row, entry in rows], moments.locale)
    return render_template("definitions/processes.html", rows=rows, citing=citing, moments=moments)


@blueprint.get("/processes/<key>/<int:version>")
@requires("signed_in")
def process(key: str, version: int) -> str:
    """One version of a process, read only."""
    versions = queries.versions(current_user.institution_id, key)
    shown = _version(versions, version)
    before = next((row for row in versions if row.version < version), None)
    moments = Moments.of(current_user)
    bundle = queries.bundle(shown.deployment)
    definition = bundle.definition(key, specs())
    listed = steps(definition, bundle, moments.locale)
    tables = decision_tables(definition)
    schemas = forms(definition, bundle)
    codes = {code for step in listed for code in step.articles}
    codes |= {code for step in listed for branch in step.branches for code in branch.articles}
    codes |= {code for table in tables for code in (*table.articles, *(c for row in table.rows for c in row.articles))}
    codes |= {code for schema in schemas for field in schema.fields for code in field.basis.articles}
    codes |= {code for schema in schemas for rule in schema.rules for code in rule.basis.articles}
    own = {*definition.files, *(f"forms/{schema.key}.form" for schema in schemas)}
    layouts = layouts_for(bundle, key)
    codes |= {code for layout in layouts for code in layout.citations}
    changed = file_changes(before.deployment.files, shown.deployment.files, own) if before else []
    deployers = [row.deployment.deployed_by_id for row in versions if row.deployment.deployed_by_id]
    return render_template(
        "definitions/process.html",
        shown=shown,
        entry=bundle.process(key),
        versions=versions,
        before=before,
        changed=changed,
        steps=listed,
        tables=tables,
        forms=schemas,
        layouts=layouts,
        pack=bundle.pack,
        citing=Citing(current_user.institution_id, codes, moments.locale),
        moments=moments,
        kind_name=kind_name,
        demand=demand,
        reason=reason,
        limit_text=limit_text,
        deployers={person.id: person for person in people(current_user.institution_id, ids=deployers)},
    )


@blueprint.get("/processes/<key>/<int:version>/diagram.bpmn")
@requires("signed_in")
def diagram(key: str, version: int) -> Response:
    """The diagram's XML, as deployed; it never changes under this address."""
    shown = _version(queries.versions(current_user.institution_id, key), version)
    xml = queries.bundle(shown.deployment).definition(key, specs()).xml
    response = Response(xml, mimetype="application/xml")
    response.cache_control.private = True
    response.cache_control.max_age = 3600
    return response


def _version(versions: Sequence[ProcessDefinition], version: int) -> ProcessDefinition:
    found = next((row for row in versions if row.version == version), None)
    if found is None:
        abort(404)
    return found
