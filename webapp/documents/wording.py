"""Values of a layout's expressions as they stand on paper: titles of options, names, Chinese dates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from webapp.documents.cells import shown
from webapp.documents.sheets import Sheet
from webapp.formkit import FieldSpec, FormSchema, Kind
from webapp.formkit.display import Wording

_PATH: Final = re.compile(r"=?\s*([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)\s*")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9:]+)?")
# Nothing of these has a place on paper; most cannot stand in a Word file at all.
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
LONGEST: Final = 20_000
# The one key of a registered account that people know by its title.
_PLATFORM: Final = ["case", "account", "platform"]


def day_text(day: date) -> str:
    """ "2026年3月2日"."""
    return f"{day.year}年{day.month}月{day.day}日"


def printable(text: str) -> str:
    """Text without control and direction-changing characters; what is too long for a form ends with a note."""
    clean = _UNPRINTABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "……（内容过长，其余见系统内的记录）"


@dataclass(frozen=True)
class Values:
    """Turns values into text. `forms` maps a task to its form, so that a plain path to a field is shown as the form
    shows it (the title of an option, the name of a unit); `sheet` finds the pack's sheets."""

    words: Wording
    zone: ZoneInfo
    forms: Mapping[str, FormSchema] = field(default_factory=dict)
    sheet: Callable[[str], Sheet | None] = lambda key: None

    def text(self, value: Any, expression: str = "", repeat: str = "") -> str:
        """`value` of `expression`; inside a repeated line `repeat` is the expression of its list."""
        if _parts(expression) == _PLATFORM:
            return printable(next((c.label for c in self.words.platforms if c.value == value), self.plain(value)))
        spec = self._spec(expression, repeat)
        if isinstance(spec, str):
            return printable(spec_text(self.sheet, spec, expression, value))
        if spec is not None and value is not None and spec.kind not in (Kind.DATE, Kind.ROWS, Kind.SHEET):
            if spec.kind is Kind.UNDERTAKING and isinstance(value, dict):
                return printable(f"{value.get('accepted_by', '')} 已承诺　{self.plain(value.get('at'))}".strip())
            return printable(self.words.text(spec, value))
        return printable(self.plain(value))

    def plain(self, value: Any) -> str:
        """A value nothing more is known about."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(text for text in (self.plain(entry) for entry in value) if text)
        if isinstance(value, dict):
            return self._named(value)
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        return self._dated(str(value))

    def _named(self, value: Mapping[str, Any]) -> str:
        for key in ("name", "accepted_by", "filing_number", "number"):
            if isinstance(value.get(key), str):
                return str(value[key])
        inner = value.get("person")
        return self.plain(inner) if inner is not None else "，".join(filter(None, map(self.plain, value.values())))

    def _dated(self, text: str) -> str:
        try:
            if _DAY.fullmatch(text):
                return day_text(date.fromisoformat(text))
            if _MOMENT.fullmatch(text):
                moment = datetime.fromisoformat(text)
                return day_text((moment.astimezone(self.zone) if moment.tzinfo else moment).date())
        except ValueError:
            return text
        return text

    def _spec(self, expression: str, repeat: str) -> FieldSpec | str | None:
        """The field a plain path names; the key of a sheet for a row of one; None for anything else."""
        parts = _parts(expression)
        if len(parts) < 2:
            return None
        if parts[0] != "row":
            return self._field(parts)
        outer = _parts(repeat)
        listed = self._field(outer) or self._field(outer[:-1])
        if listed is None or len(parts) != 2:
            return None
        if listed.kind is Kind.SHEET:
            return listed.sheet
        return next((child for child in listed.children if child.key == parts[1]), None)

    def _field(self, parts: list[str]) -> FieldSpec | None:
        schema = self.forms.get(parts[-2]) if len(parts) >= 2 else None
        return schema.by_path.get(parts[-1]) if schema is not None else None


def spec_text(find: Callable[[str], Sheet | None], sheet: str, expression: str, value: Any) -> str:
    """A cell of a filed spreadsheet under the title of its choice."""
    known = find(sheet)
    key = _parts(expression)[-1]
    column = next((c for c in known.columns if c.key == key), None) if known is not None else None
    if column is None or value is None:
        return "" if value is None else str(value)
    return column.choices.get(str(value), shown(column, value)) if column.choices else shown(column, value)


def _parts(expression: str) -> list[str]:
    match = _PATH.fullmatch(expression)
    return match[1].split(".") if match else []
