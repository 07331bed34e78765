"""Answers as rows of text, for records that are read and not filled in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from webapp.engine.feel import Json
from webapp.formkit.lookups import Choice, FileInfo, Locale, Lookups, SheetTable
from webapp.formkit.sentences import say
from webapp.formkit.specs import FieldSpec, FormSchema, Kind


@dataclass(frozen=True)
class Row:
    """One filed field. `value_text` is "" when it was left blank; `rows` holds a repeating group's rows, else None;
    `files` the uploads; `table` the rows of a spreadsheet; `section` the heading it stood under."""

    key: str
    label: str
    value_text: str
    articles: tuple[str, ...]
    rows: tuple[tuple["Row", ...], ...] | None = None
    files: tuple[FileInfo, ...] = ()
    section: str = ""
    kind: str = ""
    personal: bool = False
    table: SheetTable | None = None


def describe(
    schema: FormSchema, answers: Mapping[str, Json], lookups: Lookups | None = None, locale: str = "zh"
) -> list[Row]:
    """The fields present in `answers`, in the form's order; hidden ones are absent there and so here.

    `lookups` only names platforms; without it their keys are shown. Answers of another shape than the form's are
    shown as text, so that records outlive changes of forms.
    """
    language: Locale = "en" if locale.startswith("en") else "zh"
    shown = Wording(lookups.platforms() if lookups else [], language, lookups)
    return [
        shown.row(spec, answers[spec.key], section.title.say(shown.locale))
        for section in schema.sections
        for spec in section.items
        if spec.key and spec.key in answers
    ]


@dataclass(frozen=True)
class Wording:
    """Turns JSON answers into text in one language."""

    platforms: list[Choice]
    locale: Locale
    lookups: Lookups | None = None

    def row(self, spec: FieldSpec, value: Json, section: str = "") -> Row:
        """One field as a row of text."""
        rows = None
        if spec.kind is Kind.ROWS and isinstance(value, list):
            rows = tuple(self._inner(spec, row) for row in value if isinstance(row, dict))
        files = [f for f in value if isinstance(f, dict)] if spec.kind is Kind.FILES and isinstance(value, list) else []
        table = None
        if spec.kind is Kind.SHEET and isinstance(value, dict):
            files = [f for f in [value.get("file")] if isinstance(f, dict)]
            table = self.lookups.sheet_table(spec.sheet, value.get("rows"), self.locale) if self.lookups else None
        return Row(
            key=spec.key,
            label=spec.label.say(self.locale),
            value_text=self.text(spec, value),
            articles=spec.basis.articles,
            rows=rows,
            files=tuple(_file(f) for f in files),
            section=section,
            kind=str(spec.kind),
            personal=spec.personal,
            table=table,
        )

    def text(self, spec: FieldSpec, value: Json) -> str:
        """One answer as text, "" when blank."""
        if spec.kind is Kind.ROWS and isinstance(value, list):
            return self._joined(self.row_text(spec, row) for row in value if isinstance(row, dict))
        if isinstance(value, bool):
            return say(self.locale, "yes" if value else "no")
        if isinstance(value, list):
            return self._joined(self.text(spec, entry) for entry in value)
        if isinstance(value, dict):
            if spec.kind is Kind.SHEET:
                file, rows = value.get("file"), value.get("rows")
                name = file.get("name", "") if isinstance(file, dict) else ""
                return say(self.locale, "sheet_rows", name=name, n=len(rows) if isinstance(rows, list) else 0)
            if spec.kind is Kind.ACCOUNT and value.get("filing_number"):
                name, number = value.get("name", ""), value["filing_number"]
                return f"{name} ({number})" if self.locale == "en" else f"{name}（{number}）"
            if "accepted_by" in value:
                return say(self.locale, "accepted", name=value["accepted_by"])
            return str(value.get("name", ""))
        if value is None:
            return ""
        return self._option(spec, str(value))

    def row_text(self, spec: FieldSpec, row: Mapping[str, Json]) -> str:
        """One row of a repeating group on one line."""
        texts = (self.text(child, row.get(child.key)) for child in spec.children if child.key in row)
        return (", " if self.locale == "en" else "，").join(text for text in texts if text)

    def _inner(self, spec: FieldSpec, row: Mapping[str, Json]) -> tuple[Row, ...]:
        return tuple(self.row(child, row[child.key]) for child in spec.children if child.key in row)

    def _joined(self, texts: Iterable[str]) -> str:
        return ("; " if self.locale == "en" else "；").join(text for text in texts if text)

    def _option(self, spec: FieldSpec, value: str) -> str:
        if spec.kind is Kind.PLATFORM:
            return next((c.text(self.locale) for c in self.platforms if c.value == value), value)
        return next((o.label.say(self.locale) for o in spec.options if o.value == value), value)


def _file(filed: Mapping[str, Json]) -> FileInfo:
    size = filed.get("size")
    return FileInfo(
        str(filed.get("id", "")),
        str(filed.get("name", "")),
        size if isinstance(size, int) else 0,
        str(filed.get("sha256", "")),
    )
