"""What is registered now (`properties.current`) beside what is filled in: in words, and whether the answer differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.differences import identity, row_identity
from webapp.formkit.display import Wording
from webapp.formkit.lookups import Lookups
from webapp.formkit.specs import FieldSpec, FormSchema, Kind

_LISTS: Final = frozenset({Kind.ROWS, Kind.CHECKLIST, Kind.FILES})
_YES_NO: Final = (("yes", "no"), ("true", "false"))


@dataclass(frozen=True)
class Registered:
    """The registered value as text ("" when there is none), and whether the answer is another one."""

    text: str
    changed: bool


def registered(spec: FieldSpec, surroundings: Surroundings, answer: Json, words: Wording) -> Registered | None:
    """What is registered for a field and how `answer` compares; None without a value to compare with.

    Raises ConditionError when the expression cannot be evaluated.
    """
    if spec.current is None:
        return None
    value = current_of(spec, surroundings)
    if value is None and surroundings.case.get("account") is None:
        return None
    return Registered(words.text(spec, value), _same(spec, value) != _same(spec, answer))


def compare(
    schema: FormSchema,
    answers: Mapping[str, Json],
    case: Mapping[str, Json],
    lookups: Lookups | None = None,
    locale: str = "zh",
    today: date = date.min,
) -> dict[str, Registered]:
    """What was registered beside what was filed, by key, for the fields that say so. Raises ConditionError."""
    words = Wording(lookups.platforms() if lookups else [], "en" if locale.startswith("en") else "zh", lookups)
    around = Surroundings(schema.key, case, today)
    told = [spec for spec in schema.top if spec.current is not None and spec.key in answers]
    found = {spec.key: registered(spec, around, answers[spec.key], words) for spec in told}
    return {key: entry for key, entry in found.items() if entry is not None}


def current_of(spec: FieldSpec, surroundings: Surroundings) -> Json:
    """The registered value in the shape of the field's answers: the register keeps people as lists, for one."""
    value = surroundings.value(spec.current, spec.path) if spec.current is not None else None
    if spec.kind in _LISTS:
        return value if isinstance(value, list) else None
    if isinstance(value, list):
        value = value[0] if value else None
    if spec.kind is Kind.PERSON and isinstance(value, dict) and isinstance(value.get("person"), dict):
        value = value["person"]
    if isinstance(value, bool) and spec.kind in (Kind.SELECT, Kind.RADIO):
        known = {option.value for option in spec.options}
        return next((pair[not value] for pair in _YES_NO if set(pair) <= known), None)
    return value


def is_offered(spec: FieldSpec, surroundings: Surroundings, answer: Json) -> bool:
    """Whether a field still says what the form itself put there: its prefill, what is registered, or its default.

    Raises ConditionError when an expression cannot be evaluated.
    """
    offered = [spec.default, current_of(spec, surroundings)]
    if spec.prefill is not None:
        offered.append(surroundings.value(spec.prefill, spec.path))
    return any(value is not None and _same(spec, value) == _same(spec, answer) for value in offered)


def _same(spec: FieldSpec, value: Json) -> Json | bytes:
    if spec.kind is Kind.CHECKBOX:
        return bool(value)
    if spec.kind is Kind.ROWS and isinstance(value, list):
        rows = [row_identity(spec, row) for row in value if isinstance(row, Mapping)]
        return b"\n".join(rows) if rows else None
    return identity(spec, value)
