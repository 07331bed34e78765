"""The same SQL writes through the ORM without an engine: what the product's step is compared with.

It loads the rows it changes by their keys, sets the same columns, adds the same new rows and commits once, under the
same kind of transaction. It decides nothing, checks nothing, builds nothing and hashes nothing.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from bench.rows import NewRow, Plan
from webapp.extensions import db
from webapp.ledger.models import Event, EventPayload, LedgerHead
from webapp.notifications.models import Notice, OutboxMessage
from webapp.registry.models import AccountTerm, NumberSeries
from webapp.workflow.models import History

# Rows nobody refers to go as one executemany each, as the product sends them.
_MANY = {Event, EventPayload, History, AccountTerm, Notice, OutboxMessage}


def write(plan: Plan) -> None:
    """Do the writes of a plan in one transaction."""
    session = db.session()
    session.rollback()
    session.connection(execution_options={"write": True})
    changed = _change(session, plan)
    made = _add(session, plan)
    for thing, values, ids in changed:
        for column, value in (values | {column: made[number].id for column, number in ids.items()}).items():
            setattr(thing, column, value)
    _add_many(session, plan, made)
    session.commit()


def _change(session: Session, plan: Plan) -> list[tuple[Any, dict[str, Any], dict[str, int]]]:
    """Change the rows that are there; gives back those that must wait for the id of a new row."""
    later = []
    for model, key, values, ids in plan.changes:
        if model is NumberSeries:
            session.execute(update(NumberSeries).where(NumberSeries.id == key[0]).values(last=NumberSeries.last + 1))
        elif model is not LedgerHead:
            thing = session.get(model, key)
            if ids:
                later.append((thing, values, ids))
                continue
            for name, value in values.items():
                setattr(thing, name, value)
    return later


def _add(session: Session, plan: Plan) -> dict[int, Any]:
    """The rows that are objects; flushed only where an id must be known."""
    made: dict[int, Any] = {}
    for number, row in enumerate(plan.inserts):
        if row.model not in _MANY:
            if any(made[other].id is None for other in row.ids.values()):
                session.flush()
            thing = row.model(**row.values, **{column: made[other].id for column, other in row.ids.items()})
            for relationship, other in row.parents.items():
                setattr(thing, relationship, made[other])
            session.add(thing)
            made[number] = thing
    session.flush()
    return made


def _add_many(session: Session, plan: Plan, made: dict[int, Any]) -> None:
    """The ledger's rows last, as the product does it: the head is where all writers meet."""
    rows = [row for row in plan.inserts if row.model in _MANY]
    rows.sort(key=lambda row: row.model in (Event, EventPayload))
    for model, group in groupby(rows, key=lambda row: row.model):
        if model is Event:
            break
        session.execute(insert(model).execution_options(render_nulls=True), [_values(row, made) for row in group])
    _append(
        session, [row.values for row in rows if row.model is Event], [r.values for r in rows if r.model is EventPayload]
    )


def _values(row: NewRow, made: dict[int, Any]) -> dict[str, Any]:
    return row.values | {column: made[number].id for column, number in row.ids.items()}


def _append(session: Session, events: list[dict[str, Any]], payloads: list[dict[str, Any]]) -> None:
    head = session.get(LedgerHead, events[0]["institution_id"], with_for_update=True)
    assert head is not None
    for model, rows in ((Event, events), (EventPayload, payloads)):
        session.execute(
            insert(model).execution_options(render_nulls=True),
            [{**row, "seq": head.size + n} for n, row in enumerate(rows, start=1)],
        )
    head.size += len(events)
    head.frontier = bytes(32 * head.size.bit_count())
