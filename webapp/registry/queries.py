"""Reads about the register, always within one institution. Lists page by key, newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, literal, or_, select, union_all
from sqlalchemy.orm import selectinload

from webapp.extensions import db, in_transaction
from webapp.organization.models import Unit, User
from webapp.registry.models import Account, AccountTerm, AccountVersion, Decision, Filing
from webapp.registry.terms import search_terms

# The policy's `visible` for the person asking, applied to a select.
Narrow = Callable[[Any], Any]
PAGE = 30


def _all(statement: Any) -> Any:
    return statement


@dataclass(frozen=True)
class AccountFilter:
    """What a list of accounts is narrowed to; empty means any. `text` is a typed search."""

    text: str = ""
    platform: str = ""
    state: str = ""
    tier: str = ""
    unit_id: int | None = None


@dataclass(frozen=True)
class AccountPage:
    """`rows` of (account, sponsoring unit); `next_before` is the key of the following page, None at the end."""

    rows: Sequence[tuple[Account, Unit]]
    next_before: int | None


def accounts(
    institution_id: int,
    wanted: AccountFilter = AccountFilter(),
    *,
    before: int | None = None,
    limit: int = PAGE,
    narrow: Narrow = _all,
) -> AccountPage:
    """One page of accounts with an id below `before`; `narrow` adds what the person asking may see."""
    statement = (
        select(Account, Unit)
        .join(Unit, Unit.id == Account.unit_id)
        .where(Account.institution_id == institution_id, *_conditions(institution_id, wanted))
        .order_by(Account.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(Account.id < before)
    rows = [(account, unit) for account, unit in db.session.execute(narrow(statement))]
    more = len(rows) > limit
    return AccountPage(rows[:limit], rows[limit - 1][0].id if more else None)


def _conditions(institution_id: int, wanted: AccountFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (Account.platform, wanted.platform),
        (Account.state, wanted.state),
        (Account.tier, wanted.tier),
        (Account.unit_id, wanted.unit_id),
    ):
        if value:
            found.append(column == value)
    return found + _holding(institution_id, wanted.text)


# A term that fewer accounts hold is looked up first; what more hold is found soon enough from the newest on.
_RARE = 1000


def _holding(institution_id: int, text: str) -> list[ColumnElement[bool]]:
    """Accounts that hold every search term of a typed text, its unbroken runs unbroken."""
    searched = search_terms(text)
    matches = [AccountTerm.term == term for term in searched.exact]
    # A range instead of LIKE, so that the index serves on both databases.
    matches += [AccountTerm.term.between(prefix, prefix + "\uffff") for prefix in searched.prefixes]
    found: list[ColumnElement[bool]] = [
        select(AccountTerm.term).where(AccountTerm.account_id == Account.id, match).exists() for match in matches
    ]
    rarest = _rarest(institution_id, matches)
    if rarest is not None:
        having = select(AccountTerm.account_id).where(AccountTerm.institution_id == institution_id, matches[rarest])
        found[rarest] = Account.id.in_(having)
    return found + [Account.search_text.contains(run, autoescape=True) for run in searched.runs if len(run) > 2]


def _rarest(institution_id: int, matches: Sequence[ColumnElement[bool]]) -> int | None:
    """Which match the fewest accounts have, None when all are frequent; counting stops at `_RARE`."""
    counting = []
    for place, match in enumerate(matches):
        own = select(AccountTerm.account_id).where(AccountTerm.institution_id == institution_id, match).limit(_RARE)
        counting.append(select(literal(place), select(func.count()).select_from(own.subquery()).scalar_subquery()))
    if not counting:
        return None
    place, count = min(((row[0], row[1]) for row in db.session.execute(union_all(*counting))), key=lambda row: row[1])
    return place if count < _RARE else None


@dataclass(frozen=True)
class AccountFile:
    """Everything the account page shows. `filings` are those about this account, newest first."""

    account: Account
    unit: Unit
    versions: Sequence[AccountVersion]
    filings: Sequence[Filing]
    decisions: dict[int, Sequence[Decision]]
    people: dict[int, User]

    def made_by(self, version: AccountVersion) -> Decision | None:
        """The decision that made a version."""
        found = (row for rows in self.decisions.values() for row in rows if row.id == version.decision_id)
        return next(found, None)


def account_file(institution_id: int, account_id: int, *, narrow: Narrow = _all) -> AccountFile | None:
    """The account with its versions (newest first), its filings, and their decisions with grounds, by filing id."""
    statement = (
        select(Account, Unit)
        .join(Unit, Unit.id == Account.unit_id)
        .where(Account.institution_id == institution_id, Account.id == account_id)
        .options(selectinload(Account.versions))
    )
    found = db.session.execute(narrow(statement)).one_or_none()
    if found is None:
        return None
    account, unit = found
    made_by = [version.filing_id for version in account.versions if version.filing_id is not None]
    filings = db.session.scalars(
        select(Filing)
        .where(Filing.institution_id == institution_id, or_(Filing.account_id == account_id, Filing.id.in_(made_by)))
        .order_by(Filing.id.desc())
    ).all()
    rows = decisions(institution_id, [filing.id for filing in filings])
    ids = {filing.filed_by_id for filing in filings} | _deciders(rows)
    people = {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(ids)))}
    versions = sorted(account.versions, key=lambda version: version.number, reverse=True)
    return AccountFile(account, unit, versions, filings, rows, people)


def decisions(institution_id: int, filing_ids: Sequence[int]) -> dict[int, Sequence[Decision]]:
    """The decisions on filings in order, with their grounds, by filing id."""
    grouped: dict[int, list[Decision]] = {filing_id: [] for filing_id in filing_ids}
    statement = (
        select(Decision)
        .where(Decision.institution_id == institution_id, Decision.filing_id.in_(filing_ids))
        .options(selectinload(Decision.grounds))
        .order_by(Decision.filing_id, Decision.id)
    )
    for decision in db.session.scalars(statement):
        grouped[decision.filing_id].append(decision)
    return dict(grouped)


def _deciders(grouped: dict[int, Sequence[Decision]]) -> set[int]:
    rows = [row for group in grouped.values() for row in group]
    return {row.decided_by_id for row in rows} | {row.on_behalf_of_id for row in rows if row.on_behalf_of_id}


def filing_of_instance(institution_id: int, instance_id: int) -> Filing | None:
    """The filing a case carries."""
    kept: Filing | None = db.session.info.get(("filing of", instance_id))
    if kept is not None:
        return kept
    statement = select(Filing).where(Filing.institution_id == institution_id, Filing.instance_id == instance_id)
    return held(db.session.scalar(statement))


def filing(filing_id: int) -> Filing | None:
    """A filing by its id, for commands that were given it."""
    return held(db.session.get(Filing, filing_id))


def held(found: Filing | None) -> Filing | None:
    """Keep a filing in memory until the transaction ends: its steps ask for it again and again."""
    if found is not None and in_transaction():
        db.session.info["filing of", found.instance_id] = db.session.info["filing", found.id] = found
    return found


def existing_accounts(
    institution_id: int, unit_id: int, platform: str = "", *, apart_from: int | None = None, limit: int = 20
) -> Sequence[Account]:
    """A unit's accounts that are not closed, on one platform or all, oldest first; at most `limit`."""
    statement = select(Account).where(
        Account.institution_id == institution_id, Account.unit_id == unit_id, Account.state.not_in(CLOSED)
    )
    if platform:
        statement = statement.where(Account.platform == platform)
    if apart_from is not None:
        statement = statement.where(Account.id != apart_from)
    return db.session.scalars(statement.order_by(Account.id).limit(limit)).all()


