"""Erasing personal fields: text and salt go, the commitment stays, and the erasure is an event of its own."""

from collections.abc import Iterable

from sqlalchemy import select, update

from .errors import LedgerError
from .events import AnySession, record
from .models import PAYLOAD

ERASED = "ledger:payload:erased"


def erase(
    session: AnySession,
    *,
    institution_id: int,
    seqs: Iterable[int],
    reason: str,
    actor_id: int | None,
    actor_label: str,
    on_behalf_of: int | None = None,
) -> list[int]:
    """Erase the personal fields of these events of an institution; returns the seqs that still had some.

    `reason` (a retention rule or a request, without personal data) is kept. What was already erased is passed over.
    Raises LedgerError for a seq that isn't in the log. Copies outside (backups, exported bundles, the database's free
    pages until vacuumed) are not reached.
    """
    wanted = sorted(set(seqs))
    found = session.execute(
        select(PAYLOAD.c.seq, PAYLOAD.c.erasable_salt.is_not(None).label("present")).where(
            PAYLOAD.c.institution_id == institution_id, PAYLOAD.c.seq.in_(wanted)
        )
    ).all()
    if absent := sorted(set(wanted) - {row.seq for row in found}):
        raise LedgerError(f"账册中没有第 {absent[0]} 号事件。", f"There is no event {absent[0]} in the log.")
    present = sorted(row.seq for row in found if row.present)
    if present:
        session.execute(
            update(PAYLOAD)
            .where(PAYLOAD.c.institution_id == institution_id, PAYLOAD.c.seq.in_(present))
            .values(erasable=None, erasable_salt=None)
        )
        record(
            session,
            institution_id=institution_id,
            action=ERASED,
            actor_id=actor_id,
            actor_label=actor_label,
            on_behalf_of=on_behalf_of,
            object_type="event",
            object_id=present[0],
            kept={"seqs": present, "reason": reason},
            erasable={},
        )
    return present
