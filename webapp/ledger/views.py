"""The ledger's pages: events, one event closely, checkpoints, verification, export."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from flask import Blueprint, Response, abort, render_template, request, send_file
from flask_login import current_user
from sqlalchemy import select

from webapp.cases.actors import step_name
from webapp.cases.moments import Moments, page_locale
from webapp.definitions import queries as definitions
from webapp.definitions.models import Deployment, ProcessDefinition
from webapp.extensions import db
from webapp.ledger import queries
from webapp.ledger.checkpoints import checkpoints as all_checkpoints
from webapp.ledger.commands import note_export
from webapp.ledger.export import export
from webapp.ledger.forms import LedgerFilter
from webapp.ledger.inspection import inspect
from webapp.ledger.models import Checkpoint, LedgerHead
from webapp.ledger.verification import verify as verify_log
from webapp.ledger.wording import action_names, outcome_names
from webapp.organization.models import User
from webapp.organization.policy import requires
from webapp.security import row_number
from webapp.workflow.context import specs
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("ledger", __name__)
PAGE = 40
SPOOLED = 8 * 1024 * 1024


@blueprint.get("/ledger")
@requires("ledger.read")
def events() -> str:
    """Events, newest first, narrowed by what the address asks for."""
    moments = Moments.of(current_user)
    wanted = LedgerFilter.read(request.args)
    narrowed, unknown = _narrowed(wanted, moments)
    before = request.args.get("before", type=row_number)
    found: list[queries.EventView] = []
    if not unknown:
        found = queries.page(db.session(), current_user.institution_id, before=before, limit=PAGE + 1, **narrowed)
    return render_template(
        "ledger/events.html",
        events=found[:PAGE],
        next_before=found[PAGE - 1].seq if len(found) > PAGE else None,
        further=before is not None,
        wanted=wanted,
        unknown=unknown,
        cases=_references(found),
        elements=_elements(moments.locale),
        size=_size(),
        last=_last_checkpoint(),
        words=action_names(),
        outcomes=outcome_names(),
        moments=moments,
    )


@blueprint.get("/ledger/<int:seq>")
@requires("ledger.read")
def event(seq: int) -> str:
    """One event, hashed anew."""
    found = inspect(db.session(), current_user.institution_id, seq)
    if found is None:
        abort(404)
    return render_template(
        "ledger/event.html",
        found=found,
        event=found.event,
        cases=_references([found.event]),
        elements=_elements(page_locale()),
        versions=_versions(found.event.deployment_hash),
        principal=_person(found.event.on_behalf_of),
        words=action_names(),
        outcomes=outcome_names(),
        moments=Moments.of(current_user),
    )


@blueprint.get("/ledger/checkpoints")
@requires("ledger.read")
def checkpoints() -> str:
    """Signed checkpoints, newest first."""
    return _checkpoints_page(None)


@blueprint.post("/ledger/verify")
@requires("ledger.read")
def verify() -> str:
    """Check the whole log and the register against it; changes nothing, so the answer is the page itself."""
    return _checkpoints_page(verify_log(db.session(), current_user.institution_id))


@blueprint.get("/ledger/checkpoints/<int:size>.json")
@requires("ledger.read")
def checkpoint(size: int) -> Response:
    """One checkpoint, to be kept elsewhere."""
    found = db.session.get(Checkpoint, (current_user.institution_id, size))
    if found is None:
        abort(404)
    body = json.dumps(found.as_json(), ensure_ascii=False, indent=1)
    name = f"{current_user.institution.code}-checkpoint-{size}.json"
    return Response(body, mimetype="application/json", headers={"Content-Disposition": f"attachment; filename={name}"})


@blueprint.post("/ledger/export")
@requires("ledger.read")
def download() -> Response:
    """The whole log as one bundle; that it was taken away is recorded first, and so stands in it."""
    institution_id, code, name = current_user.institution_id, current_user.institution.code, _institution_name()
    now = datetime.now(UTC)
    note_export(institution_id, _size(), actor_id=current_user.id, actor_label=current_user.name_zh, now=now)
    target = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=SPOOLED))  # noqa: SIM115 - send_file closes it
    export(db.session(), institution_id, target, institution=name)
    target.seek(0)
    file_name = f"{code}-ledger-{now:%Y%m%dT%H%M%SZ}.zip"
    return send_file(target, mimetype="application/zip", as_attachment=True, download_name=file_name)


def _checkpoints_page(report: Any) -> str:
    signed = list(reversed(list(all_checkpoints(db.session(), current_user.institution_id))))
    moments = Moments.of(current_user)
    return render_template(
        "ledger/checkpoints.html", signed=signed[:200], total=len(signed), size=_size(), report=report, moments=moments
    )


def _narrowed(wanted: LedgerFilter, moments: Moments) -> tuple[dict[str, Any], str]:
    """Arguments of `queries.page`, and what was asked for and is not known ("" when all is)."""
    institution_id = current_user.institution_id
    since, until = wanted.span(moments.zone)
    narrowed: dict[str, Any] = {"since": since, "until": until, "action": wanted.action or None}
    narrowed |= {"object_type": wanted.object_type or None, "object_id": wanted.object_id or None}
    if wanted.case:
        by_reference = select(ProcessInstance.id).where(
            ProcessInstance.institution_id == institution_id, ProcessInstance.reference == wanted.case
        )
        narrowed["instance_id"] = db.session.scalar(by_reference)
        if narrowed["instance_id"] is None:
            return {}, wanted.case
    if wanted.who:
        named = (User.username == wanted.who) | (User.name_zh == wanted.who) | (User.name_en == wanted.who)
        people = select(User.id).where(User.institution_id == institution_id, named)
        narrowed["actor_id"] = db.session.scalar(
            people.order_by((User.username == wanted.who).desc(), User.id).limit(1)
        )
        if narrowed["actor_id"] is None:
            return {}, wanted.who
    return narrowed, ""


def _references(found: list[queries.EventView]) -> dict[int, str]:
    """The references of the cases these events belong to."""
    ids = {row.instance_id for row in found if row.instance_id is not None}
    statement = select(ProcessInstance.id, ProcessInstance.reference).where(
        ProcessInstance.institution_id == current_user.institution_id, ProcessInstance.id.in_(ids)
    )
    return {row[0]: row[1] for row in db.session.execute(statement)}


def _elements(locale: str) -> dict[str, str]:
    """What the steps of the processes now in force are called; one no longer drawn is shown by its id."""
    found: dict[str, str] = {}
    for row in definitions.newest_of_each(current_user.institution_id):
        drawn = definitions.bundle(row.deployment).definition(row.key, specs()).elements.values()
        found |= {element.id: step_name(element, locale, element.id) for element in drawn}
    return found


def _versions(deployment_hash: str | None) -> list[ProcessDefinition]:
    """The process versions of a deployment."""
    if deployment_hash is None:
        return []
    statement = (
        select(ProcessDefinition)
        .join(Deployment, Deployment.id == ProcessDefinition.deployment_id)
        .where(Deployment.institution_id == current_user.institution_id, Deployment.hash == deployment_hash)
        .order_by(ProcessDefinition.key)
    )
    return list(db.session.scalars(statement))


def _person(user_id: int | None) -> User | None:
    found = db.session.get(User, user_id) if user_id is not None else None
    return found if found and found.institution_id == current_user.institution_id else None


def _size() -> int:
    head = db.session.get(LedgerHead, current_user.institution_id)
    return head.size if head else 0


def _last_checkpoint() -> Checkpoint | None:
    statement = select(Checkpoint).where(Checkpoint.institution_id == current_user.institution_id)
    return db.session.scalar(statement.order_by(Checkpoint.size.desc()).limit(1))


def _institution_name() -> str:
    return str(current_user.institution.name_zh)
