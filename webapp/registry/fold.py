"""Registry = fold(ledger): rebuild the register's rows from its events and say where the tables differ.

Where an event's personal fields were erased, the row must hold none of them either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, scoped_session, selectinload

from webapp import ledger
from webapp.ledger import EventView, Problem
from webapp.registry import events, facts
from webapp.registry.models import Account, AccountVersion, Assessment, Decision, Filing, Measure, Review

AnySession = Session | scoped_session[Session]
Key = tuple[str, int, int]
_NAMES = {"account": "账号", "account_version": "账号版本", "filing": "备案", "decision": "决定"}
_NAMES |= {"measure": "措施", "review": "审查结果", "assessment": "考核"}


@dataclass
class Row:
    """One row as the ledger tells it. `personal` is None once erased; `seq` is the event that made it so."""

    seq: int
    kept: dict[str, Any]
    personal: dict[str, Any] | None = field(default_factory=dict)


def register_fold() -> None:
    """Let ledger verification compare the register as well; create_app calls it."""
    ledger.register_fold("registry", compare)


def compare(session: AnySession, institution_id: int, stream: Iterator[EventView]) -> Iterable[Problem]:
    """Every difference between the register's rows and what the events make of them."""
    told = fold(stream)
    for key, (kept, personal) in _stored(session, institution_id):
        row = told.pop(key, None)
        if row is None:
            yield _problem(None, key, "不是由账册中的事件产生的", "comes from no event of the ledger")
            continue
        wrong = [name for name in kept.keys() | row.kept.keys() if kept.get(name) != row.kept.get(name)]
        expected = row.personal or {}
        wrong += [name for name in personal.keys() | expected.keys() if personal.get(name) != expected.get(name)]
        if wrong:
            listed = ", ".join(sorted(set(wrong)))
            yield _problem(row.seq, key, f"与账册不符（{listed}）", f"differs from the ledger ({listed})")
    for key, row in told.items():
        yield _problem(row.seq, key, "账册有记录而登记簿中没有", "is told of by the ledger and missing in the register")


def fold(stream: Iterable[EventView]) -> dict[Key, Row]:
    """The register that the events make, by (table, id, number); the number is 0 but for account versions."""
    rows: dict[Key, Row] = {}
    for event in stream:
        if event.action.startswith("registry:"):
            _apply(rows, event)
    return rows


def _apply(rows: dict[Key, Row], event: EventView) -> None:
    key = (event.object_type, int(event.object_id), 0)
    if event.action == events.FILED:
        nothing_yet = {"outcome": None, "receipt": "", "closed_at": None, "instance_id": event.instance_id}
        rows[key] = Row(event.seq, {**event.kept, **nothing_yet})
    elif event.action in (events.CLOSED, events.AMENDED):
        _update(rows, key, event.seq, event.kept)
    elif event.action == events.DECIDED:
        rows[key] = Row(event.seq, event.kept, event.erasable)
    elif event.action in (events.REGISTERED, events.REVISED):
        kept = dict(event.kept)
        version = kept.pop("version")
        spoken = event.erasable
        own = spoken and {name: value for name, value in spoken.items() if name != "note"}
        rows[key] = Row(event.seq, {**kept, "version": version["number"]}, own)
        made = ("account_version", key[1], version["number"])
        rows[made] = Row(event.seq, {**kept, "version": version}, spoken)
        # A sheet of many accounts is about none of them.
        first = event.action == events.REGISTERED and version["cause"] != "imported"
        if first and version["filing_id"] is not None:
            _update(rows, ("filing", version["filing_id"], 0), event.seq, {"account_id": key[1]})
    elif event.action == events.UPDATED:
        _update(rows, key, event.seq, event.kept)
    elif event.action in (events.MEASURED, events.REVIEWED, events.ASSESSED):
        rows[key] = Row(event.seq, event.kept, event.erasable)


def _update(rows: dict[Key, Row], key: Key, seq: int, changes: Mapping[str, Any]) -> None:
    if key in rows:
        rows[key] = Row(seq, {**rows[key].kept, **changes}, rows[key].personal)
    else:
        rows[key] = Row(seq, dict(changes))


def _stored(session: AnySession, institution_id: int) -> Iterator[tuple[Key, tuple[dict[str, Any], dict[str, Any]]]]:
    """The tables' rows in the same shape: key, kept columns, personal ones."""
    filings = select(Filing).where(Filing.institution_id == institution_id)
    for filing in session.scalars(filings.execution_options(yield_per=500)):
        yield ("filing", filing.id, 0), (events.columns(filing, _FILING), {})
    decisions = select(Decision).where(Decision.institution_id == institution_id)
    for row in session.scalars(decisions.options(selectinload(Decision.grounds)).execution_options(yield_per=500)):
        kept = events.columns(row, events.DECISION)
        kept["grounds"] = [events.columns(ground, events.GROUND) for ground in row.grounds]
        yield ("decision", row.id, 0), (kept, {"opinion": row.opinion} if row.opinion else {})
    accounts = select(Account).where(Account.institution_id == institution_id)
    for account in session.scalars(accounts.execution_options(yield_per=500)):
        kept, personal = facts.split_personal(facts.state_of(account))
        yield ("account", account.id, 0), ({**kept, "version": account.version}, personal)
    versions = select(AccountVersion).join(Account).where(Account.institution_id == institution_id)
    for version in session.scalars(versions.execution_options(yield_per=500)):
        kept, personal = facts.split_personal(version.data)
        kept["version"] = events.columns(version, events.VERSION)
        if version.note:
            personal["note"] = version.note
        yield ("account_version", version.account_id, version.number), (kept, personal)
    for noun in (Measure, Review, Assessment):
        yield from _plain_rows(session, institution_id, noun)


def _plain_rows(
    session: AnySession, institution_id: int, noun: type[Measure] | type[Review] | type[Assessment]
) -> Iterator[tuple[Key, tuple[dict[str, Any], dict[str, Any]]]]:
    rows: Iterable[Measure | Review | Assessment] = session.scalars(
        select(noun).where(noun.institution_id == institution_id).execution_options(yield_per=500)
    )
    for row in rows:
        table = row.__tablename__
        yield (table, row.id, 0), (events.columns(row, events.KEPT[table]), events.spoken(row))


_FILING = (*events.FILING, *events.CLOSING, "instance_id")


def _problem(seq: int | None, key: Key, zh: str, en: str) -> Problem:
    table, row, number = key
    place = f"{row}" + (f" 第 {number} 版" if number else "")
    place_en = f"{table} {row}" + (f", version {number}" if number else "")
    return Problem(seq, "registry", f"{_NAMES[table]} {place}：{zh}。", f"{place_en}: {en}.")
