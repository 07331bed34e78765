"""One event looked at closely: what it says, and whether its hashes still fit."""

from __future__ import annotations

from dataclasses import dataclass

from .canonical import commitment, leaf_hash
from .events import AnySession
from .models import EVENT
from .queries import EventView, joined, view


@dataclass(frozen=True)
class Inspected:
    """An event and its commitments (hex). `sound`: leaf and every payload still present hash to what is stored."""

    event: EventView
    sound: bool
    kept_commitment: str
    erasable_commitment: str
    earlier: int | None
    later: int | None


def inspect(session: AnySession, institution_id: int, seq: int) -> Inspected | None:
    """Event `seq` of an institution, hashed anew; None when there is none."""
    found = {
        row.seq: row for row in session.execute(joined(institution_id).where(EVENT.c.seq.between(seq - 1, seq + 1)))
    }
    row = found.get(seq)
    if row is None:
        return None
    sound = leaf_hash(row._asdict()) == bytes(row.leaf_hash)
    for text, salt, committed in (
        (row.kept, row.kept_salt, row.kept_commitment),
        (row.erasable, row.erasable_salt, row.erasable_commitment),
    ):
        sound = sound and (text is None or commitment(bytes(salt), text) == bytes(committed))
    erasable = bytes(row.erasable_commitment).hex() if row.erasable_commitment is not None else ""
    return Inspected(
        view(row),
        sound and row.kept is not None,
        bytes(row.kept_commitment).hex(),
        erasable,
        seq - 1 if seq - 1 in found else None,
        seq + 1 if seq + 1 in found else None,
    )
