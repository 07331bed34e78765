"""What formkit asks of the outside: units, people, platforms, stored files, and rules that need the registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from webapp.engine.feel import Json

Locale: TypeAlias = Literal["zh", "en"]
Level: TypeAlias = Literal["error", "warning", "info"]

# Rules a field may name in `properties.check`; whoever implements Lookups.check must know all of them.
CHECKS: Final = (
    "protected_mark",
    "other_department",
    "single_account",
    "duplicate_purpose",
    "permanent_staff",
    "unit_required",
)
# Rules without exceptions: `properties.check_unless` does not soften what they say.
INEXCUSABLE: Final = frozenset({"other_department"})


@dataclass(frozen=True)
class Choice:
    """One thing to pick. `value` is what is posted: the id of a unit or person as digits, the key of a platform.

    `kind`: unit kind, "staff"/"student", "group"/"account" for a platform, an account's platform. `code`: unit code,
    staff number, or filing number.
    `hint` tells two people of one name apart.
    """

    value: str
    label: str
    label_en: str = ""
    code: str = ""
    kind: str = ""
    hint: str = ""

    def text(self, locale: Locale = "zh") -> str:
        """The label as shown, with the hint in brackets."""
        label = (self.label_en or self.label) if locale == "en" else self.label
        if not self.hint:
            return label
        return f"{label} ({self.hint})" if locale == "en" else f"{label}（{self.hint}）"


@dataclass(frozen=True)
class FileInfo:
    """A stored upload; `size` in bytes, `sha256` in hexadecimal."""

    id: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Advice:
    """What a rule says about a field: an error stops the form, a warning or info does not.

    `field` is the posted name ("name", "administrators-0-person"); formkit fills it in when it is empty.
    """

    level: Level
    field: str
    sentence_zh: str
    sentence_en: str
    article: str = ""

    def sentence(self, locale: Locale) -> str:
        """The sentence in the language asked for."""
        return self.sentence_en if locale == "en" else self.sentence_zh


@dataclass(frozen=True)
class SheetProblem:
    """Why a cell of an uploaded spreadsheet is refused; `row` as the spreadsheet program numbers it."""

    row: int
    column_zh: str
    column_en: str
    sentence_zh: str
    sentence_en: str

    def column(self, locale: Locale) -> str:
        """The title of the column."""
        return self.column_en if locale == "en" else self.column_zh

    def sentence(self, locale: Locale) -> str:
        """The reason in the language asked for."""
        return self.sentence_en if locale == "en" else self.sentence_zh


@dataclass(frozen=True)
class SheetReading:
    """An uploaded spreadsheet as read: all its `rows`, or nothing of it. `refused`: the whole file is not taken (the
    sentence in both languages); `problems`: every bad cell; `lines`: where each row stands; `count`: filled rows."""

    rows: tuple[Mapping[str, Json], ...] = ()
    problems: tuple[SheetProblem, ...] = ()
    refused: tuple[str, str] | None = None
    lines: tuple[int, ...] = ()
    count: int = 0

    @property
    def bad_rows(self) -> list[tuple[int, list[SheetProblem]]]:
        """The problems of each bad row together, in the order of the sheet."""
        return by_row(self.problems)


def by_row(problems: Sequence[SheetProblem]) -> list[tuple[int, list[SheetProblem]]]:
    """Problems sorted to their rows, in the order of the sheet."""
    rows: dict[int, list[SheetProblem]] = {}
    for problem in problems:
        rows.setdefault(problem.row, []).append(problem)
    return sorted(rows.items())


@dataclass(frozen=True)
class SheetTable:
    """Rows of a sheet to show: titles of the columns, then the texts of each row."""

    titles: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


class Lookups(Protocol):
    """Answers within one institution and only what the person may see; ids come straight from a post."""

    def units(self, kind: str | None, query: str) -> list[Choice]:
        """Units of `kind` (None: any) whose name or code contains `query` ("" : all)."""
        ...

    def people(self, kind: str | None, query: str) -> list[Choice]:
        """People of `kind` ("staff", "student", None: any) matching `query`; a bounded list, never everybody."""
        ...

    def platforms(self) -> list[Choice]:
        """All platforms of the institution's pack."""
        ...

    def unit(self, id: str) -> Choice | None:
        """The unit with this id, None when there is none that may be picked."""
        ...

    def person(self, id: str) -> Choice | None:
        """The person with this id, None when there is none that may be picked."""
        ...

    def accounts(self, scope: str, states: Sequence[str], query: str) -> list[Choice]:
        """Registered accounts whose name or number contains `query`; a bounded list.

        `scope`: "own" (of the person's units, or where the person is named) or "all"; `states` (): all that are run.
        A choice's `code` is the filing number, its `kind` the platform's key.
        """
        ...

    def account(self, id: str, scope: str, states: Sequence[str]) -> Choice | None:
        """The account with this id, None when it may not be picked."""
        ...

    def file(self, id: str) -> FileInfo | None:
        """The upload with this id, None unless it belongs to this draft or case."""
        ...

    def sheet(self, sheet: str, id: str) -> SheetReading | None:
        """The upload `id` read by the pack's sheet of that key; None without such a sheet or upload."""
        ...

    def sheet_table(self, sheet: str, rows: Json, locale: Locale) -> SheetTable | None:
        """Filed rows of a sheet as texts, None when the pack has no such sheet."""
        ...

    def check(self, rule: str, field: str, value: Json, answers: Mapping[str, Json]) -> list[Advice]:
        """What `rule` (one of CHECKS) says about `value` of `field`, given all answers so far."""
        ...
