"""Writing the register: filings, decisions, accounts and their versions. Each command writes its ledger event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.queries import local_day
from webapp.registry import events, facts, queries
from webapp.registry.models import Account, Decision, Filing
from webapp.registry.numbers import give_number
from webapp.registry.rows import (
    copy_grounds,
    demand_name,
    enter,
    forget_terms,
    index_account,
    insert_decision,
    keep_version,
    lock_account,
    own_unit,
    write_terms,
)

_ENTERED = ("filing_number", "tier", "state", "unit")


@transactional
def file(
    institution_id: int,
    *,
    reference: str,
    kind: str,
    filed_by: User,
    now: datetime,
    instance_id: int | None = None,
    unit_id: int | None = None,
    account_id: int | None = None,
    event_on: date | None = None,
    last_day: date | None = None,
    late: bool | None = None,
    period: str | None = None,
    by_system: bool = False,
) -> Filing:
    """Record that something was lodged. `event_on` is the day it reports, `last_day` the last day to file it.

    `by_system`: the system did it, in the name of `filed_by`. A filing after `last_day` is accepted and marked late
    (`late` says so where the institution's day is another).
    """
    filing = Filing(
        institution_id=institution_id,
        instance_id=instance_id,
        reference=reference,
        kind=kind,
        unit_id=unit_id,
        account_id=account_id,
        filed_by_id=filed_by.id,
        filed_at=now,
        event_on=event_on,
        last_day=last_day,
        late=last_day is not None and local_day(now) > last_day if late is None else late,
        period=period,
    )
    db.session.add(filing)
    db.session.flush()
    queries.held(filing)
    events.filed(filing, None if by_system else filed_by)
    return filing


@transactional
def amend_filing(filing_id: int, changes: Mapping[str, Any], now: datetime, *, actor: User | None = None) -> Filing:
    """Bring a filing to what its corrected application says: account, unit, moment, day, period, by column name.

    What stands already writes no event.
    """
    filing = _filing(filing_id)
    fresh = {name: value for name, value in changes.items() if getattr(filing, name) != value}
    if fresh:
        for name, value in fresh.items():
            setattr(filing, name, value)
        events.amended(filing, actor, now)
    return filing


@transactional
def close_filing(filing_id: int, outcome: str, now: datetime, *, actor: User | None = None) -> Filing:
    """Set how a filing ended: approved, refused, received, recorded, withdrawn. Saying the same twice does nothing."""
    filing = _filing(filing_id)
    if filing.outcome != outcome:
        filing.outcome, filing.closed_at = outcome, now
        events.closed(filing, actor)
    return filing


@transactional
def receive_filing(
    filing_id: int,
    now: datetime,
    *,
    number_format: str | None = None,
    year: int = 0,
    actor: User | None = None,
) -> str:
    """Close a filing as received, which is no approval; returns its receipt number, the same however often asked.

    The number comes from the series "receipt" in `year` when the pack has one, else it is the filing's reference.
    """
    filing = _filing(filing_id)
    if not filing.receipt:
        filing.receipt = filing.reference
        if number_format is not None:
            filing.receipt = give_number(filing.institution_id, "receipt", number_format, year)
    close_filing(filing_id, "received", now, actor=actor)
    return filing.receipt


@transactional
def record_decision(
    filing_id: int,
    *,
    seat_id: int | None,
    element: str,
    element_name: str,
    round: int,
    role: str,
    outcome: str,
    opinion: str,
    grounds: Iterable[str],
    decided_by: User,
    on_behalf_of: User | None,
    now: datetime,
) -> Decision:
    """Record an administrative act; what is returned is a copy apart from the session. `grounds` are clause codes;
    article and words of each are copied as of `now`.

    Raises Invalid for a code that the institution's regulations do not hold, or not on that day.
    """
    filing = _filing(filing_id)
    decision = Decision(
        institution_id=filing.institution_id,
        filing_id=filing.id,
        seat_id=seat_id,
        element=element,
        element_name=element_name,
        round=round,
        role=role,
        outcome=outcome,
        opinion=opinion,
        decided_by_id=decided_by.id,
        on_behalf_of_id=on_behalf_of.id if on_behalf_of else None,
        decided_at=now,
        grounds=copy_grounds(filing.institution_id, grounds, local_day(now)),
    )
    insert_decision(decision)
    events.decided(decision, filing, decided_by, on_behalf_of)
    return decision


@transactional
def register_account(
    filing_id: int,
    application: Mapping[str, Any],
    *,
    series: str,
    number_format: str,
    now: datetime,
    year: int,
    tier: str = "",
    state: str = "active",
    unit_id: int | None = None,
    decision_id: int | None = None,
    actor: User | None = None,
) -> Account:
    """Enter an account from an application's answers, give it its filing number, and keep version 1.

    `unit_id` overrides the application's unit. `year` is the number's year in the institution's zone.
    Raises Invalid when platform, name or unit is missing or the unit is another institution's.
    """
    filing = _filing(filing_id)
    stated = facts.from_application(application)
    unit = own_unit(filing.institution_id, unit_id or stated.get("unit_id") or filing.unit_id)
    demand_name(stated)
    stated |= {"tier": tier, "state": state}
    stated["filing_number"] = give_number(filing.institution_id, series, number_format, year)
    account = enter(unit, stated, now)
    filing.account_id = account.id
    keep_version(account, "registered", filing, decision_id, now, actor)
    return account


@transactional
def enter_existing(institution_id: int, unit_id: int, application: Mapping[str, Any], *, now: datetime) -> Account:
    """Enter an account that was registered before the product was there; it has no filing and no decision.

    `application` as in `register_account`, with `filing_number`, `tier` and `state` where they are known; without a
    number it gets one of the series "existing". Raises Invalid as `register_account` does.
    """
    known = {key: str(application[key]) for key in ("filing_number", "tier", "state") if application.get(key)}
    stated = facts.from_application({key: value for key, value in application.items() if key not in _ENTERED})
    unit = own_unit(institution_id, unit_id)
    demand_name(stated)
    if "filing_number" not in known:
        known["filing_number"] = give_number(institution_id, "existing", "存〔{year}〕{n:03d}", local_day(now).year)
    account = enter(unit, {"tier": "", "state": "active", **stated, **known}, now)
    keep_version(account, "entered", None, None, now, None)
    return account


@transactional
def revise_account(
    institution_id: int,
    account_id: int,
    changes: Mapping[str, Any],
    *,
    cause: str,
    now: datetime,
    filing_id: int | None = None,
    decision_id: int | None = None,
    actor: User | None = None,
    note: str = "",
) -> Account:
    """Change an account's fields (names as in `facts.FIELDS`) and keep the next version with what caused it.

    `details` given are merged into those there. Raises NotFound, or Invalid for a field no account has.
    """
    account = lock_account(institution_id, account_id)
    unknown = set(changes) - set(facts.FIELDS)
    if unknown:
        raise Invalid(_("账号没有“%(field)s”这一项。", field="、".join(sorted(unknown))))
    for key, value in changes.items():
        setattr(account, key, {**account.details, **value} if key == "details" else value)
    account.version += 1
    if index_account(account, own_unit(institution_id, account.unit_id)):
        forget_terms(account)
        write_terms(account)
    filing = _filing(filing_id) if filing_id is not None else None
    keep_version(account, cause, filing, decision_id, now, actor, note)
    return account


@transactional
def record_verification(
    institution_id: int, account_id: int, verification: Mapping[str, Any], *, now: datetime, **made_by: Any
) -> Account:
    """Keep what was found on the platform after opening: the answers as they stand, and the account's id, address
    and followers where they state them. `made_by`: filing_id, decision_id, actor as in `revise_account`.
    """
    stated = facts.from_application(verification)
    changes = {key: stated[key] for key in ("platform_account_id", "url", "followers") if stated.get(key)}
    if "followers" in changes:
        changes["followers_on"] = local_day(now)
    changes["verification"] = {key: facts.as_json(value) for key, value in verification.items()}
    return revise_account(institution_id, account_id, changes, cause="verification", now=now, **made_by)


def _filing(filing_id: int) -> Filing:
    found = queries.filing(filing_id)
    if found is None:
        raise NotFound(_("没有这份备案。"))
    return found
