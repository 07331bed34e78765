"""The register as a spreadsheet: an account as a row, and a row as what will be registered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.documents.columns import ALSO
from webapp.documents.sheets import Sheet
from webapp.extensions import db
from webapp.formkit.lookups import SheetProblem, SheetReading
from webapp.organization.models import Unit, User
from webapp.organization.queries import units
from webapp.registry.facts import PEOPLE, is_contact
from webapp.registry.models import Account


def row_of(account: Account, unit: Unit, sheet: Sheet, zone: ZoneInfo, *, contacts: bool) -> dict[str, Any]:
    """An account as a row; how to reach people only with `contacts`."""
    return {column.key: _value(account, unit, column.key, zone, contacts) for column in sheet.columns}


def _value(account: Account, unit: Unit, key: str, zone: ZoneInfo, contacts: bool) -> Any:
    if is_contact(key) and not contacts:
        return None
    if key == "unit":
        return unit.name_zh
    if key in PEOPLE:
        named = "、".join(_name(row) for row in getattr(account, key) or [])
        return named or _detail(account, key)
    if key == "registered_on":
        return account.registered_at.astimezone(zone).date().isoformat()
    if key != "details" and hasattr(Account, key):
        return getattr(account, key)
    return _detail(account, key)


def _detail(account: Account, key: str) -> Any:
    """What was filed beside the fields every account has, under this key or another a pack uses for it."""
    details = account.details or {}
    value = next((details[name] for name in (key, *ALSO.get(key, ())) if details.get(name) is not None), None)
    return value if value is None or isinstance(value, str | int | float) else _name(value)


def row_text(value: Any) -> Any:
    """A value of an application as a cell shows it."""
    return "、".join(_name(entry) for entry in value) if isinstance(value, list) else value


def _name(row: Any) -> str:
    if isinstance(row, dict):
        return str(row.get("name") or _name(row.get("person")))
    return "" if row is None else str(row)


@dataclass
class Checked:
    """A sheet ready to be registered, or why not: every bad cell in `problems`; in `duplicates` rows (row number,
    name, reason) that would be registered a second time."""

    applications: list[tuple[int, Unit, dict[str, Any]]] = field(default_factory=list)
    problems: list[SheetProblem] = field(default_factory=list)
    duplicates: list[tuple[int, str, str]] = field(default_factory=list)
    refused: tuple[str, str] | None = None
    count: int = 0

    @property
    def fresh(self) -> list[tuple[int, Unit, dict[str, Any]]]:
        """The rows that are in the register neither already nor twice in the sheet."""
        twice = {row for row, _name, _reason in self.duplicates}
        return [entry for entry in self.applications if entry[0] not in twice]


def check_rows(institution_id: int, sheet: Sheet, reading: SheetReading) -> Checked:
    """What a sheet would register. Units are found by name or code, people by a name only one of them has."""
    checked = Checked(problems=list(reading.problems), refused=reading.refused, count=reading.count)
    known: dict[str, Unit] = {}
    for unit in units(institution_id):
        for word in (unit.code, unit.name_zh, unit.name_en):
            if word:
                known.setdefault(_plain(word), unit)
    people = _people(institution_id)
    title = next((column for column in sheet.columns if column.key == "unit"), None)
    for line, row in zip(reading.lines, reading.rows, strict=True):
        found = known.get(_plain(str(row.get("unit") or "")))
        if found is None:
            named = (title.title_zh, title.title_en or title.title_zh) if title else ("", "")
            zh, en = f"没有单位“{row.get('unit')}”", f"there is no unit “{row.get('unit')}”"
            checked.problems.append(SheetProblem(line, *named, zh, en))
            continue
        checked.applications.append((line, found, _application(row, people)))
    checked.duplicates = list(_duplicates(institution_id, checked.applications))
    return checked


def _application(row: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The row with people as the register keeps them, empty cells left out."""
    made: dict[str, Any] = {}
    for key, value in row.items():
        if value is None or key == "unit":
            continue
        made[key] = [people.get(name, {"name": name}) for name in _split(str(value))] if key in PEOPLE else value
    return made


def _split(text: str) -> list[str]:
    for sign in "，,；;/\n":
        text = text.replace(sign, "、")
    return [name.strip() for name in text.split("、") if name.strip()]


def _people(institution_id: int) -> dict[str, dict[str, Any]]:
    statement = select(User.id, User.name_zh).where(User.institution_id == institution_id, User.active)
    found: dict[str, list[int]] = {}
    for user_id, name in db.session.execute(statement):
        found.setdefault(name, []).append(user_id)
    return {name: {"id": ids[0], "name": name} for name, ids in found.items() if len(ids) == 1}


def _duplicates(
    institution_id: int, entries: Sequence[tuple[int, Unit, dict[str, Any]]]
) -> Iterator[tuple[int, str, str]]:
    """Rows whose number, platform id, or name at the same unit stands in the register or further up in the sheet."""
    statement = select(
        Account.filing_number, Account.platform, Account.platform_account_id, Account.name, Account.unit_id
    ).where(Account.institution_id == institution_id)
    seen: dict[tuple[Any, ...], str] = {}
    for number, platform, account_id, name, unit_id in db.session.execute(statement):
        for mark in _marks(number, platform, account_id, name, unit_id):
            seen.setdefault(mark, _("登记册已有：%(number)s", number=number))
    for line, unit, row in entries:
        number, platform, account_id, name = (
            str(row.get(key) or "") for key in ("filing_number", "platform", "platform_account_id", "name")
        )
        marks = _marks(number, platform, account_id, name, unit.id)
        reason = next((seen[mark] for mark in marks if mark in seen), "")
        if reason:
            yield line, name, reason
        for mark in marks:
            seen.setdefault(mark, _("与第 %(line)s 行重复", line=line))


def _marks(number: str, platform: str, account_id: str, name: str, unit_id: int) -> list[tuple[Any, ...]]:
    """What makes two accounts the same one."""
    marks: list[tuple[Any, ...]] = [("name", platform, _plain(name), unit_id)]
    if number:
        marks.append(("number", _plain(number)))
    if account_id:
        marks.append(("id", platform, _plain(account_id)))
    return marks


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
