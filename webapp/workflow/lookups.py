"""What forms ask of the outside, answered within one institution for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import or_, select

from webapp.definitions.bundle import Bundle
from webapp.documents.uploaded import read_upload, table_of
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.formkit.lookups import Advice, Choice, FileInfo, Locale, SheetReading, SheetTable
from webapp.organization.models import Unit, User
from webapp.organization.queries import units
from webapp.registry.checks import Asked, Mark, run_check
from webapp.registry.models import Account
from webapp.registry.reach import ANY, reachable_account, reachable_accounts

MOST_PEOPLE = 500
MOST_ACCOUNTS = 100


@dataclass
class InstitutionLookups:
    """Implements `formkit.Lookups`. `instance_id` lets a case's own files be named again in a later round."""

    user: User
    bundle: Bundle
    case: Mapping[str, Any]
    instance_id: int | None = None

    @cached_property
    def _units(self) -> dict[str, Unit]:
        return {str(unit.id): unit for unit in units(self.user.institution_id)}

    def units(self, kind: str | None, query: str) -> list[Choice]:
        found = (unit for unit in self._units.values() if kind is None or unit.kind == kind)
        return [self._unit_choice(unit) for unit in found if query in unit.name_zh or query in unit.code]

    def people(self, kind: str | None, query: str) -> list[Choice]:
        statement = (
            select(User)
            .where(User.institution_id == self.user.institution_id, User.active)
            .order_by(User.name_zh, User.id)
            .limit(MOST_PEOPLE)
        )
        if kind in ("staff", "student"):
            statement = statement.where(User.kind == kind)
        if query:
            like = f"%{query}%"
            statement = statement.where(or_(User.name_zh.like(like), User.username.like(like)))
        return [self._person_choice(person) for person in db.session.scalars(statement)]

    def platforms(self) -> list[Choice]:
        return [
            Choice(entry.key, entry.name_zh, entry.name_en, kind="group" if entry.group else "account")
            for entry in self.bundle.pack.platforms
        ]

    def unit(self, id: str) -> Choice | None:
        found = self._units.get(id)
        return self._unit_choice(found) if found else None

    def person(self, id: str) -> Choice | None:
        if not (id.isascii() and id.isdigit()) or len(id) > 9:
            return None
        person = db.session.get(User, int(id))
        if person is None or person.institution_id != self.user.institution_id or not person.active:
            return None
        return self._person_choice(person)

    def accounts(self, scope: str, states: Sequence[str], query: str) -> list[Choice]:
        found = reachable_accounts(self.user, scope, states, query, MOST_ACCOUNTS)
        return [self._account_choice(account) for account in found]

    def account(self, id: str, scope: str, states: Sequence[str]) -> Choice | None:
        if not (id.isascii() and id.isdigit()) or len(id) > 9:
            return None
        own = self.case.get("account")
        # A case's own account is always there to be kept.
        kept = isinstance(own, dict) and str(own.get("id")) == id
        account = reachable_account(self.user, int(id), "all" if kept else scope, ANY if kept else states)
        return self._account_choice(account) if account is not None else None

    def file(self, id: str) -> FileInfo | None:
        row = db.session.scalar(select(StoredFile).where(StoredFile.key == id))
        if row is None or row.institution_id != self.user.institution_id:
            return None
        of_case = row.instance_id is not None and row.instance_id == self.instance_id
        if row.uploaded_by_id != self.user.id and not of_case:
            return None
        return FileInfo(row.key, row.name, row.size, row.sha256)

    def sheet(self, sheet: str, id: str) -> SheetReading | None:
        known = self.bundle.pack.sheet(sheet)
        return read_upload(id, known) if known is not None and self.file(id) is not None else None

    def sheet_table(self, sheet: str, rows: Any, locale: Locale) -> SheetTable | None:
        known = self.bundle.pack.sheet(sheet)
        return table_of(known, rows, locale) if known is not None else None

    def check(self, rule: str, field: str, value: Any, answers: Mapping[str, Any]) -> list[Advice]:
        marks = [Mark(mark.text, mark.ignore_case, mark.article) for mark in self.bundle.pack.protected_marks]
        return run_check(rule, field, value, answers, Asked(self.user.institution_id, self.case, marks))

    def _unit_choice(self, unit: Unit) -> Choice:
        return Choice(str(unit.id), unit.name_zh, unit.name_en, code=unit.code, kind=unit.kind)

    def _account_choice(self, account: Account) -> Choice:
        platform = self.bundle.pack.platform(account.platform)
        hint = "，".join(part for part in (platform.name_zh if platform else "", account.filing_number) if part)
        return Choice(str(account.id), account.name, code=account.filing_number, kind=account.platform, hint=hint)

    def _person_choice(self, person: User) -> Choice:
        unit = self._units.get(str(person.unit_id))
        hint = unit.name_zh if unit else ""
        return Choice(str(person.id), person.name_zh, person.name_en, code=person.username, kind=person.kind, hint=hint)
