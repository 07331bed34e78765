"""Answers (JSON) turned back into what a person would have typed, so that prefilled forms and posts share one path."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from werkzeug.datastructures import MultiDict

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.lookups import Lookups
from webapp.formkit.specs import FieldSpec, FormSchema, Kind

Pairs: TypeAlias = Iterable[tuple[str, str]]


def from_answers(schema: FormSchema, answers: Mapping[str, Json], lookups: Lookups) -> "MultiDict[str, str]":
    """What to type to get `answers`; members that are no field keep their name, so that binding refuses them."""
    typed: MultiDict[str, str] = MultiDict()
    fields = {spec.key: spec for spec in schema.top}
    for key, value in answers.items():
        spec = fields.get(key)
        for name, text in _of_field(spec, key, value, lookups) if spec else [(key, _text(value))]:
            typed.add(name, text)
    return typed


def from_defaults(schema: FormSchema, surroundings: Surroundings, lookups: Lookups) -> "MultiDict[str, str]":
    """An untouched form: prefills, default values, and the rows a repeating group starts with."""
    typed: MultiDict[str, str] = MultiDict()
    for spec in schema.top:
        if spec.kind is not Kind.ROWS:
            _add(typed, spec, spec.key, surroundings, lookups)
            continue
        for row in range(spec.limits.start_rows):
            typed.add(f"{spec.key}-{row}", "1")
            for child in spec.children:
                _add(typed, child, f"{spec.key}-{row}-{child.key}", surroundings, lookups)
    return typed


def _add(
    typed: "MultiDict[str, str]", spec: FieldSpec, name: str, surroundings: Surroundings, lookups: Lookups
) -> None:
    value = spec.default if spec.prefill is None else surroundings.value(spec.prefill, spec.path)
    for found, text in _of_field(spec, name, value, lookups):
        typed.add(found, text)


def _of_field(spec: FieldSpec, name: str, value: Json, lookups: Lookups) -> Pairs:
    if spec.kind is Kind.ROWS:
        return _of_rows(spec, name, value, lookups)
    if value is None:
        return []
    if spec.kind in (Kind.UNIT, Kind.PERSON):
        find = lookups.unit if spec.kind is Kind.UNIT else lookups.person
        id, label = _member(value, "id"), _member(value, "name")
        # Somebody who has left is searched for by name, so that the page still says who it was.
        return [(name, id)] if find(id) or not label else [(f"{name}-query", label)]
    if spec.kind is Kind.CHECKBOX:
        return [] if value is False else [(name, "y" if value is True else _text(value))]
    if spec.kind is Kind.SHEET:
        return [(name, _member(value.get("file") if isinstance(value, dict) else value, "id"))]
    if spec.kind is Kind.UNDERTAKING:
        return [(name, _signature(spec, value))]
    if isinstance(value, list):
        return [(name, _member(v, "id") if spec.kind is Kind.FILES else _text(v)) for v in value]
    return [(name, _text(value))]


def _of_rows(spec: FieldSpec, name: str, value: Json, lookups: Lookups) -> Pairs:
    if value is None:
        return []
    if not isinstance(value, list):
        return [(name, _text(value))]
    pairs: list[tuple[str, str]] = []
    for number, row in enumerate(value):
        pairs.append((f"{name}-{number}", "1"))
        if not isinstance(row, dict):
            pairs.append((f"{name}-{number}-", _text(row)))
            continue
        children = {child.key: child for child in spec.children}
        for key, inner in row.items():
            place = f"{name}-{number}-{key}"
            pairs.extend(
                _of_field(children[key], place, inner, lookups) if key in children else [(place, _text(inner))]
            )
    return pairs


def _signature(spec: FieldSpec, value: Json) -> str:
    """The name an undertaking was accepted by, "" when its text has changed since."""
    if not isinstance(value, dict):
        return _text(value)
    return _member(value, "accepted_by") if value.get("text_sha256") == spec.text_sha256 else ""


def _member(value: Json, name: str) -> str:
    return _text(value.get(name)) if isinstance(value, dict) else _text(value)


def _text(value: Json) -> str:
    """A scalar as typed. Lists and objects where none belong become text that no field accepts as its value."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "y" if value else "n"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else str(value)
