"""Answers (JSON) turned back into what a person would have typed, so that prefilled forms and posts share one path."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from werkzeug.datastructures import MultiDict

from webapp.engine.feel import Json
from webapp.formkit.conditions import Surroundings
from webapp.formkit.current import current_of
from webapp.formkit.lookups import Choice, Lookups
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


def from_defaults(
    schema: FormSchema, surroundings: Surroundings, lookups: Lookups, offered: Mapping[str, Json] | None = None
) -> "MultiDict[str, str]":
    """An untouched form: what is `offered`, prefills, default values, and the rows a repeating group starts with."""
    typed: MultiDict[str, str] = MultiDict()
    for spec in schema.top:
        value = (offered or {}).get(spec.key)
        value = _first_value(spec, surroundings) if value is None else value
        if value is not None or spec.kind is not Kind.ROWS:
            _add(typed, _of_field(spec, spec.key, value, lookups))
            continue
        for row in range(spec.limits.start_rows):
            typed.add(f"{spec.key}-{row}", "1")
            for child in spec.children:
                inner = _first_value(child, surroundings)
                _add(typed, _of_field(child, f"{spec.key}-{row}-{child.key}", inner, lookups))
    return typed


def refilled(
    schema: FormSchema, posted: "MultiDict[str, str]", before: Surroundings, after: Surroundings, lookups: Lookups
) -> "MultiDict[str, str]":
    """A post whose registered values are those of another account than when the form was shown.

    A field that is empty, or still says what was registered before, gets what is registered now.
    """
    dropped: set[str] = set()
    fresh: list[tuple[str, str]] = []
    for spec in schema.top:
        if spec.current is None:
            continue
        names = [name for name in posted if name == spec.key or name.startswith(f"{spec.key}-")]
        typed = [(name, text) for name in names for text in posted.getlist(name) if text.strip()]
        if any(not is_mark(spec, name) for name, _ in typed) and not _says(spec, typed, before, lookups):
            continue
        dropped |= set(names)
        fresh += _of_field(spec, spec.key, current_of(spec, after), lookups)
    kept = [(name, text) for name, text in posted.items(multi=True) if name not in dropped]
    return MultiDict(kept + fresh)


def is_mark(spec: FieldSpec, name: str) -> bool:
    """Whether a posted name only marks that a row is there."""
    return spec.kind is Kind.ROWS and name.removeprefix(f"{spec.key}-").isdecimal()


def _says(spec: FieldSpec, typed: list[tuple[str, str]], before: Surroundings, lookups: Lookups) -> bool:
    """Whether what is typed is what was registered; a picker's search text goes with its id."""
    was = [(name, text) for name, text in _of_field(spec, spec.key, current_of(spec, before), lookups) if text.strip()]
    plain = [(name, text) for name, text in typed if not name.endswith(("-query", "-pick"))]
    return bool(was) and sorted(plain) == sorted(was)


def _first_value(spec: FieldSpec, surroundings: Surroundings) -> Json:
    """What a field starts from: its prefill, what is registered, its default; the case's own account."""
    if spec.prefill is not None:
        return surroundings.value(spec.prefill, spec.path)
    if spec.kind is Kind.ACCOUNT:
        return surroundings.case.get("account")
    value = current_of(spec, surroundings) if spec.current is not None else None
    return spec.default if value is None else value


def _add(typed: "MultiDict[str, str]", pairs: Pairs) -> None:
    for name, text in pairs:
        typed.add(name, text)


def _of_field(spec: FieldSpec, name: str, value: Json, lookups: Lookups) -> Pairs:
    if spec.kind is Kind.ROWS:
        return _of_rows(spec, name, value, lookups)
    if value is None:
        return []
    if spec.kind in (Kind.UNIT, Kind.PERSON, Kind.ACCOUNT):
        id, label = _member(value, "id"), _member(value, "name")
        # Somebody who has left is searched for by name, so that the page still says who it was.
        return [(name, id)] if _find(spec, id, lookups) or not label else [(f"{name}-query", label)]
    if spec.kind is Kind.CHECKBOX:
        return [] if value is False else [(name, "y" if value is True else _text(value))]
    if spec.kind is Kind.SHEET:
        return [(name, _member(value.get("file") if isinstance(value, dict) else value, "id"))]
    if spec.kind is Kind.UNDERTAKING:
        return [(name, _signature(spec, value))]
    if isinstance(value, list):
        return [(name, _member(v, "id") if spec.kind is Kind.FILES else _text(v)) for v in value]
    return [(name, _text(value))]


def _find(spec: FieldSpec, id: str, lookups: Lookups) -> Choice | None:
    if spec.kind is Kind.ACCOUNT:
        return lookups.account(id, spec.scope, spec.states)
    return lookups.unit(id) if spec.kind is Kind.UNIT else lookups.person(id)


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
