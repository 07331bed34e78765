"""What stands in the register before a scenario begins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from webapp.extensions import db, transactional
from webapp.organization.models import Institution
from webapp.organization.queries import unit_by_code, user_by_name
from webapp.registry.commands import enter_existing
from webapp.registry.measures import record_measure, record_review
from webapp.registry.standing import record_update
from webapp.scenarios.documents import Given, GivenAccount
from webapp.scenarios.errors import ScenarioFailed

_PEOPLE = ("first_responsible", "directly_responsible", "leader_in_charge")
_AS_GIVEN = ("platform", "name", "platform_account_id", "url", "purpose", "audience", "tier", "state", "payment")
_WHERE_KNOWN = ("partner", "followers", "verification")


@transactional
def register_all(institution_id: int, given: Given, now: datetime) -> dict[str, int]:
    """Enter what a scenario gives, in one transaction; the accounts' ids by their keys (and names)."""
    accounts: dict[str, int] = {}
    for entry in given.accounts:
        accounts[entry.key or entry.name] = register_given(institution_id, entry, now)
    for measure in given.measures:
        record_measure(
            institution_id,
            measure.kind,
            measure.note,
            account_id=accounts[measure.account] if measure.account else None,
            unit_id=_unit_id(institution_id, measure.unit) if measure.unit else None,
            article=measure.article or "",
            now=_morning(measure.on, institution_id),
        )
    for review in given.reviews:
        record_review(institution_id, accounts[review.account], review.period, review.result, now=now)
    return accounts


@transactional
def register_given(institution_id: int, given: GivenAccount, now: datetime) -> int:
    """Enter an account that was registered before the product was there; returns its id."""
    stated: dict[str, Any] = {key: getattr(given, key) for key in _AS_GIVEN}
    stated |= {key: value for key in _WHERE_KNOWN if (value := getattr(given, key)) is not None}
    for key in _PEOPLE:
        if login := getattr(given, key):
            stated[key] = _person(login)
    stated["administrators"] = [_administrator(entry) for entry in given.administrators]
    registered = _morning(given.registered_on, institution_id) if given.registered_on else now
    unit_id = _unit_id(institution_id, given.unit)
    details = {key: _plain(value) for key, value in given.details.items()}
    account = enter_existing(institution_id, unit_id, {**details, **stated}, now=registered)
    if given.last_update_on is not None and given.state != "deregistered":
        record_update(institution_id, account.id, given.last_update_on, now=max(now, registered))
    return account.id


def _unit_id(institution_id: int, code: str) -> int:
    unit = unit_by_code(institution_id, code)
    if unit is None:
        raise ScenarioFailed(f"no unit {code}")
    return unit.id


def _person(login: str) -> dict[str, Any]:
    user = user_by_name(login)
    if user is None:
        raise ScenarioFailed(f"demo.yaml has no person {login}")
    return {"id": user.id, "name": user.name_zh}


def _administrator(entry: str | Mapping[str, Any]) -> dict[str, Any]:
    """As the rows of an application's form leave it."""
    if isinstance(entry, str):
        return {"person": _person(entry)}
    return {key: _person(value) if key == "person" else _plain(value) for key, value in entry.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _morning(day: date, institution_id: int) -> datetime:
    zone = ZoneInfo(db.session.get_one(Institution, institution_id).time_zone)
    return datetime.combine(day, time(9), zone).astimezone(UTC)
