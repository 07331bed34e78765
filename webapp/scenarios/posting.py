"""What a browser would post for the answers of a scenario."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import BytesIO
from typing import Any

from werkzeug.datastructures import FileStorage, MultiDict
from xlsxwriter import Workbook

from webapp.definitions.packs import Pack
from webapp.extensions import db
from webapp.formkit import FieldSpec, FormSchema
from webapp.organization.queries import unit_by_code, user_by_name
from webapp.registry.models import Account
from webapp.scenarios.errors import ScenarioFailed

# The smallest files that pass the check of their type.
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
PNG = b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg==")


@dataclass
class Posting:
    """Posted pairs and files; units are named by code, people by login, files by name, accounts by the given key.

    A sheet is given as its rows of cells, or as `{titles: […], rows: […]}` when its title line is to differ.
    """

    institution_id: int
    accounts: Mapping[str, int] = field(default_factory=dict)
    pack: Pack | None = None
    posted: MultiDict[str, str] = field(default_factory=MultiDict)
    uploads: MultiDict[str, Any] = field(default_factory=MultiDict)

    def add(self, name: str, spec: FieldSpec, value: Any) -> None:
        """Post `value` for the field `spec` under `name`."""
        kinds: dict[str, Callable[[str, FieldSpec, Any], None]] = {
            "rows": self._rows,
            "files": self._files,
            "sheet": self._sheet,
            "unit": self._unit,
            "person": self._person,
            "account": self._account,
            "checklist": self._checklist,
        }
        kinds.get(spec.kind.value, self._plain)(name, spec, value)

    def _rows(self, name: str, spec: FieldSpec, value: Any) -> None:
        children = {child.key: child for child in spec.children}
        for index, row in enumerate(value):
            self.posted.add(f"{name}-{index}", "1")
            for key, item in row.items():
                if key not in children:
                    raise ScenarioFailed(f"{name} has no field {key}")
                self.add(f"{name}-{index}-{key}", children[key], item)

    def _files(self, name: str, spec: FieldSpec, value: Any) -> None:
        for file_name in value:
            content = PNG if str(file_name).endswith(".png") else PDF
            self.uploads.add(f"{name}-new", FileStorage(BytesIO(content), filename=str(file_name)))

    def _unit(self, name: str, spec: FieldSpec, value: Any) -> None:
        unit = unit_by_code(self.institution_id, str(value))
        self.posted.add(name, str(unit.id) if unit else str(value))

    def _person(self, name: str, spec: FieldSpec, value: Any) -> None:
        person = user_by_name(str(value))
        self.posted.add(name, str(person.id) if person else str(value))

    def _account(self, name: str, spec: FieldSpec, value: Any) -> None:
        self.posted.add(name, str(self.accounts.get(str(value), value)))

    def _sheet(self, name: str, spec: FieldSpec, value: Any) -> None:
        sheet = self.pack.sheet(spec.sheet) if self.pack else None
        if sheet is None:
            raise ScenarioFailed(f"{name}: pack.yaml has no sheet {spec.sheet}")
        given = value if isinstance(value, dict) else {"rows": value}
        titles = given.get("titles") or [column.title_zh for column in sheet.columns]
        content = _workbook([titles, *given.get("rows", [])])
        self.uploads.add(f"{name}-new", FileStorage(BytesIO(content), filename=f"{sheet.name_zh}.xlsx"))

    def _checklist(self, name: str, spec: FieldSpec, value: Any) -> None:
        for item in value:
            self.posted.add(name, str(item))

    def _plain(self, name: str, spec: FieldSpec, value: Any) -> None:
        if value is True:
            self.posted.add(name, "y")
        elif value is not None and value is not False:
            self.posted.add(name, str(value))


def posting_of(
    schema: FormSchema,
    answers: Mapping[str, Any],
    institution_id: int,
    accounts: Mapping[str, int] | None = None,
    pack: Pack | None = None,
) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    """What a browser would post for a scenario's answers, and the files with it; names as `Posting` says."""
    posting = Posting(institution_id, accounts or {}, pack)
    known = {spec.key: spec for spec in schema.top}
    for key, value in answers.items():
        if key not in known:
            raise ScenarioFailed(f"form {schema.key} has no field {key}")
        posting.add(key, known[key], value)
    return posting.posted, posting.uploads


def stored_answers(
    schema: FormSchema, answers: Mapping[str, Any], institution_id: int, accounts: Mapping[str, int]
) -> dict[str, Any]:
    """A scenario's answers as a filed form keeps them, for what the system files itself."""
    known = {spec.key: spec for spec in schema.top}
    return {key: _stored(known.get(key), value, institution_id, accounts) for key, value in answers.items()}


def _stored(spec: FieldSpec | None, value: Any, institution_id: int, accounts: Mapping[str, int]) -> Any:
    kind = spec.kind.value if spec else ""
    if kind == "account" and value in accounts:
        return account_answer(accounts[value])
    if kind == "unit" and (unit := unit_by_code(institution_id, str(value))):
        return {"id": unit.id, "code": unit.code, "name": unit.name_zh, "kind": unit.kind}
    if kind == "person" and (person := user_by_name(str(value))):
        return {"id": person.id, "name": person.name_zh}
    return value.isoformat() if isinstance(value, date) else value


def account_answer(account_id: int) -> dict[str, Any]:
    """An account as a field of kind account leaves it."""
    account = db.session.get_one(Account, account_id)
    return {key: getattr(account, key) for key in ("id", "filing_number", "name", "platform")}


def _workbook(lines: Iterable[Iterable[Any]]) -> bytes:
    """An .xlsx with these lines on its first sheet."""
    content = BytesIO()
    with Workbook(content, {"in_memory": True}) as book:
        page = book.add_worksheet()
        for number, line in enumerate(lines):
            for column, cell in enumerate(line):
                if cell is not None:
                    page.write(number, column, cell.isoformat() if isinstance(cell, date) else cell)
    return content.getvalue()
