"""An account as expressions of diagrams and forms read it (`case.account`), and how long it has been silent."""

from __future__ import annotations

from datetime import date
from typing import Any

from webapp.organization.models import Unit
from webapp.organization.queries import local_day
from webapp.registry.facts import PEOPLE, as_json
from webapp.registry.models import Account

_PLAIN = (
    *("filing_number", "name", "platform", "platform_account_id", "url", "state", "tier", "purpose", "audience"),
    *("payment", "partner", "followers", "verification"),
)


def account_facts(account: Account, unit: Unit, *, group: bool, zone: str = "Asia/Shanghai") -> dict[str, Any]:
    """The account as registered now, as JSON. `unit` sponsors it; `group`: its platform is one of groups."""
    return {
        "id": account.id,
        **{key: getattr(account, key) for key in _PLAIN},
        **{key: getattr(account, key) or [] for key in PEOPLE},
        "group": group,
        "unit": {"id": unit.id, "code": unit.code, "name": unit.name_zh, "kind": unit.kind},
        "last_update_on": as_json(account.last_update_on),
        "registered_on": local_day(account.registered_at, zone).isoformat(),
        "details": account.details or {},
    }


def silent_since(account: Account, zone: str = "Asia/Shanghai") -> date:
    """The day the account last put something out, else the day it was registered."""
    return account.last_update_on or local_day(account.registered_at, zone)


def months_between(first: date, last: date) -> int:
    """Whole months from `first` to `last`; a month ends on the same day of the next, or on its last one."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months if last >= add_months(first, months) else months - 1


def add_months(day: date, months: int) -> date:
    """The same day `months` later, or the last of that month: 2026-12-31 and 2 months give 2027-02-28."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in range(day.day, 27, -1):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def people_of(account: Account) -> list[int]:
    """Ids of those named on the account, each once: directly responsible, administrators, first responsible, leader."""
    order = ("directly_responsible", "administrators", "first_responsible", "leader_in_charge")
    rows = [row for key in order for row in getattr(account, key) or [] if isinstance(row, dict)]
    people = [row["person"] if isinstance(row.get("person"), dict) else row for row in rows]
    return list(dict.fromkeys(person["id"] for person in people if isinstance(person.get("id"), int)))
