"""What an account consists of, which of it is personal, and how an application says it.

Personal data (people, their telephones) go into the erasable half of a ledger event, everything else into the kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from webapp.registry.models import Account

KEPT = (
    *("filing_number", "platform", "platform_account_id", "url", "name", "state", "tier", "unit_id", "purpose"),
    *("audience", "verification", "payment", "partner", "followers", "followers_on", "registered_at"),
    *("last_update_on", "update_recorded_at"),
)
PEOPLE = ("first_responsible", "directly_responsible", "leader_in_charge", "administrators")
FIELDS = (*KEPT, *PEOPLE, "details")
_PERSONAL_KEY = re.compile(r"phone|mobile|tel(ephone)?$|contact|e?mail|wechat_id|id_card|address|birth|resume")
_TEXTS = {"platform": 40, "platform_account_id": 120, "url": 400, "name": 120, "partner": 200}


def from_application(application: Mapping[str, Any]) -> dict[str, Any]:
    """The account's fields that an application's answers state; unknown answers go into `details`.

    Shapes as formkit leaves them: people {"id", "name"} or a list of rows, units {"id", "code", "name"}. Fields that
    the application does not mention are absent, so the result also serves as a set of changes; an answer that is
    null (a diagram may pass on what was never asked) counts as not mentioned.
    """
    facts: dict[str, Any] = {}
    details: dict[str, Any] = {}
    for key, value in application.items():
        if value is None:
            continue
        if key == "unit":
            facts["unit_id"] = int(value["id"])
        elif key in PEOPLE:
            facts[key] = _rows(value)
        elif key in _TEXTS:
            facts[key] = str(value or "").strip()[: _TEXTS[key]]
        elif key in ("purpose", "audience"):
            facts[key] = _text(value)
        elif key == "payment":
            facts[key] = value is True or value == "yes"
        elif key == "followers":
            facts[key] = None if value == "" else int(value)
        elif key == "verification":
            facts[key] = value if isinstance(value, dict) else {"status": value}
        else:
            details[key] = value
    if details:
        facts["details"] = details
    return facts


def _text(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(_text(entry) for entry in value)
    return str(value or "").strip()


def _rows(value: Any) -> list[dict[str, Any]]:
    rows = value if isinstance(value, list) else [value]
    return [row if isinstance(row, dict) else {"name": str(row)} for row in rows if row not in (None, "", {})]


def state_of(account: Account) -> dict[str, Any]:
    """The complete present state as JSON: what a version keeps and a ledger event says."""
    return {key: as_json(getattr(account, key)) for key in FIELDS}


def as_json(value: Any) -> Any:
    """Dates and instants as ISO text (instants in UTC); everything else unchanged."""
    return value.isoformat() if isinstance(value, date) else value


def split_personal(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A state as (kept, erasable) halves; `details` and `verification` are divided key by key."""
    kept = {key: value for key, value in state.items() if key not in PEOPLE}
    erasable = {key: state[key] for key in PEOPLE if state.get(key)}
    for key in ("details", "verification"):
        if isinstance(kept.get(key), dict):
            personal = {name: value for name, value in kept[key].items() if is_personal(name, value)}
            if personal:
                erasable[key] = personal
                kept[key] = {name: value for name, value in kept[key].items() if name not in personal}
    return kept, erasable


def is_contact(key: str) -> bool:
    """Whether a field says how to reach a person."""
    return _PERSONAL_KEY.search(key) is not None


def is_personal(key: str, value: Any) -> bool:
    """Whether an answer names a person or how to reach one, by its key or by its shape."""
    if _PERSONAL_KEY.search(key):
        return True
    if isinstance(value, dict):
        person = "name" in value and "id" in value and not value.keys() & {"code", "sha256"}
        return person or "accepted_by" in value or any(is_personal(name, entry) for name, entry in value.items())
    return isinstance(value, list) and any(is_personal("", entry) for entry in value)


def join(kept: Mapping[str, Any], erasable: Mapping[str, Any]) -> dict[str, Any]:
    """The state again from its two halves."""
    state = {**{key: [] for key in PEOPLE}, **kept}
    for key, value in erasable.items():
        state[key] = {**(state.get(key) or {}), **value} if isinstance(value, dict) else value
    return state
