"""Bulletins to read and to print."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from webapp.bulletins import queries
from webapp.bulletins.commands import KINDS
from webapp.bulletins.models import Bulletin
from webapp.cases.moments import Moments
from webapp.definitions.names import PackNames
from webapp.extensions import db
from webapp.organization.policy import requires, visible
from webapp.registry.models import Account
from webapp.regulations.citing import Citing
from webapp.security import row_number
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("bulletins", __name__)


@blueprint.get("/bulletins")
@requires("signed_in")
def bulletins() -> str:
    """What was made known, newest first."""
    before, kind = request.args.get("before", type=row_number), request.args.get("kind", "")
    wanted = kind if kind in KINDS else ""
    found = queries.bulletins(current_user.institution_id, kind=wanted, before=before, limit=queries.PAGE + 1)
    return render_template(
        "bulletins/bulletins.html",
        bulletins=found[: queries.PAGE],
        next_before=found[queries.PAGE - 1].id if len(found) > queries.PAGE else None,
        further=before is not None,
        kinds=kind_names(),
        kind=wanted,
        moments=Moments.of(current_user),
    )


@blueprint.get("/bulletins/<int:bulletin_id>")
@requires("signed_in")
def bulletin(bulletin_id: int) -> str:
    """One bulletin as it was published."""
    row = queries.bulletin(bulletin_id, _narrow)
    if row is None:
        abort(404)
    moments = Moments.of(current_user)
    names = PackNames.current(current_user.institution_id, moments.locale)
    account = db.session.get(Account, row.account_id) if row.account_id is not None else None
    codes = [code for code in row.article.split() if code != "not-stated"]
    return render_template(
        "bulletins/bulletin.html",
        bulletin=row,
        kinds=kind_names(),
        account=account,
        unit=names.unit(row.unit_id),
        case=_case(row.instance_id),
        cites=Citing(row.institution_id, codes, moments.locale)(codes),
        issuer=names.bundle.pack.institution.name(moments.locale) if names.bundle else "",
        moments=moments,
    )


def _narrow(statement: Any) -> Any:
    return visible(current_user, statement, Bulletin)


def _case(instance_id: int | None) -> ProcessInstance | None:
    """The case it came from, for who may open that."""
    if instance_id is None:
        return None
    statement = select(ProcessInstance).where(ProcessInstance.id == instance_id)
    found: ProcessInstance | None = db.session.scalar(visible(current_user, statement, ProcessInstance))
    return found


def kind_names() -> dict[str, str]:
    return {"bulletin": _("简报"), "circular": _("通报"), "criticism": _("通报批评")}
