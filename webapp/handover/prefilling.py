"""What the change filing of an account starts from: the successor in the leaver's place, and the ticks that show it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from webapp.definitions.bundle import Bundle
from webapp.engine import FeelError
from webapp.formkit.specs import FieldSpec, Kind
from webapp.handover.work import Work
from webapp.organization.models import Unit, User
from webapp.registry.facts import PEOPLE, is_contact
from webapp.registry.models import Account
from webapp.workflow.binding import start_element
from webapp.workflow.openings import account_answer

Fields = Mapping[str, FieldSpec]


def known_answers(bundle: Bundle, process: str, account: Account, unit: Unit, work: Work) -> dict[str, Any]:
    """Account and unit where the form asks for them, its people after the change, and the items that are changed."""
    schema = bundle.form(start_element(bundle, process).form_key or "")
    fields = {spec.key: spec for spec in schema.top}
    known: dict[str, Any] = {"account": account_answer(account)} if "account" in fields else {}
    unit_field = bundle.process(process).unit_field
    if unit_field in fields:
        known[unit_field] = {"id": unit.id, "code": unit.code, "name": unit.name_zh}
    for key in PEOPLE:
        rows = [row for row in getattr(account, key) or [] if isinstance(row, dict)]
        spec = fields.get(key)
        if spec is None or not any(_person(row).get("id") == work.leaver.id for row in rows):
            continue
        if spec.kind is Kind.PERSON:
            known[key] = _answer(work.successor)
        elif spec.kind is Kind.ROWS:
            known[key] = [_taken_over(row, work) for row in rows]
        for name, ticks in _shown_by(spec, fields).items():
            known[name] = [*known.get(name, []), *(tick for tick in ticks if tick not in known.get(name, []))]
    return known


def _person(row: dict[str, Any]) -> dict[str, Any]:
    found = row.get("person")
    return found if isinstance(found, dict) else row


def _taken_over(row: dict[str, Any], work: Work) -> dict[str, Any]:
    """A row of people after the change; how to reach the leaver is left out, as it is not the successor's."""
    if _person(row).get("id") != work.leaver.id:
        return row
    if "person" not in row:
        return _answer(work.successor)
    kept = {key: value for key, value in row.items() if not is_contact(key)}
    return {**kept, "person": _answer(work.successor)}


def _answer(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name_zh}


def _shown_by(spec: FieldSpec, fields: Fields) -> dict[str, list[str]]:
    """The ticks without which the form hides a field, by checklist: read off the form's own condition."""
    names = {name for hide in spec.hide for name in hide.reads.names}
    found: dict[str, list[str]] = {}
    for name in sorted(names):
        listed = fields.get(name)
        if listed is not None and listed.kind is Kind.CHECKLIST:
            found[name] = [option.value for option in listed.options if _shows(spec, {name: [option.value]})]
    return found


def _shows(spec: FieldSpec, answers: dict[str, Any]) -> bool:
    try:
        return not any(hide.condition(answers) for hide in spec.hide)
    except FeelError:  # it asks for more than one list of ticks
        return False
