"""A form as read from its file: sections of fields, each with its limits, conditions and legal basis."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

from webapp.engine.feel import Expression, Json
from webapp.formkit.lookups import Locale


class Kind(StrEnum):
    """What a field asks for; the last two ask nothing."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    SELECT = "select"
    RADIO = "radio"
    CHECKLIST = "checklist"
    CHECKBOX = "checkbox"
    UNIT = "unit"
    PERSON = "person"
    PLATFORM = "platform"
    ACCOUNT = "account"
    FILES = "files"
    SHEET = "sheet"
    UNDERTAKING = "undertaking"
    ROWS = "rows"
    STATIC = "static"
    SEPARATOR = "separator"


SILENT_KINDS = frozenset({Kind.STATIC, Kind.SEPARATOR})
UPLOAD_KINDS = frozenset({Kind.FILES, Kind.SHEET})


@dataclass(frozen=True)
class Bilingual:
    """A text of a pack; English may be missing and then falls back to Chinese."""

    zh: str = ""
    en: str = ""

    def say(self, locale: Locale) -> str:
        """The text in the language asked for."""
        return (self.en or self.zh) if locale == "en" else self.zh


@dataclass(frozen=True)
class Option:
    """One value of a choice."""

    value: str
    label: Bilingual


@dataclass(frozen=True)
class Basis:
    """The clauses a field or rule rests on; `reason` says why when the regulation states nothing."""

    articles: tuple[str, ...] = ()
    reason: Bilingual = Bilingual()


@dataclass(frozen=True)
class Limits:
    """Bounds of a value. Lengths in characters, rows and files in pieces; None: no bound."""

    min_length: int | None = None
    max_length: int = 200
    minimum: float | None = None
    maximum: float | None = None
    decimals: int = 0
    not_before_today: bool = False
    pattern: re.Pattern[str] | None = None
    pattern_message: Bilingual = Bilingual()
    min_rows: int = 0
    max_rows: int = 50
    start_rows: int = 1
    max_files: int = 8
    accept: tuple[str, ...] = ()


@dataclass(frozen=True)
class FieldSpec:
    """One field. `path` names it across the form: "name", or "administrators.person" inside a repeating group."""

    key: str
    kind: Kind
    label: Bilingual
    path: str
    basis: Basis = Basis()
    help: Bilingual = Bilingual()
    required: bool = False
    limits: Limits = Limits()
    options: tuple[Option, ...] = ()
    hide: tuple[Expression, ...] = ()
    required_if: Expression | None = None
    checks: tuple[str, ...] = ()
    check_unless: Expression | None = None
    pick_kind: str | None = None
    sheet: str = ""
    text: Bilingual = Bilingual()
    default: Json = None
    prefill: Expression | None = None
    current: Expression | None = None
    scope: str = "own"
    states: tuple[str, ...] = ()
    personal: bool = False
    drives: bool = False
    children: tuple["FieldSpec", ...] = ()

    @cached_property
    def text_sha256(self) -> str:
        """Digest of the undertaking's Chinese text, the one that binds."""
        return hashlib.sha256(self.text.zh.encode()).hexdigest()


@dataclass(frozen=True)
class RuleSpec:
    """A rule over several fields; `when` true means it is violated. `field` as FieldSpec.path."""

    key: str
    when: Expression
    field: str
    message: Bilingual
    basis: Basis


@dataclass(frozen=True)
class SectionSpec:
    """A run of items under one heading ("" for items outside any heading)."""

    title: Bilingual
    items: tuple[FieldSpec, ...]


@dataclass(frozen=True)
class FormSchema:
    """A form file that passed lint. `hash` is the SHA-256 of its bytes, `raw` the parsed JSON (do not change it)."""

    key: str
    hash: str
    sections: tuple[SectionSpec, ...]
    rules: tuple[RuleSpec, ...]
    raw: Mapping[str, Any]

    @cached_property
    def top(self) -> tuple[FieldSpec, ...]:
        """The fields outside repeating groups, in order; a repeating group counts as one of them."""
        return tuple(f for s in self.sections for f in s.items if f.kind not in SILENT_KINDS)

    @cached_property
    def fields(self) -> tuple[FieldSpec, ...]:
        """Every field in order, those of a repeating group after the group itself."""
        return tuple(f for spec in self.top for f in (spec, *spec.children))

    @cached_property
    def by_path(self) -> Mapping[str, FieldSpec]:
        """Fields by `path`."""
        return {f.path: f for f in self.fields}

    @property
    def uploads(self) -> bool:
        """Whether the page must post as multipart/form-data."""
        return any(f.kind in UPLOAD_KINDS for f in self.fields)
