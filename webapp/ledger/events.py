"""Recording: events are collected while a transaction runs and appended as its last act.

The head row is the one place where an institution's transactions meet, so it is locked last and held for four
statements only; hashing of payloads happens before.
"""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Insert, bindparam, event, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, SessionTransaction, scoped_session

from .canonical import canonical, commitment, leaf_hash
from .errors import LedgerError
from .merkle import Frontier
from .models import EVENT, HEAD, PAYLOAD

AnySession = Session | scoped_session[Session]
ACTOR_LABEL = "_actor"
_COLLECTED = "ledger collected"
_OWN_HEAD = HEAD.c.institution_id == bindparam("institution")
_LOCK_HEAD = select(HEAD.c.size, HEAD.c.frontier).where(_OWN_HEAD).with_for_update()
_EVENTS, _PAYLOADS = insert(EVENT), insert(PAYLOAD)
_MOVE_HEAD = (
    update(HEAD)
    .where(_OWN_HEAD, HEAD.c.size == bindparam("before"))
    .values(size=bindparam("after"), frontier=bindparam("edge"))
)


@dataclass(frozen=True)
class _Collected:
    institution_id: int
    facts: dict[str, Any]
    payload: dict[str, Any]
    savepoint: SessionTransaction | None


def record(
    session: AnySession,
    *,
    institution_id: int,
    action: str,
    actor_id: int | None,
    actor_label: str,
    object_type: str,
    object_id: int | str,
    kept: dict[str, Any],
    erasable: dict[str, Any],
    on_behalf_of: int | None = None,
    instance_id: int | None = None,
    task_id: int | None = None,
    deployment_hash: str | None = None,
    at: datetime | None = None,
) -> None:
    """Collect one event on the session; `append_collected` writes it at the end of the transaction. Runs no SQL.

    `action` is a tag "package:subject:pasttense". `kept` are facts that stay for ever (ids, outcomes, numbers),
    `erasable` personal fields; both plain JSON. A person's `actor_label` goes among the erasable fields; without
    `actor_id` it names the machine and is kept. `at` is aware, default now. A rolled-back savepoint drops what was
    collected inside it. Raises LedgerError when the payload isn't plain JSON.
    """
    if action.count(":") != 2:
        raise LedgerError(f"动作标记“{action}”应有三段。", f"The action tag “{action}” must have three parts.")
    own = session() if isinstance(session, scoped_session) else session
    personal = {**erasable, ACTOR_LABEL: actor_label} if actor_id is not None else erasable
    payload = _payload(kept, personal)
    facts = {
        "institution_id": institution_id,
        "at": (at or datetime.now(UTC)).astimezone(UTC),
        "actor_id": actor_id,
        "system_actor": actor_label if actor_id is None else None,
        "on_behalf_of": on_behalf_of,
        "action": action,
        "object_type": object_type,
        "object_id": str(object_id),
        "instance_id": instance_id,
        "task_id": task_id,
        "deployment_hash": deployment_hash,
        "kept_commitment": commitment(payload["kept_salt"], payload["kept"]),
        "erasable_commitment": commitment(payload["erasable_salt"], payload["erasable"]) if personal else None,
    }
    collected = own.info.setdefault(_COLLECTED, [])
    collected.append(_Collected(institution_id, facts, payload, own.get_nested_transaction()))


def append_collected(session: AnySession) -> None:
    """Write the collected events: one locking read of the head, two inserts, one update, for each institution.

    Call it last in the transaction: from here to the commit every other writer of the institution waits.
    """
    collected: list[_Collected] = session.info.pop(_COLLECTED, [])
    # In one order for all, so that two transactions that write to two logs never wait for each other.
    collected.sort(key=lambda one: one.institution_id)
    for institution_id, group in groupby(collected, key=lambda one: one.institution_id):
        _append(session, institution_id, list(group))


def _append(session: AnySession, institution_id: int, collected: list[_Collected]) -> None:
    frontier = _locked_head(session, institution_id)
    before, events, payloads = frontier.size, [], []
    for one in collected:
        place = {"institution_id": institution_id, "seq": frontier.size + 1}
        row = {**one.facts, **place}
        row["leaf_hash"] = leaf_hash(row)
        frontier.append(row["leaf_hash"])
        events.append(row)
        payloads.append({**one.payload, **place})
    session.execute(_EVENTS, events)
    session.execute(_PAYLOADS, payloads)
    moved = {"institution": institution_id, "before": before, "after": frontier.size, "edge": frontier.to_bytes()}
    session.execute(_MOVE_HEAD, moved)


def _locked_head(session: AnySession, institution_id: int) -> Frontier:
    asked = {"institution": institution_id}
    head = session.execute(_LOCK_HEAD, asked).one_or_none()
    if head is None:
        # The institution's first event. Two may race here: one inserts, both then lock the same row.
        session.execute(_open_head(session, institution_id))
        head = session.execute(_LOCK_HEAD, asked).one()
    return Frontier.from_bytes(head.size, bytes(head.frontier))


def _open_head(session: AnySession, institution_id: int) -> Insert:
    row = {"institution_id": institution_id, "size": 0, "frontier": b""}
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(HEAD).values(row).on_conflict_do_nothing()
    return sqlite.insert(HEAD).values(row).on_conflict_do_nothing()


def _payload(kept: dict[str, Any], erasable: dict[str, Any]) -> dict[str, Any]:
    return {
        "kept": canonical(kept),
        "kept_salt": os.urandom(16),
        "erasable": canonical(erasable) if erasable else None,
        "erasable_salt": os.urandom(16) if erasable else None,
    }


@event.listens_for(Session, "after_soft_rollback")
def _drop_rolled_back(session: Session, previous: SessionTransaction) -> None:
    """What was recorded inside a rolled-back savepoint (or transaction) never happened."""
    collected: list[_Collected] = session.info.get(_COLLECTED, [])
    if collected:
        session.info[_COLLECTED] = [one for one in collected if not _inside(one.savepoint, previous)]


def _inside(savepoint: SessionTransaction | None, rolled_back: SessionTransaction) -> bool:
    if not rolled_back.nested:
        return True
    while savepoint is not None and savepoint is not rolled_back:
        savepoint = savepoint.parent
    return savepoint is rolled_back
