"""The rows behind the register's commands: an account with its search terms, its versions, a decision's grounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast

from flask_babel import gettext as _
from sqlalchemy import Table, delete, insert, select

from webapp.errors import Invalid, NotFound
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.queries import local_day
from webapp.registry import events, facts
from webapp.registry.models import Account, AccountTerm, AccountVersion, Decision, DecisionGround, Filing
from webapp.registry.terms import normalize, terms
from webapp.regulations.queries import clauses

_DECISION = insert(cast(Table, Decision.__table__)).returning(Decision.__table__.c.id)
_GROUNDS = insert(cast(Table, DecisionGround.__table__))


def demand_name(stated: Mapping[str, Any]) -> None:
    """Raise Invalid unless platform and name are stated."""
    if not stated.get("platform") or not stated.get("name"):
        raise Invalid(_("登记账号需要平台和名称。"))


def enter(unit: Unit, stated: dict[str, Any], now: datetime) -> Account:
    """The account's row and its search terms, written."""
    stated["unit_id"] = unit.id
    stated["followers_on"] = local_day(now) if stated.get("followers") is not None else None
    account = Account(institution_id=unit.institution_id, registered_at=now, **stated)
    index_account(account, unit)
    db.session.add(account)
    db.session.flush()
    write_terms(account)
    return account


def lock_account(institution_id: int, account_id: int) -> Account:
    """The account as it stands now, locked until the transaction ends. Raises NotFound."""
    statement = select(Account).where(Account.institution_id == institution_id, Account.id == account_id)
    account = db.session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if account is None:
        raise NotFound(_("没有这个账号。"))
    return account


def own_unit(institution_id: int, unit_id: int | None) -> Unit:
    """The unit of that id; Invalid when the institution has none."""
    unit = db.session.get(Unit, unit_id) if unit_id is not None else None
    if unit is None or unit.institution_id != institution_id:
        raise Invalid(_("登记账号需要本校的主办单位。"))
    return unit


def index_account(account: Account, unit: Unit) -> bool:
    """Set the text that search reads; says whether it changed."""
    texts = (account.name, account.platform_account_id, account.filing_number, account.url, account.partner)
    searchable = normalize("\n".join([text or "" for text in texts] + [unit.name_zh, unit.name_en]))
    changed = searchable != account.search_text
    account.search_text = searchable
    return changed


def write_terms(account: Account) -> None:
    """Write the account's search terms; the account must have its id, and no terms."""
    ids = {"institution_id": account.institution_id, "account_id": account.id}
    db.session.execute(insert(AccountTerm), [{**ids, "term": term} for term in sorted(terms([account.search_text]))])


def forget_terms(account: Account) -> None:
    db.session.execute(delete(AccountTerm).where(AccountTerm.account_id == account.id))


def keep_version(
    account: Account,
    cause: str,
    filing: Filing | None,
    decision_id: int | None,
    now: datetime,
    actor: User | None,
    note: str = "",
) -> None:
    """Keep the account's present state as the version its number says, and write the event of it."""
    version = AccountVersion(
        account_id=account.id,
        number=account.version,
        data=facts.state_of(account),
        cause=cause,
        note=note or None,
        filing_id=filing.id if filing else None,
        decision_id=decision_id,
        recorded_at=now,
    )
    db.session.add(version)
    action = events.REGISTERED if version.number == 1 else events.REVISED
    events.changed(action, account, version, actor, filing.instance_id if filing else None)


def insert_decision(decision: Decision) -> None:
    """Write a new decision with its grounds, and set their ids. By itself, since a flush would also write the rows that
    the step is still changing.
    """
    decision.id = db.session.execute(_DECISION, _row(decision)).scalar_one()
    if decision.grounds:
        for ground in decision.grounds:
            ground.decision_id = decision.id
        db.session.execute(_GROUNDS, [_row(ground) for ground in decision.grounds])


def _row(thing: Decision | DecisionGround) -> dict[str, Any]:
    columns = {column.key for column in thing.__table__.c}
    return {name: value for name, value in thing.__dict__.items() if name in columns and value is not None}


def copy_grounds(institution_id: int, codes: Iterable[str], day: date) -> list[DecisionGround]:
    """Rows for the clauses of these codes with article and words as on `day`, in order, each once.

    "not-stated" is no ground and passed over. Raises Invalid for a clause that is unknown or not in force on `day`.
    """
    wanted = [code for code in dict.fromkeys(codes) if code != "not-stated"]
    known = clauses(institution_id, wanted)
    rows = []
    for code in wanted:
        clause = known.get(code)
        if clause is None:
            raise Invalid(_("没有条款“%(code)s”。", code=code))
        regulation = clause.article.regulation
        begun = regulation.in_force_from is None or regulation.in_force_from <= day
        if not begun or (regulation.in_force_to is not None and regulation.in_force_to < day):
            raise Invalid(_("条款“%(code)s”在 %(day)s 不是有效条款。", code=code, day=day.isoformat()))
        rows.append(DecisionGround(clause_code=code, article=clause.article.number, duty_zh=clause.duty_zh))
    return rows
