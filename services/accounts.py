"""Operations on accounts that are registered already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from services.inputs import day_of, id_of, made_by
from webapp.errors import NotFound
from webapp.organization.queries import local_day
from webapp.organization.queries import unit as unit_by_id
from webapp.registry import importing, queries, standing
from webapp.registry.models import Account
from webapp.registry.present import account_facts, months_between, silent_since
from webapp.workflow.context import CaseContext, operation
from webapp.workflow.queries import open_processes_of


@operation("registry.change_account", repeatable=False, summary="Brings the register to what the application says.")
def change_account(
    case: CaseContext, account: Any, application: Mapping[str, Any], only: Sequence[str] | None = None
) -> dict[str, Any]:
    row, changed = standing.change_account(
        case.institution_id, id_of(account), application, only=only, now=case.now, made_by=made_by(case)
    )
    return {"account_id": row.id, "changed": changed}


@operation("registry.deregister_account", repeatable=False, summary="Ends an account; its entry in the register stays.")
def deregister_account(
    case: CaseContext,
    account: Any,
    cancelled_on: str | None = None,
    ordered: bool = False,
    ground: str | None = None,
    closed_by: str | None = None,
) -> dict[str, Any]:
    row = standing.deregister(
        case.institution_id,
        id_of(account),
        cancelled_on=day_of(cancelled_on) if cancelled_on else None,
        ordered=bool(ordered),
        ground=ground or "",
        closed_by=closed_by or "",
        now=case.now,
        made_by=made_by(case),
    )
    return {"account_id": row.id, "filing_number": row.filing_number}


@operation("registry.set_account_state", repeatable=True, summary="Puts an account into a state.")
def set_account_state(case: CaseContext, account: Any, state: str, reason: str | None = None) -> dict[str, Any]:
    row = standing.set_state(
        case.institution_id, id_of(account), state, reason=reason or "", now=case.now, made_by=made_by(case)
    )
    return {"state": row.state}


@operation("registry.record_update", repeatable=True, summary="Keeps the day an account last put something out.")
def record_update(case: CaseContext, account: Any, updated_on: str) -> dict[str, Any]:
    row = standing.record_update(
        case.institution_id, id_of(account), day_of(updated_on), now=case.now, made_by=made_by(case)
    )
    return {"last_update_on": row.last_update_on.isoformat() if row.last_update_on else None}


@operation("registry.account_now", repeatable=True, summary="The account as it is registered at this moment.")
def account_now(case: CaseContext, account: Any) -> dict[str, Any]:
    row = queries.account(case.institution_id, id_of(account))
    unit = unit_by_id(case.institution_id, row.unit_id) if row else None
    if row is None or unit is None:
        raise NotFound(_("没有这个账号。"))
    zone = case.pack.institution.time_zone
    platform = case.pack.platform(row.platform)
    facts = account_facts(row, unit, group=bool(platform and platform.group), zone=zone)
    idle = months_between(silent_since(row, zone), local_day(case.now, zone))
    others = open_processes_of(case.institution_id, row.id, apart_from=case.instance.id)
    return {**facts, "months_idle": max(idle, 0), "open_cases": others}


@operation("registry.find_account", repeatable=True, summary="The registered account a report speaks of, if any.")
def find_account(
    case: CaseContext,
    platform: str | None,
    name: str | None = None,
    platform_account_id: str | None = None,
    url: str | None = None,
) -> dict[str, Any]:
    named = {"name": name or "", "platform_account_id": platform_account_id or "", "url": url or ""}
    row = queries.find_account(case.institution_id, platform or "", **named)
    if row is None:
        return {"found": False, "account_id": None, "filing_number": None, "name": None, "state": None}
    known = {"filing_number": row.filing_number, "name": row.name, "state": row.state}
    return {"found": True, "account_id": row.id, **known}


@operation("registry.import_rows", repeatable=False, summary="Registers the rows of a sheet under a unit.")
def import_rows(case: CaseContext, rows: Sequence[Mapping[str, Any]], unit: Any) -> dict[str, Any]:
    formats = {entry.key: entry.format for entry in case.pack.number_series}
    groups = {entry.key for entry in case.pack.platforms if entry.group}
    made: list[Account] = importing.import_rows(
        case.filing_id,
        rows,
        unit_id=id_of(unit),
        groups=groups,
        formats=formats,
        now=case.now,
        decision_id=case.decision_id,
        actor=case.actor,
    )
    return {"count": len(made), "filing_numbers": [row.filing_number for row in made]}
