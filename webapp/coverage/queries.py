"""The coverage of what an institution has deployed, and what cites each clause."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.coverage.links import Links
from webapp.coverage.naming import kind_names
from webapp.coverage.report import Coverage, coverage_of, deployed_elements
from webapp.definitions import queries as definitions
from webapp.engine import OperationSpec


@dataclass(frozen=True)
class Use:
    """One thing that carries a clause out: `kind` of thing, its name, the process it belongs to, where it is shown."""

    kind: str
    name: str
    process: str
    href: str


def deployed_coverage(institution_id: int, operations: Mapping[str, OperationSpec]) -> Coverage | None:
    """The coverage of the pack in force; None when the institution has none, or a file of it cannot be read."""
    deployment = definitions.current_deployment(institution_id)
    return coverage_of(definitions.bundle(deployment), operations) if deployment else None


def links(institution_id: int, locale: str) -> Links:
    """Addresses of the elements of the pack in force."""
    return Links.of(definitions.newest_of_each(institution_id), locale)


def uses(institution_id: int, operations: Mapping[str, OperationSpec], locale: str) -> dict[str, list[Use]]:
    """Everything that cites a clause in the pack in force, by clause id."""
    deployment = definitions.current_deployment(institution_id)
    if deployment is None:
        return {}
    places, kinds = links(institution_id, locale), kind_names()
    found: dict[str, dict[Use, None]] = {}
    for element in deployed_elements(definitions.bundle(deployment), operations).listed:
        use = Use(
            kinds.get(element.kind, element.kind), places.name(element), places.process(element), places.href(element)
        )
        for code in element.codes:
            found.setdefault(code, {})[use] = None
    return {code: list(listed) for code, listed in found.items()}
