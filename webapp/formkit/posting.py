"""What was posted, checked name by name against the schema before anything is bound: rows renumbered, strangers apart.

Names: "key"; in a repeating group "list-0-key", the row's mark "list-0"; suffixes "-query" and "-pick" of a picker.
Buttons that change the form's shape: "add-list", "remove-list-0", "drop-files" (value: the file's id),
"upload-files", "refresh".
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from werkzeug.datastructures import MultiDict

from webapp.formkit.lint import PAGE_NAMES
from webapp.formkit.specs import UPLOAD_KINDS, FieldSpec, FormSchema, Kind

MAX_ROWS_BOUND: Final = 200  # rows kept for display; a list never allows more
MAX_NAMES: Final = 5000

SUFFIXES: Final[Mapping[Kind, tuple[str, ...]]] = dict.fromkeys(
    (Kind.UNIT, Kind.PERSON, Kind.ACCOUNT), ("query", "pick")
)
_KEY: Final = "[a-z][a-z0-9_]*"
_ROW: Final = "0|[1-9][0-9]{0,5}"  # no sign, no leading zero, no other script's digits
_NAME: Final = re.compile(f"({_KEY})(?:-({_ROW}))?(?:-({_KEY}))?(?:-(query|pick))?", re.ASCII)
_ACTION: Final = re.compile(f"(add|remove|drop|upload)-({_KEY}(?:-(?:{_ROW})(?:-{_KEY})?)?)", re.ASCII)


@dataclass(frozen=True)
class StructuralAction:
    """A pressed button that changes the form's shape instead of submitting it. `name` is the renumbered posted name
    of the list or file field, `row` the row to remove, `file_id` the upload to drop."""

    kind: Literal["add", "remove", "drop", "upload", "refresh"]
    name: str = ""
    row: int | None = None
    file_id: str = ""


@dataclass
class Posting:
    """Values by renumbered name, rows per list, and what was not asked for."""

    values: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    renumbered: dict[str, dict[int, int]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    action: StructuralAction | None = None

    def multi(self) -> "MultiDict[str, str]":
        """The values as WTForms wants them."""
        return MultiDict(self.values)

    def typed(self) -> dict[str, list[str]]:
        """The values as a draft keeps them, with a mark for each row so that empty rows survive."""
        marks = {f"{name}-{i}": ["1"] for name, count in self.rows.items() for i in range(count)}
        return {**marks, **self.values}

    def name_of(self, posted: str) -> str:
        """The renumbered name of a posted one."""
        listed, dash, rest = posted.partition("-")
        number, dash2, key = rest.partition("-")
        if not dash or listed not in self.renumbered or not number.isdecimal():
            return posted
        found = self.renumbered[listed].get(int(number))
        return posted if found is None else f"{listed}-{found}{dash2}{key}"


def read(schema: FormSchema, posted: "MultiDict[str, str]", page_names: Collection[str] = ()) -> Posting:
    """The posting behind `posted`. `page_names`: further names the page itself posts; they are left alone.

    Raises ValueError when the page claims a name that is a key of the form.
    """
    if claimed := set(page_names) & set(schema.by_path):
        raise ValueError(f"page names that are keys of form {schema.key}: {sorted(claimed)}")
    posting = Posting()
    own = PAGE_NAMES | set(page_names)
    names = [name for name in posted if name not in own]
    known, actions = _sort(schema, names[:MAX_NAMES], posting)
    posting.unexpected += names[MAX_NAMES:]
    _number_rows(schema, known, posting)
    for name in known:
        _take(name, posted.getlist(name), posting)
    if actions:
        posting.action = _action(schema, actions[0], posted.get(actions[0], ""), posting)
    _apply(schema, posting)
    return posting


def spec_named(schema: FormSchema, name: str) -> FieldSpec | None:
    """The field a posted name belongs to; None for a name no field has."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    key, row, inner, suffix = match.groups()
    if row is None and inner in ("query", "pick"):
        inner, suffix = None, inner
    spec = schema.by_path.get(f"{key}.{inner}" if inner else key)
    if spec is None or (row is None) != (spec.kind is not Kind.ROWS and not inner):
        return None
    return spec if suffix is None or suffix in SUFFIXES.get(spec.kind, ()) else None


def _sort(schema: FormSchema, names: Iterable[str], posting: Posting) -> tuple[list[str], list[str]]:
    known, actions = [], []
    for name in names:
        if spec_named(schema, name):
            known.append(name)
        elif name == "refresh" or _acts_on(schema, name):
            actions.append(name)
        else:
            posting.unexpected.append(name)
    return known, actions


def _acts_on(schema: FormSchema, name: str) -> bool:
    match = _ACTION.fullmatch(name)
    if match is None:
        return False
    verb, target = match.groups()
    kind = schema.by_path[target].kind if target in schema.by_path else None
    if verb == "add":
        return kind is Kind.ROWS
    spec = spec_named(schema, target)
    wanted = {Kind.ROWS} if verb == "remove" else UPLOAD_KINDS
    return spec is not None and spec.kind in wanted


def _number_rows(schema: FormSchema, names: Iterable[str], posting: Posting) -> None:
    found: dict[str, set[int]] = {spec.key: set() for spec in schema.top if spec.kind is Kind.ROWS}
    for name in names:
        listed, _, rest = name.partition("-")
        if listed in found:
            found[listed].add(int(rest.partition("-")[0]))
    for listed, numbers in found.items():
        posting.renumbered[listed] = {old: new for new, old in enumerate(sorted(numbers))}
        posting.rows[listed] = len(numbers)


def _take(name: str, values: list[str], posting: Posting) -> None:
    new = posting.name_of(name)
    parts = new.split("-")
    if parts[0] in posting.rows and (len(parts) == 2 or int(parts[1]) >= MAX_ROWS_BOUND):
        return
    posting.values[new] = [value if isinstance(value, str) else str(value) for value in values]


def _action(schema: FormSchema, name: str, value: str, posting: Posting) -> StructuralAction:
    match = _ACTION.fullmatch(name)
    if match is None:
        return StructuralAction("refresh")
    verb, target = match.groups()
    target = posting.name_of(target)
    if verb == "add":
        return StructuralAction("add", target)
    if verb == "remove":
        listed, _, row = match.group(2).partition("-")
        return StructuralAction("remove", listed, posting.renumbered[listed].get(int(row)))
    if verb == "drop":
        return StructuralAction("drop", target, file_id=value)
    return StructuralAction("upload", target)


def _apply(schema: FormSchema, posting: Posting) -> None:
    action = posting.action
    if action is None:
        return
    if action.kind == "add" and posting.rows[action.name] < schema.by_path[action.name].limits.max_rows:
        posting.rows[action.name] += 1
    elif action.kind == "remove" and action.row is not None and action.row < posting.rows[action.name]:
        posting.rows[action.name] -= 1
        posting.values = dict(_without_row(posting.values, action.name, action.row))
    elif action.kind == "drop" and action.name in posting.values:
        posting.values[action.name] = [v for v in posting.values[action.name] if v != action.file_id]


def _without_row(values: Mapping[str, list[str]], listed: str, row: int) -> Iterable[tuple[str, list[str]]]:
    for name, found in values.items():
        parts = name.split("-", 2)
        if parts[0] != listed or len(parts) < 3:
            yield name, found
        elif int(parts[1]) != row:
            yield f"{listed}-{int(parts[1]) - (int(parts[1]) > row)}-{parts[2]}", found
