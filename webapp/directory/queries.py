"""What anybody may read: institutions, their filed accounts, and whether one is genuine. Never a person's name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, func, or_, select

from webapp.definitions import queries as definitions
from webapp.definitions.packs import Pack
from webapp.extensions import db
from webapp.organization.models import Institution, Unit
from webapp.organization.queries import local_day
from webapp.registry.models import Account
from webapp.registry.queries import CLOSED, AccountFilter, accounts
from webapp.registry.terms import normalize, similarity

# How alike a name must be to be worth a warning (Dice over bigrams).
_ALIKE = 0.5
_MOST = 20


@dataclass(frozen=True)
class PublicAccount:
    """What the directory says of an account. `filed_on` in the institution's zone."""

    id: int
    name: str
    platform: str
    platform_account_id: str
    url: str
    filing_number: str
    unit: str
    unit_en: str
    state: str
    verified: bool
    filed_on: date


@dataclass(frozen=True)
class DirectoryPage:
    rows: Sequence[PublicAccount]
    next_before: int | None


@dataclass(frozen=True)
class Answer:
    """What the register says of something typed: `genuine` accounts, `closed` ones, and `alike` names."""

    asked: str
    genuine: Sequence[PublicAccount] = ()
    closed: Sequence[PublicAccount] = ()
    alike: Sequence[PublicAccount] = ()


def institutions() -> Sequence[Institution]:
    """Those that have a pack in force, by name."""
    found = db.session.scalars(select(Institution).order_by(Institution.name_zh))
    return [row for row in found if definitions.current_deployment(row.id) is not None]


def institution(code: str) -> Institution | None:
    return db.session.scalar(select(Institution).where(Institution.code == code))


def pack_of(institution_id: int) -> Pack | None:
    """The pack in force."""
    deployment = definitions.current_deployment(institution_id)
    return definitions.bundle(deployment).pack if deployment is not None else None


def directory(
    school: Institution, pack: Pack, wanted: AccountFilter, *, before: int | None = None, limit: int = 30
) -> DirectoryPage:
    """One page of the accounts that are run, newest first; work groups are nobody's business outside."""

    def public(statement: Select[tuple[Account, Unit]]) -> Select[tuple[Account, Unit]]:
        return statement.where(Account.state.not_in(CLOSED), Account.platform.not_in(_groups(pack)))

    page = accounts(school.id, wanted, before=before, limit=limit, narrow=public)
    return DirectoryPage([_public(row, unit, school) for row, unit in page.rows], page.next_before)


def verify(school: Institution, pack: Pack, asked: str) -> Answer:
    """Compare a name, a platform's id, an address or a filing number with the register, whatever the width or case."""
    text = asked.strip()
    if not text:
        return Answer("")
    columns = (Account.name, Account.platform_account_id, Account.url, Account.filing_number)
    wanted = normalize(text)
    same = or_(*(func.lower(column).in_({text.lower(), wanted}) for column in columns))
    found = _rows(school, pack, same)
    near = [row for row in _near(school, pack, text) if row.id not in {hit.id for hit in found}]
    found += [row for row in near if normalize(row.name) == wanted]
    known = {row.id for row in found}
    alike = [row for row in near if row.id not in known and similarity(row.name, text) >= _ALIKE]
    genuine = [row for row in found if row.state not in CLOSED]
    closed = [row for row in found if row.state in CLOSED]
    return Answer(text, genuine, closed, alike[:_MOST])


def _near(school: Institution, pack: Pack, text: str) -> list[PublicAccount]:
    page = accounts(school.id, AccountFilter(text=text), limit=_MOST)
    groups = _groups(pack)
    rows = [_public(row, unit, school) for row, unit in page.rows if row.platform not in groups]
    if rows:
        return rows
    # Nothing holds the whole text: its first characters find what is named a little differently.
    page = accounts(school.id, AccountFilter(text=text[: max(2, len(text) // 2)]), limit=_MOST)
    return [_public(row, unit, school) for row, unit in page.rows if row.platform not in groups]


def _rows(school: Institution, pack: Pack, same: ColumnElement[bool]) -> list[PublicAccount]:
    statement = (
        select(Account, Unit)
        .join(Unit, Unit.id == Account.unit_id)
        .where(Account.institution_id == school.id, same, Account.platform.not_in(_groups(pack)))
        .order_by(Account.id)
        .limit(_MOST)
    )
    return [_public(row, unit, school) for row, unit in db.session.execute(statement)]


def _groups(pack: Pack) -> list[str]:
    return [platform.key for platform in pack.platforms if platform.group]


def _public(row: Account, unit: Unit, school: Institution) -> PublicAccount:
    return PublicAccount(
        id=row.id,
        name=row.name,
        platform=row.platform,
        platform_account_id=row.platform_account_id,
        url=row.url,
        filing_number=row.filing_number,
        unit=unit.name_zh,
        unit_en=unit.name_en or unit.name_zh,
        state=row.state,
        verified=bool(row.verification),
        filed_on=local_day(row.registered_at, school.time_zone),
    )
