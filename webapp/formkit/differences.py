"""What changed between two rounds of answers, field by field and row by row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal, TypeAlias

import orjson

from webapp.engine.feel import Json
from webapp.formkit.display import Wording
from webapp.formkit.lookups import Locale, Lookups
from webapp.formkit.sentences import say
from webapp.formkit.specs import FieldSpec, FormSchema, Kind

Change: TypeAlias = Literal["changed", "added", "removed"]

# What makes two answers the same thing: not the moment an undertaking was signed, nor what somebody is called today.
_SAME: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.UNIT: ("id",),
    Kind.PERSON: ("id",),
    Kind.ACCOUNT: ("id",),
    Kind.FILES: ("name", "sha256"),
    Kind.UNDERTAKING: ("accepted_by", "text_sha256"),
}


@dataclass(frozen=True)
class Difference:
    """One change. `path`: "name", or "administrators.2.until" (rows from 0, of the newer answers; of the older for a
    removed row); a row that came or went is one difference "administrators.2". Texts are "" when blank."""

    path: str
    key: str
    label: str
    change: Change
    old_text: str
    new_text: str
    articles: tuple[str, ...]


def differences(
    schema: FormSchema,
    old: Mapping[str, Json],
    new: Mapping[str, Json],
    lookups: Lookups | None = None,
    locale: str = "zh",
) -> list[Difference]:
    """The changes from `old` to `new`, in the form's order. A field hidden or blank on both sides did not change."""
    words = Wording(lookups.platforms() if lookups else [], "en" if locale.startswith("en") else "zh")
    return [
        difference
        for spec in schema.top
        for difference in (
            _rows(spec, _list(old.get(spec.key)), _list(new.get(spec.key)), words)
            if spec.kind is Kind.ROWS
            else _field(spec, old.get(spec.key), new.get(spec.key), words)
        )
    ]


def changed_fields(schema: FormSchema, old: Mapping[str, Json], new: Mapping[str, Json]) -> frozenset[str]:
    """Keys of the top-level fields whose answers differ; a repeating group counts as one field."""
    return frozenset(difference.path.split(".")[0] for difference in differences(schema, old, new))


def _field(
    spec: FieldSpec, old: Json, new: Json, words: Wording, path: str = "", label: str = ""
) -> Iterator[Difference]:
    before, after = identity(spec, old), identity(spec, new)
    if before == after:
        return
    change: Change = "added" if before is None else "removed" if after is None else "changed"
    shown = label or spec.label.say(words.locale)
    texts = (words.text(spec, old) if before is not None else "", words.text(spec, new) if after is not None else "")
    yield Difference(path or spec.key, spec.key, shown, change, *texts, spec.basis.articles)


def _rows(
    spec: FieldSpec, old: list[Mapping[str, Json]], new: list[Mapping[str, Json]], words: Wording
) -> Iterator[Difference]:
    """Equal rows are matched first; between them rows are compared pair by pair, the surplus came or went."""
    before, after = [row_identity(spec, row) for row in old], [row_identity(spec, row) for row in new]
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        pairs = min(i2 - i1, j2 - j1)
        for step in range(pairs):
            yield from _pair(spec, old[i1 + step], new[j1 + step], j1 + step, words)
        for number in range(i1 + pairs, i2):
            yield _whole_row(spec, number, "removed", words.row_text(spec, old[number]), "", words)
        for number in range(j1 + pairs, j2):
            yield _whole_row(spec, number, "added", "", words.row_text(spec, new[number]), words)


def _pair(
    spec: FieldSpec, old: Mapping[str, Json], new: Mapping[str, Json], number: int, words: Wording
) -> Iterator[Difference]:
    place = _row_label(spec, number, words.locale)
    for child in spec.children:
        label = f"{place} · {child.label.say(words.locale)}"
        path = f"{spec.key}.{number}.{child.key}"
        yield from _field(child, old.get(child.key), new.get(child.key), words, path, label)


def _whole_row(spec: FieldSpec, number: int, change: Change, old: str, new: str, words: Wording) -> Difference:
    label = _row_label(spec, number, words.locale)
    return Difference(f"{spec.key}.{number}", spec.key, label, change, old, new, spec.basis.articles)


def _row_label(spec: FieldSpec, number: int, locale: Locale) -> str:
    return say(locale, "row", label=spec.label.say(locale), n=number + 1)


def identity(spec: FieldSpec, value: Json) -> Json:
    """What is compared; None when blank."""
    if value is None or value == "" or value == []:
        return None
    members = _SAME.get(spec.kind)
    if spec.kind is Kind.SHEET and isinstance(value, dict):
        return value.get("rows")
    if isinstance(value, list):
        return [identity(spec, entry) for entry in value]
    if isinstance(value, dict) and members:
        return {name: value.get(name) for name in members}
    return value


def row_identity(spec: FieldSpec, row: Mapping[str, Json]) -> bytes:
    kept = {child.key: identity(child, row.get(child.key)) for child in spec.children}
    return orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)


def _list(value: Json) -> list[Mapping[str, Json]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
