"""Reading the log: pages for people, the whole of it for folds and proofs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, select
from sqlalchemy.orm import Session

from .events import ACTOR_LABEL, AnySession
from .models import EVENT, PAYLOAD, Event

_BATCH = 1000


@dataclass(frozen=True)
class EventView:
    """One event with what it says. `erasable` is None once erased, {} when it never had personal fields.

    `actor_label` is the person's or machine's name, empty once erased; `leaf_hash` is hex.
    """

    institution_id: int
    seq: int
    at: datetime
    actor_id: int | None
    actor_label: str
    on_behalf_of: int | None
    action: str
    object_type: str
    object_id: str
    instance_id: int | None
    task_id: int | None
    deployment_hash: str | None
    kept: dict[str, Any]
    erasable: dict[str, Any] | None
    leaf_hash: str

    @property
    def erased(self) -> bool:
        """Whether its personal fields are gone."""
        return self.erasable is None


def page(
    session: AnySession,
    institution_id: int,
    *,
    before: int | None = None,
    limit: int = 50,
    object_type: str | None = None,
    object_id: int | str | None = None,
    instance_id: int | None = None,
    actor_id: int | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[EventView]:
    """Events of an institution, newest first, at most `limit`, with seq below `before`.

    `action` is a whole tag or a beginning of one that ends in ":". `since` (inclusive), `until` (exclusive): aware.
    """
    wanted: list[ColumnElement[bool]] = []
    for column, value in (
        (Event.object_type, object_type),
        (Event.instance_id, instance_id),
        (Event.actor_id, actor_id),
    ):
        if value is not None:
            wanted.append(column == value)
    if object_id is not None:
        wanted.append(Event.object_id == str(object_id))
    if before is not None:
        wanted.append(Event.seq < before)
    if action:
        prefix = action.endswith(":")
        wanted.append(Event.action.startswith(action, autoescape=True) if prefix else Event.action == action)
    if since:
        wanted.append(Event.at >= since)
    if until:
        wanted.append(Event.at < until)
    query = joined(institution_id).where(*wanted).order_by(Event.seq.desc()).limit(limit)
    return [view(row) for row in session.execute(query)]


def stream(session: AnySession, institution_id: int, *, after: int = 0) -> Iterator[EventView]:
    """Every event with seq above `after`, oldest first, read in batches."""
    return (view(row) for row in rows(session, institution_id, after=after))


def rows(session: AnySession, institution_id: int, *, after: int = 0) -> Iterator[Row[Any]]:
    """Events beside their payload as plain rows, oldest first; a missing payload has `kept` None."""
    while True:
        query = joined(institution_id).where(Event.seq > after).order_by(Event.seq).limit(_BATCH)
        batch = session.execute(query).all()
        yield from batch
        if len(batch) < _BATCH:
            return
        after = batch[-1].seq


@contextmanager
def snapshot(session: AnySession) -> Iterator[AnySession]:
    """A session in which every query sees the same state of the log.

    On PostgreSQL, whose transactions see each other's commits, an own REPEATABLE READ one; a SQLite transaction is
    a snapshot already.
    """
    engine = session.get_bind().engine
    if engine.dialect.name != "postgresql":
        yield session
        return
    with Session(engine.execution_options(isolation_level="REPEATABLE READ")) as own:
        yield own


def joined(institution_id: int) -> Select[Any]:
    """All columns of an institution's events and their payloads."""
    same = (PAYLOAD.c.institution_id == EVENT.c.institution_id) & (PAYLOAD.c.seq == EVENT.c.seq)
    said = (PAYLOAD.c.kept, PAYLOAD.c.kept_salt, PAYLOAD.c.erasable, PAYLOAD.c.erasable_salt)
    together = EVENT.outerjoin(PAYLOAD, same)
    return select(*EVENT.c, *said).select_from(together).where(EVENT.c.institution_id == institution_id)


def view(row: Row[Any]) -> EventView:
    """A row of `joined` as a view."""
    personal = json.loads(row.erasable) if row.erasable is not None else {} if row.erasable_commitment is None else None
    label = row.system_actor or (personal or {}).pop(ACTOR_LABEL, "")
    return EventView(
        institution_id=row.institution_id,
        seq=row.seq,
        at=row.at,
        actor_id=row.actor_id,
        actor_label=label,
        on_behalf_of=row.on_behalf_of,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        instance_id=row.instance_id,
        task_id=row.task_id,
        deployment_hash=row.deployment_hash,
        kept=json.loads(row.kept) if row.kept is not None else {},
        erasable=personal,
        leaf_hash=bytes(row.leaf_hash).hex(),
    )
