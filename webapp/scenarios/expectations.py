"""Comparing what came of a scenario with what it expects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from webapp.bulletins.models import Bulletin
from webapp.extensions import db
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.models import Account, Assessment, Decision, Filing, Measure, Review
from webapp.scenarios import beginnings
from webapp.scenarios.documents import ExpectedAlso, ExpectedCase
from webapp.scenarios.runs import ScenarioRun
from webapp.workflow import queries
from webapp.workflow.models import CaseRequest, ProcessInstance

_PASSED = ("userTask", "serviceTask", "businessRuleTask")


def differences(run: ScenarioRun) -> list[str]:
    """What differs from the scenario's `expect`, one sentence each."""
    instance = db.session.get(ProcessInstance, run.instance_id) if run.instance_id else None
    problems = _case_problems(run, instance, run.scenario.expect)
    for also in run.scenario.expect.also:
        found = _also(run, also)
        where = f"also {also.process}: "
        if found is None:
            problems.append(f"{where}there is no such case")
        else:
            problems += [where + problem for problem in _case_problems(run, found, also)]
    return problems + _register_problems(run)


def _also(run: ScenarioRun, also: ExpectedAlso) -> ProcessInstance | None:
    """The newest case of its process other than the one in focus, about that account or of that unit."""
    account = run.account_id(also.about) if also.about else None
    found = [row for row in beginnings.cases_of(run, also.process, account) if row.id != run.instance_id]
    return next((row for row in found if also.unit is None or row.unit.code == also.unit), None)


def _case_problems(run: ScenarioRun, instance: ProcessInstance | None, expect: ExpectedCase) -> list[str]:
    problems: list[str] = []

    def differ(what: str, wanted: object, found: object) -> None:
        if wanted != found:
            problems.append(f"{what}: expected {wanted}, found {found}")

    if instance is None:
        differ("state", expect.state, "open")
        differ("path", list(expect.path or ()), [])
        return problems
    if expect.state is not None:
        differ("state", expect.state, (instance.outcome or "ended") if instance.state != "running" else "open")
    if expect.path is not None:
        passed = [row.element for row in queries.history(instance.id) if row.kind in _PASSED]
        differ("path", list(expect.path), passed)
    if expect.open is not None:
        opened = sorted(task.element for task in queries.open_tasks(instance).values())
        differ("open", sorted(expect.open), opened)
    filing = db.session.scalar(select(Filing).where(Filing.instance_id == instance.id))
    decided = db.session.scalars(
        select(Decision).where(Decision.filing_id == (filing.id if filing else 0)).order_by(Decision.id)
    )
    newest = {row.element: row.outcome for row in decided.all()}
    for element, outcome in expect.decisions.items():
        differ(f"decision {element}", outcome, newest.get(element))
    if expect.late is not None:
        differ("late", expect.late, bool(filing and filing.late))
    if "last_day" in expect.model_fields_set:
        differ("last_day", expect.last_day, filing.last_day if filing else None)
    if "account" in expect.model_fields_set:
        found = db.session.get(Account, filing.account_id) if filing and filing.account_id else None
        problems += _account_problems(run, expect.account, found)
    return problems + _notice_problems(expect, instance)


def _account_problems(run: ScenarioRun, wanted: Mapping[str, Any] | None, account: Account | None) -> list[str]:
    if wanted is None:
        return [f"account: expected none, found {account.name}"] if account else []
    if account is None:
        return ["account: expected one, found none"]
    found = {key: getattr(account, key) if hasattr(account, key) else account.details.get(key) for key in wanted}
    if "unit" in wanted:
        unit = unit_by_code(run.institution_id, str(wanted["unit"]))
        found["unit"] = wanted["unit"] if unit and unit.id == account.unit_id else account.unit_id
    return _unlike("account", wanted, found)


