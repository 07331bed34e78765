"""Operations on the register, by the names diagrams use in camunda:topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.organization.queries import local_day
from webapp.registry import commands, queries
from webapp.registry.models import Account
from webapp.workflow.context import CaseContext, operation


@operation("registry.existing_accounts", repeatable=True, summary="The unit's accounts on a platform, oldest first.")
def existing_accounts(case: CaseContext, unit: Mapping[str, Any], platform: str) -> dict[str, Any]:
    found = queries.existing_accounts(case.institution_id, int(unit["id"]), platform)
    rows = [{"id": row.id, "name": row.name, "filing_number": row.filing_number} for row in found]
    return {"count": len(rows), "accounts": rows}


@operation("registry.register_account", repeatable=False, summary="Enters the account and gives its filing number.")
def register_account(
    case: CaseContext, application: Mapping[str, Any], tier: Any, state: str = "active"
) -> dict[str, Any]:
    return _registered(_register(case, application, "account", tier="" if tier is None else str(tier), state=state))


@operation("registry.register_group", repeatable=False, summary="Enters a work group under the unit it is reported to.")
def register_group(
    case: CaseContext, application: Mapping[str, Any], responsible_unit: Mapping[str, Any]
) -> dict[str, Any]:
    creator = {"id": case.instance.applicant_id, "name": case.instance.applicant.name_zh}
    answerable = {**application, "directly_responsible": application.get("directly_responsible") or creator}
    return _registered(_register(case, answerable, "group", unit_id=int(responsible_unit["id"])))


@operation("registry.refuse_filing", repeatable=True, summary="Records that the filing is refused.")
def refuse_filing(case: CaseContext, grounds: Any = None) -> dict[str, Any]:
    commands.close_filing(case.filing_id, "refused", case.now, actor=case.actor)
    return {}


@operation("registry.receive_filing", repeatable=True, summary="Records that the filing is received, not decided.")
def receive_filing(case: CaseContext) -> dict[str, Any]:
    entry = case.pack.series("receipt")
    number_format = entry.format if entry else None
    year = _year(case)
    number = commands.receive_filing(case.filing_id, case.now, number_format=number_format, year=year, actor=case.actor)
    return {"number": number}


@operation("registry.record_verification", repeatable=False, summary="Keeps what was found on the platform.")
def record_verification(case: CaseContext, account: int, verification: Mapping[str, Any]) -> dict[str, Any]:
    made_by = {"filing_id": case.filing_id, "decision_id": case.decision_id, "actor": case.actor}
    commands.record_verification(case.institution_id, int(account), verification, now=case.now, **made_by)
    return {}


def _register(case: CaseContext, application: Mapping[str, Any], series: str, **more: Any) -> Account:
    return commands.register_account(
        case.filing_id,
        application,
        series=series,
        number_format=_format(case, series),
        now=case.now,
        year=_year(case),
        decision_id=case.decision_id,
        actor=case.actor,
        **more,
    )


def _registered(account: Account) -> dict[str, Any]:
    return {"account_id": account.id, "filing_number": account.filing_number}


def _format(case: CaseContext, series: str) -> str:
    entry = case.pack.series(series)
    if entry is None:
        raise Invalid(_("流程包没有编号序列“%(series)s”。", series=series))
    return entry.format


def _year(case: CaseContext) -> int:
    return local_day(case.now, case.pack.institution.time_zone).year
