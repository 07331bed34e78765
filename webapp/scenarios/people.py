"""The invented people of a pack's `demo.yaml`: for scenarios and for the demo, never for real data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.packs import read_yaml
from webapp.extensions import transactional
from webapp.organization.commands import add_person, grant_role, sync_units
from webapp.organization.queries import unit_by_code
from webapp.scenarios.errors import ScenarioFailed


def demo_of(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The content of `demo.yaml`, empty when the pack has none."""
    data = read_yaml(files["demo.yaml"], "demo.yaml") if "demo.yaml" in files else {}
    return data if isinstance(data, dict) else {}


@transactional
def add_people(institution_id: int, files: Mapping[str, bytes], *, password_hash: str) -> int:
    """Add the demo's units, people and role grants; returns how many people."""
    demo = demo_of(files)
    sync_units(institution_id, demo.get("units", []))
    people = demo.get("people", [])
    for entry in people:
        unit = unit_by_code(institution_id, entry["unit"])
        user = add_person(
            institution_id,
            entry["username"],
            unit_id=unit.id if unit else None,
            password_hash=password_hash,
            name_zh=entry["name_zh"],
            name_en=entry.get("name_en", ""),
            kind=entry.get("kind", "staff"),
            permanent=entry.get("permanent", entry.get("kind", "staff") == "staff"),
            email=entry.get("email", ""),
            demo=True,
        )
        for grant in entry.get("roles", []):
            place = unit_by_code(institution_id, grant["unit"])
            if place is None:
                raise ScenarioFailed(f"demo.yaml: {entry['username']}: no unit {grant['unit']}")
            grant_role(institution_id, user.id, grant["role"], place.id, actor=None)
    return len(people)