def _unlike(what: str, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Entries that differ; a text between slashes is a pattern, days are compared as they are written."""
    problems = []
    for key, value in wanted.items():
        there = found.get(key)
        if isinstance(value, str) and len(value) > 1 and value.startswith("/") and value.endswith("/"):
            if not re.search(value.strip("/"), str(there)):
                problems.append(f"{what}.{key}: {there} does not match {value}")
        elif _plain(there) != _plain(value):
            problems.append(f"{what}.{key}: expected {value}, found {there}")
    return problems


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _notice_problems(expect: ExpectedCase, instance: ProcessInstance) -> list[str]:
    statement = (
        select(User.username, Notice.text_key)
        .join(User, User.id == Notice.user_id)
        .where(Notice.instance_id == instance.id)
    )
    told = {(row[0], row[1]) for row in db.session.execute(statement)} if expect.notices else set()
    return [
        f"notice {entry.text} to {entry.to}: not sent" for entry in expect.notices if (entry.to, entry.text) not in told
    ]


def _register_problems(run: ScenarioRun) -> list[str]:
    """What differs in the register and beside it: accounts, measures, bulletins, requests, review, assessment."""
    expect, problems = run.scenario.expect, []
    for key, wanted in expect.accounts.items():
        account = _named_account(run, key)
        told = [f"no account {key}"] if account is None else _account_problems(run, wanted, account)
        problems += [f"{key}: {problem}" for problem in told]
    if expect.measures is not None:
        problems += _measure_problems(run, expect.measures)
    if expect.bulletins is not None:
        rows = select(Bulletin.text_key).where(Bulletin.institution_id == run.institution_id)
        found = db.session.scalars(rows.where(Bulletin.id > run.first.bulletin).order_by(Bulletin.id)).all()
        problems += _lists_differ("bulletins", expect.bulletins, found)
    if expect.requested is not None:
        asked = select(CaseRequest.process).where(CaseRequest.requested_by_id == run.instance_id)
        problems += _lists_differ("requested", expect.requested, db.session.scalars(asked).all())
    if expect.review is not None:
        problems += _newest(run, Review, "review", expect.review)
    if expect.assessment is not None:
        problems += _newest(run, Assessment, "assessment", expect.assessment)
    return problems


def _named_account(run: ScenarioRun, key: str) -> Account | None:
    """The given account with that key, else the newest of that name."""
    if key in run.accounts:
        return db.session.get(Account, run.accounts[key])
    named = select(Account).where(Account.institution_id == run.institution_id, Account.name == key)
    return db.session.scalar(named.order_by(Account.id.desc()).limit(1))


def _lists_differ(what: str, wanted: Any, found: Any) -> list[str]:
    return [] if sorted(wanted) == sorted(found) else [f"{what}: expected {list(wanted)}, found {list(found)}"]


def _measure_problems(run: ScenarioRun, wanted: tuple[dict[str, Any], ...]) -> list[str]:
    statement = select(Measure).where(Measure.institution_id == run.institution_id, Measure.id > run.first.measure)
    rows = list(db.session.scalars(statement.order_by(Measure.id)))
    if len(rows) != len(wanted):
        return [f"measures: expected {len(wanted)}, found {[row.kind for row in rows]}"]
    problems = []
    for number, (entry, row) in enumerate(zip(wanted, rows, strict=True), start=1):
        problems += _unlike(f"measure {number}", entry, _row(run, row, entry))
    return problems


def _newest(
    run: ScenarioRun, table: type[Review] | type[Assessment], what: str, wanted: Mapping[str, Any]
) -> list[str]:
    statement = select(table).where(table.institution_id == run.institution_id).order_by(table.id.desc()).limit(1)
    row = db.session.scalar(statement)
    return [f"{what}: expected one, found none"] if row is None else _unlike(what, wanted, _row(run, row, wanted))


def _row(run: ScenarioRun, row: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The row's values; its account by the given key and its unit by code, as a scenario names them."""
    found = {key: getattr(row, key, None) for key in wanted}
    if "account" in wanted:
        found["account"] = next((key for key, at in run.accounts.items() if at == row.account_id), row.account_id)
    if "unit" in wanted:
        unit = unit_by_code(run.institution_id, str(wanted["unit"]))
        found["unit"] = wanted["unit"] if unit and unit.id == row.unit_id else row.unit_id
    return found
