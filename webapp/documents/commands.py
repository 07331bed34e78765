"""Entering a spreadsheet into the register: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, insert

from webapp.definitions.packs import Pack
from webapp.documents.columns import register_sheet
from webapp.documents.register import check_rows
from webapp.documents.uploaded import read_upload
from webapp.errors import Forbidden, Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.files.commands import discard
from webapp.files.queries import usable
from webapp.organization.models import Unit, User
from webapp.organization.policy import may
from webapp.organization.queries import local_day, units
from webapp.registry import facts
from webapp.registry.commands import close_filing, file
from webapp.registry.models import Account, AccountTerm
from webapp.registry.numbers import count_on_from, give_number, give_numbers, read_number
from webapp.registry.rows import index_account, keep_version
from webapp.registry.terms import terms

_OWN = ("filing_number", "tier", "state")


@transactional
def import_register(actor: User, pack: Pack, key: str, *, skip_duplicates: bool, now: datetime) -> int:
    """Register every row of the upload `key` that is not there yet; returns how many.

    The sheet is read and checked again as the register stands now. Raises Forbidden, NotFound (no such upload of this
    person), or Invalid when a row is bad, or a duplicate and `skip_duplicates` is not set; then nothing is registered.
    """
    if not may(actor, "register.import"):
        raise Forbidden(_("只有归口部门可以导入登记册。"))
    sheet = register_sheet(pack)
    reading = read_upload(key, sheet) if usable(actor, key, None) is not None else None
    if reading is None:
        raise NotFound(_("没有这个附件，请重新上传。"))
    checked = check_rows(actor.institution_id, sheet, reading)
    if checked.refused or checked.problems:
        raise Invalid(_("表格有不合要求的行，一行也没有登记。请改好后重新上传。"))
    if checked.duplicates and not skip_duplicates:
        raise Invalid(_("有 %(n)s 行已经登记过，请确认略过它们。", n=len(checked.duplicates)))
    if not checked.fresh:
        raise Invalid(_("没有要登记的行：表里的账号都已经登记过。"))
    year = local_day(now, pack.institution.time_zone).year
    lead = next((unit for unit in units(actor.institution_id) if unit.code == pack.lead_unit), None)
    filing = file(
        actor.institution_id,
        reference=give_number(actor.institution_id, "import", "导〔{year}〕{n:03d}", year),
        kind="register_import",
        filed_by=actor,
        unit_id=lead.id if lead else None,
        now=now,
    )
    accounts = [_account(unit, row, now) for _line, unit, row in checked.fresh]
    _number(actor.institution_id, pack, accounts, year)
    _write(accounts, {unit.id: unit for _line, unit, _row in checked.fresh})
    for account in accounts:
        keep_version(account, "imported", filing, None, now, actor)
    close_filing(filing.id, "recorded", now, actor=actor)
    discard(actor, key, now)
    return len(accounts)


def _account(unit: Unit, row: Mapping[str, Any], now: datetime) -> Account:
    own = {key: str(row[key]) for key in _OWN if row.get(key)}
    stated = facts.from_application({key: value for key, value in row.items() if key not in _OWN})
    stated["followers_on"] = local_day(now) if stated.get("followers") is not None else None
    defaults = {"filing_number": "", "tier": "", "state": "active"}
    return Account(
        institution_id=unit.institution_id, unit_id=unit.id, registered_at=now, **{**defaults, **stated, **own}
    )


def _number(institution_id: int, pack: Pack, accounts: list[Account], year: int) -> None:
    """Give every account without a number the next one of its series: groups have one of their own where there is."""
    groups = {entry.key for entry in pack.platforms if entry.group}
    by_series: dict[str, list[Account]] = {}
    highest: dict[tuple[str, int], int] = {}
    for account in accounts:
        series = "group" if account.platform in groups and pack.series("group") else "account"
        if not account.filing_number:
            by_series.setdefault(series, []).append(account)
            continue
        entry = pack.series(series)
        stated = read_number(entry.format, account.filing_number) if entry else None
        if stated is not None:
            place = (series, stated[0] or year)
            highest[place] = max(highest.get(place, 0), stated[1])
    # What the sheet brings along must not be given a second time.
    for (series, of_year), last in highest.items():
        count_on_from(institution_id, series, of_year, last)
    for series, waiting in by_series.items():
        entry = pack.series(series)
        assert entry is not None  # the pack's check demands the series "account"
        numbers = give_numbers(institution_id, series, entry.format, year, len(waiting))
        for account, number in zip(waiting, numbers, strict=True):
            account.filing_number = number


def _write(accounts: list[Account], sponsors: Mapping[int, Unit]) -> None:
    """The rows and their search terms, in two statements however many they are."""
    for account in accounts:
        index_account(account, sponsors[account.unit_id])
    db.session.add_all(accounts)
    db.session.flush()
    rows = [
        {"institution_id": account.institution_id, "account_id": account.id, "term": term}
        for account in accounts
        for term in sorted(terms([account.search_text]))
    ]
    db.session.execute(insert(cast(Table, AccountTerm.__table__)), rows)
