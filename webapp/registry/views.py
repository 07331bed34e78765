"""The register: looking accounts up, and the page of one account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from webapp.cases.actors import person_name, step_name
from webapp.cases.moments import Moments
from webapp.cases.opinions import decision_label
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.names import PackNames
from webapp.definitions.queries import bundle
from webapp.engine import Element
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.formkit import FormSchema
from webapp.inbox.account_actions import account_actions
from webapp.organization.policy import can, requires, visible
from webapp.organization.queries import units
from webapp.registry import measures, queries
from webapp.registry.entry import Entry, named, state_name
from webapp.registry.forms import UpdateForm
from webapp.registry.life import grounds, happenings
from webapp.registry.lifeline import Lifeline, State, lifeline
from webapp.registry.models import Account, Filing, Measure
from webapp.registry.standing import note_update
from webapp.registry.wording import measure_names, review_names
from webapp.regulations.citing import Citation, Citing
from webapp.security import row_number
from webapp.workflow.context import specs
from webapp.workflow.inactivity import is_silent
from webapp.workflow.models import ProcessInstance

blueprint = Blueprint("registry", __name__)
PAGE = 30
STATES = ("active", "rectification", "suspended", "deregistered")


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


@blueprint.get("/registry/measures")
@requires("measures.read")
def taken_measures() -> str:
    """措施台账: what was imposed in a year, for publicity, auditors and the heads of the units."""
    institution_id, moments = current_user.institution_id, Moments.of(current_user)
    years = measures.years_of_measures(institution_id)
    asked = request.args.get("year", type=row_number)
    year = asked if asked is not None and asked in years else moments.today.year
    before = request.args.get("before", type=row_number)
    found = measures.measures_of_year(institution_id, year, narrow=_narrow_measures, before=before, limit=PAGE + 1)
    return render_template(
        "registry/measures.html",
        rows=found[:PAGE],
        next_before=found[PAGE - 1][0].id if len(found) > PAGE else None,
        further=before is not None,
        year=year,
        years=sorted({*years, moments.today.year}, reverse=True),
        cites=_measure_cites([row for row, _ in found], moments.locale),
        measure_names=measure_names(),
        names=PackNames.current(institution_id, moments.locale),
        named=named,
        moments=moments,
    )


def _narrow_measures(statement: Any) -> Any:
    return visible(current_user, statement, Measure)


@blueprint.get("/registry/<int:account_id>")
@requires("signed_in")
def account(account_id: int) -> str:
    """One account: what is registered, its life, its versions, and who decided each on which ground."""
    return _account_page(account_id)


@blueprint.post("/registry/<int:account_id>/updates")
@requires("signed_in")
def record_update(account_id: int) -> Response | tuple[str, int]:
    """登记更新: the day the account last put something out."""
    form = UpdateForm()
    found = queries.account(current_user.institution_id, account_id)
    if found is None or not can(current_user, "record_update", found):
        abort(404)
    if not form.validate_on_submit():
        return _account_page(account_id, form), 422
    try:
        note_update(current_user, account_id, form.picked, now=datetime.now(UTC))
    except Invalid as error:
        form.updated_on.errors = [error.sentence]
        return _account_page(account_id, form), 422
    flash(_("已登记：%(day)s 有更新。", day=form.picked))
    return redirect(url_for("registry.account", account_id=account_id))


def _account_page(account_id: int, form: UpdateForm | None = None) -> str:
    institution_id = current_user.institution_id
    file = queries.account_file(institution_id, account_id, narrow=_narrow)
    if file is None:
        abort(404)
    moments = Moments.of(current_user)
    names = PackNames.current(institution_id, moments.locale)
    cases = _cases(file.filings)
    entry = Entry(names, _forms(names, cases), can(current_user, "see_contacts", file.account), moments.locale)
    steps = _steps(file, cases)
    taken = measures.measures_of_account(institution_id, account_id)
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
        filings=sorted(file.filings, key=lambda filing: filing.outcome is not None),
        case_names=_case_names(cases, moments.locale),
        doable=account_actions(current_user, file.account, moments.locale),
        siblings=[row for row, _unit in siblings.rows if row.id != account_id][:8],
        decision_label=decision_label,
        by_system={filing_id for filing_id, case in cases.items() if case.requested},
        measures=taken,
        measure_cites=_measure_cites(taken, moments.locale),
        filing_by_id={filing.id: filing for filing in file.filings},
        named=named,
        reviews=measures.reviews_of_account(institution_id, account_id),
        measure_names=measure_names(),
        review_names=review_names(),
        idle=names.bundle is not None and is_silent(file.account, names.bundle.pack, moments.today),
        update_form=_update_form(file.account, form),
        person_name=lambda user_id: person_name(file.people.get(user_id), moments.locale),
    )


def _update_form(account: Account, form: UpdateForm | None) -> UpdateForm | None:
    """The form to record an update with, for who may."""
    if not can(current_user, "record_update", account):
        return None
    return form or UpdateForm(formdata=None)


def _measure_cites(taken: Sequence[Measure], locale: str) -> dict[int, list[Citation]]:
    """The clauses that measures rest on, by measure id."""
    citing = Citing(current_user.institution_id, [code for row in taken for code in row.article.split()], locale)
    return {row.id: citing(row.article.split()) for row in taken}


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


def _case_names(cases: Mapping[int, ProcessInstance], locale: str) -> dict[int, str]:
    """What each case is: the name of its process, by filing id."""
    definitions = {filing_id: case.definition for filing_id, case in cases.items()}
    return {key: (row.name_en if locale == "en" else "") or row.name_zh for key, row in definitions.items()}


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
