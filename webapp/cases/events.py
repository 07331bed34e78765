"""Events of the ledger as a person reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.cases.actors import step_name
from webapp.cases.casefile import CaseFile
from webapp.cases.opinions import decision_label
from webapp.ledger.queries import EventView
from webapp.ledger.wording import action_names


@dataclass(frozen=True)
class EventRow:
    """One line of the table of events; `digest` is the shortened leaf hash, `full` the whole."""

    seq: int
    at: str
    what: str
    tag: str
    who: str
    digest: str
    full: str


def event_rows(file: CaseFile, events: list[EventView]) -> list[EventRow]:
    """Events in the order given."""
    words = action_names()
    return [_row(file, event, words) for event in events]


def _row(file: CaseFile, event: EventView, words: Mapping[str, str]) -> EventRow:
    local = event.at.astimezone(file.moments.zone)
    what = words.get(event.action, event.action)
    element = file.definition.elements.get(str(event.kept.get("element", "")))
    parts = [what]
    if element is not None:
        parts.append(step_name(element, file.locale))
    decision = event.kept.get("decision") or event.kept.get("outcome")
    if isinstance(decision, str) and event.action in ("workflow:task:answered", "registry:decision:recorded"):
        parts.append(decision_label(decision))
    digest = f"{event.leaf_hash[:4]}…{event.leaf_hash[-4:]}"
    machine = {"system": _("系统"), "timer": _("定时")}.get(event.actor_label) if event.actor_id is None else None
    who = machine or event.actor_label or (_("（已抹去）") if event.erased else "")
    text = " · ".join(parts)
    return EventRow(event.seq, f"{local:%m-%d %H:%M:%S}", text, event.action, who, digest, event.leaf_hash)
