"""The legal basis, to read: articles and clauses in our own words, each with what carries it out."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_login import current_user

from webapp.cases.moments import Moments
from webapp.coverage.queries import uses
from webapp.organization.policy import requires
from webapp.regulations import queries
from webapp.regulations.wording import kind_names
from webapp.workflow.context import specs

blueprint = Blueprint("regulations", __name__)


@blueprint.get("/regulations")
@requires("signed_in")
def regulations() -> str:
    """Every regulation of the institution."""
    moments = Moments.of(current_user)
    return render_template(
        "regulations/regulations.html",
        regulations=queries.regulations(current_user.institution_id),
        uses=uses(current_user.institution_id, specs(), moments.locale),
        moments=moments,
        kinds=kind_names(),
    )
