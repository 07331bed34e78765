"""The `case` object: what expressions of diagrams and forms can read about a case beside its answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.packs import Pack
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.registry.models import Account
from webapp.registry.present import account_facts
from webapp.workflow.models import ProcessInstance

Facts = dict[str, Any]
# What a case keeps from its filing on (`ProcessInstance.about`), as expressions see it where there is nothing.
KEPT: Mapping[str, Any] = {
    "account": None,
    "campaign": None,
    "cause": None,
    "event_on": None,
    "last_day": None,
    "late": False,
}


def case_facts(instance: ProcessInstance, unit: Unit, applicant: User, institution: str) -> Facts:
    """The `case` object of a case as it stands; `filed_at` is null while its application is still open."""
    kept = instance.about or {}
    filed_at = instance.filed_at.isoformat()
    return {
        "reference": instance.reference,
        "filed_at": None if kept.get("unfiled") else filed_at,
        "started_at": kept.get("started_at") or filed_at,
        "institution": institution,
        "unit": unit_facts(unit),
        "applicant": applicant_facts(applicant),
        **{name: kept.get(name, nothing) for name, nothing in KEPT.items()},
    }


def facts_to_be(applicant: User, institution: str, account: Facts | None = None) -> Facts:
    """The `case` object of a case that is not started yet, as its start form sees it."""
    return {
        "reference": None,
        "filed_at": None,
        "started_at": None,
        "institution": institution,
        "unit": unit_facts(applicant.unit),
        "applicant": applicant_facts(applicant),
        **KEPT,
        "account": account,
    }


def unit_facts(unit: Unit | None) -> Facts | None:
    return {"id": unit.id, "code": unit.code, "name": unit.name_zh, "kind": unit.kind} if unit else None


def applicant_facts(applicant: User) -> Facts:
    return {
        "id": applicant.id,
        "name": applicant.name_zh,
        "permanent": applicant.permanent,
        "kind": applicant.kind,
        "unit": unit_facts(applicant.unit),
    }


def account_of_case(account: Account, pack: Pack) -> Facts:
    """`case.account`: the account as it is registered now."""
    platform = pack.platform(account.platform)
    unit = db.session.get_one(Unit, account.unit_id)
    return account_facts(account, unit, group=platform is not None and platform.group, zone=pack.institution.time_zone)
