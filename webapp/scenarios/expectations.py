"""Comparing what came of a scenario with what it expects."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from webapp.extensions import db
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.models import Account, Decision, Filing
from webapp.scenarios.runs import ScenarioRun
from webapp.workflow import queries
from webapp.workflow.models import ProcessInstance


def differences(run: ScenarioRun) -> list[str]:
    """What differs from the scenario's `expect`, one sentence each."""
    expect, problems = run.scenario.expect, []
    instance = db.session.get(ProcessInstance, run.instance_id) if run.instance_id else None

    def differ(what: str, wanted: object, found: object) -> None:
        if wanted != found:
            problems.append(f"{what}: expected {wanted}, found {found}")

    if instance is None:
        differ("state", expect.state, "open")
        differ("path", list(expect.path or ()), [])
        return problems
    differ("state", expect.state, (instance.outcome or "ended") if instance.state != "running" else "open")
    if expect.path is not None:
        passed = [
            row.element
            for row in queries.history(instance.id)
            if row.kind in ("userTask", "serviceTask", "businessRuleTask")
        ]
        differ("path", list(expect.path), passed)
    if expect.open is not None:
        opened = sorted(task.element for task in queries.open_tasks(instance).values())
        differ("open", sorted(expect.open), opened)
    filing = db.session.scalar(select(Filing).where(Filing.instance_id == instance.id))
    decided = db.session.scalars(select(Decision).where(Decision.filing_id == (filing.id if filing else 0)))
    newest = {row.element: row.outcome for row in decided.all()}
    for element, outcome in expect.decisions.items():
        differ(f"decision {element}", outcome, newest.get(element))
    problems += _account_problems(run, filing)
    problems += _notice_problems(run, instance)
    return problems


def _account_problems(run: ScenarioRun, filing: Filing | None) -> list[str]:
    if "account" not in run.scenario.expect.model_fields_set:
        return []
    wanted = run.scenario.expect.account
    account = db.session.get(Account, filing.account_id) if filing and filing.account_id else None
    if wanted is None:
        return [f"account: expected none, found {account.name}"] if account else []
    if account is None:
        return ["account: expected one, found none"]
    problems = []
    for key, value in wanted.items():
        if key == "unit":
            unit = unit_by_code(run.institution_id, str(value))
            found: Any = value if unit and unit.id == account.unit_id else account.unit_id
        else:
            found = getattr(account, key, None) if hasattr(account, key) else account.details.get(key)
        if isinstance(value, str) and value.startswith("/") and value.endswith("/"):
            if not re.search(value.strip("/"), str(found)):
                problems.append(f"account.{key}: {found} does not match {value}")
        elif found != value:
            problems.append(f"account.{key}: expected {value}, found {found}")
    return problems


def _notice_problems(run: ScenarioRun, instance: ProcessInstance) -> list[str]:
    statement = (
        select(User.username, Notice.text_key)
        .join(User, User.id == Notice.user_id)
        .where(Notice.instance_id == instance.id)
    )
    told = {(row[0], row[1]) for row in db.session.execute(statement)}
    return [
        f"notice {entry.text} to {entry.to}: not sent"
        for entry in run.scenario.expect.notices
        if (entry.to, entry.text) not in told
    ]