def account(institution_id: int, account_id: int) -> Account | None:
    """An account of the institution."""
    return db.session.scalar(select(Account).where(Account.institution_id == institution_id, Account.id == account_id))


def find_account(
    institution_id: int, platform: str, *, name: str = "", platform_account_id: str = "", url: str = ""
) -> Account | None:
    """The account a stranger describes: on that platform by its id, else its address, else its whole name.

    One that is still run comes before one that is deregistered, the oldest first.
    """
    wanted = [(Account.platform_account_id, platform_account_id), (Account.url, url), (Account.name, name)]
    own = (Account.institution_id == institution_id, Account.platform == platform)
    for column, said in wanted:
        value = said.strip()
        if value:
            same = func.lower(column) == value.lower()
            order = (Account.state.in_(CLOSED), Account.id)
            found = db.session.scalar(select(Account).where(*own, same).order_by(*order).limit(1))
            if found is not None:
                return found
    return None


CLOSED = ("deregistered", "ordered_closed", "withdrawn")


def counts(institution_id: int, unit_ids: Sequence[int] | None = None) -> dict[str, int]:
    """How many accounts stand in each state, all or of some units."""
    statement = select(Account.state, func.count()).where(Account.institution_id == institution_id)
    if unit_ids is not None:
        statement = statement.where(Account.unit_id.in_(unit_ids))
    return {row[0]: row[1] for row in db.session.execute(statement.group_by(Account.state))}
