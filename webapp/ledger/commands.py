"""Taking the log away is itself recorded."""

from __future__ import annotations

from datetime import datetime

from webapp.extensions import db, transactional

from .events import record

EXPORTED = "ledger:bundle:exported"


@transactional
def note_export(institution_id: int, size: int, *, actor_id: int, actor_label: str, now: datetime) -> None:
    """Record that somebody took away the log of `size` events, personal fields included."""
    record(
        db.session(),
        institution_id=institution_id,
        action=EXPORTED,
        actor_id=actor_id,
        actor_label=actor_label,
        object_type="ledger",
        object_id=institution_id,
        kept={"events": size},
        erasable={},
        at=now,
    )
