"""The register: looking accounts up, and the page of one account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.cases.actors import person_name, step_name
from webapp.cases.moments import Moments
from webapp.cases.opinions import decision_label
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.names import PackNames
from webapp.definitions.queries import bundle
from webapp.engine import Element
from webapp.extensions import db
from webapp.formkit import FormSchema
from webapp.organization.policy import can, requires, visible
from webapp.organization.queries import units
from webapp.registry import queries
from webapp.registry.entry import Entry, named, state_name
from webapp.registry.life import grounds, happenings
from webapp.registry.lifeline import Lifeline, State, lifeline
from webapp.registry.models import Account, Filing
from webapp.security import row_number
from webapp.workflow.context import specs
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("registry", __name__)
STATES = ("active", "rectification", "ordered_closed", "deregistered")


def _narrow(statement: Any) -> Any:
    return visible(current_user, statement, Account)


@blueprint.get("/registry")
@requires("signed_in")
def accounts() -> str:
    """Search and filters in the address, so that a list can be passed on."""
    asked = request.args
    wanted = queries.AccountFilter(
        text=asked.get("q", "").strip()[:200],
        platform=asked.get("platform", ""),
        state=asked.get("state", ""),
        unit_id=asked.get("unit", type=row_number),
    )
    institution_id = current_user.institution_id
    found = queries.accounts(institution_id, wanted, before=asked.get("before", type=row_number), narrow=_narrow)
    moments = Moments.of(current_user)
    return render_template(
        "registry/accounts.html",
        page=found,
        wanted=wanted,
        names=PackNames.current(institution_id, moments.locale),
        units=units(institution_id),
        states=[(state, state_name(state)) for state in STATES],
        moments=moments,
        named=named,
        further="before" in asked,
        narrowed=wanted != queries.AccountFilter(),
    )


@blueprint.get("/registry/<int:account_id>")
@requires("signed_in")
def account(account_id: int) -> str:
    """One account: what is registered, its life, its versions, and who decided each on which ground."""
    institution_id = current_user.institution_id
    file = queries.account_file(institution_id, account_id, narrow=_narrow)
    if file is None:
        abort(404)
    moments = Moments.of(current_user)
    names = PackNames.current(institution_id, moments.locale)
    cases = _cases(file.filings)
    entry = Entry(names, _forms(names, cases), can(current_user, "see_contacts", file.account), moments.locale)
    steps = _steps(file, cases)
    siblings = queries.accounts(institution_id, queries.AccountFilter(unit_id=file.account.unit_id), narrow=_narrow)
    return render_template(
        "registry/account.html",
        file=file,
        entry=entry,
        data=file.versions[0].data,
        names=names,
        moments=moments,
        life=_life(file, names, moments),
        happenings=happenings(file, entry),
        grounds=grounds(file, {key: element.articles for key, element in steps.items()}, moments.locale),
        step=lambda row: step_name(steps.get((row.filing_id, row.element)), moments.locale, row.element_name),
        cases=_visible_cases(cases),
        siblings=[row for row, _unit in siblings.rows if row.id != account_id][:8],
        decision_label=decision_label,
        person_name=lambda user_id: person_name(file.people.get(user_id), moments.locale),
    )


def _life(file: queries.AccountFile, names: PackNames, moments: Moments) -> Lifeline | None:
    states = [State(row.recorded_at.astimezone(moments.zone).date(), row.data) for row in reversed(file.versions)]
    rows: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        (_("名称"), lambda data: str(data.get("name") or "")),
        (_("主办单位"), lambda data: names.unit(data.get("unit_id"))),
        (_("级别"), lambda data: names.tier(str(data.get("tier") or ""))),
        (_("第一责任人"), lambda data: named(data.get("first_responsible"))),
        (_("状态"), lambda data: state_name(str(data.get("state") or ""))),
    ]
    return lifeline(states, rows, moments.today)


def _cases(filings: Sequence[Filing]) -> dict[int, ProcessInstance]:
    """The cases that carried the filings, by filing id, each with the deployment it ran on."""
    wanted = {filing.instance_id: filing.id for filing in filings if filing.instance_id is not None}
    statement = (
        select(ProcessInstance)
        .where(ProcessInstance.institution_id == current_user.institution_id, ProcessInstance.id.in_(wanted))
        .options(joinedload(ProcessInstance.definition).joinedload(ProcessDefinition.deployment))
    )
    return {wanted[case.id]: case for case in db.session.scalars(statement)}


def _visible_cases(cases: Mapping[int, ProcessInstance]) -> dict[int, int]:
    """Case ids by filing id, of those the person may open."""
    ids = [case.id for case in cases.values()]
    statement = visible(current_user, select(ProcessInstance.id).where(ProcessInstance.id.in_(ids)), ProcessInstance)
    open_to = set(db.session.scalars(statement))
    return {filing_id: case.id for filing_id, case in cases.items() if case.id in open_to}


def _forms(names: PackNames, cases: Mapping[int, ProcessInstance]) -> list[FormSchema]:
    """The forms of the deployments the account was filed on, newest first, then those of today's pack."""
    packs = [bundle(case.definition.deployment) for case in cases.values()]
    packs += [names.bundle] if names.bundle else []
    keys = [(pack, path) for pack in packs for path in sorted(pack.files) if path.startswith("forms/")]
    found = {(pack.hash, path): pack.form(path.removeprefix("forms/").removesuffix(".form")) for pack, path in keys}
    return list(found.values())


def _steps(file: queries.AccountFile, cases: Mapping[int, ProcessInstance]) -> dict[tuple[int, str], Element]:
    """The steps that were decided, by filing and element id, as drawn in the diagram the case ran on."""
    found: dict[tuple[int, str], Element] = {}
    for filing_id, case in cases.items():
        elements = bundle(case.definition.deployment).definition(case.definition.key, specs()).elements
        for row in file.decisions.get(filing_id, ()):
            if row.element in elements:
                found[filing_id, row.element] = elements[row.element]
    return found
