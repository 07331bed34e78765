"""The tables of the ledger.

No foreign keys lead out of here: the log outlives what it tells of, and erasing or migrating the registry must never
need to touch it. Triggers (`triggers.py`) refuse every change but the erasure of personal fields.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, Index, LargeBinary, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model, UtcDateTime

from .canonical import canonical, iso


class Event(Model):
    """One line of the log. `seq` counts from 1 without gaps; leaf number `seq - 1` of the tree.

    `actor_id` and `on_behalf_of` are ids of logins (a person's name is erasable, so it stands in the payload);
    `system_actor` names the machine when no person acted. `action` is a tag "package:subject:pasttense".
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_object", "institution_id", "object_type", "object_id", "seq"),
        Index("ix_event_instance", "institution_id", "instance_id", "seq"),
    )
    institution_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_id: Mapped[int | None] = mapped_column()
    system_actor: Mapped[str | None] = mapped_column(String(100))
    on_behalf_of: Mapped[int | None] = mapped_column()
    action: Mapped[str] = mapped_column(String(100))
    object_type: Mapped[str] = mapped_column(String(60))
    object_id: Mapped[str] = mapped_column(String(100))
    instance_id: Mapped[int | None] = mapped_column()
    task_id: Mapped[int | None] = mapped_column()
    deployment_hash: Mapped[str | None] = mapped_column(String(64))
    kept_commitment: Mapped[bytes] = mapped_column(LargeBinary(32))
    erasable_commitment: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class EventPayload(Model):
    """What an event says: facts that are kept, and personal fields that can be erased, as canonical JSON text.

    Text and not JSON: a database's JSON type may rewrite numbers and order, and the commitment is over these bytes.
    """

    __tablename__ = "event_payload"
    institution_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kept: Mapped[str] = mapped_column(Text)
    kept_salt: Mapped[bytes] = mapped_column(LargeBinary(16))
    erasable: Mapped[str | None] = mapped_column(Text)
    erasable_salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))


class LedgerHead(Model):
    """Where an institution's log ends: its size and the tree's frontier (32 bytes for each bit set in size)."""

    __tablename__ = "ledger_head"
    # Every commit rewrites this row: room on its page keeps the new version beside the old one.
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)
    institution_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    frontier: Mapped[bytes] = mapped_column(LargeBinary)


class Checkpoint(Model):
    """A signed statement that the log had this root at this size. `public_key` is raw Ed25519 (32 bytes)."""

    __tablename__ = "checkpoint"
    institution_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    root: Mapped[bytes] = mapped_column(LargeBinary(32))
    frontier: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes] = mapped_column(LargeBinary(64))

    def signed_text(self) -> str:
        """The canonical JSON that is signed."""
        return checkpoint_text(self.institution_id, self.size, bytes(self.root), self.at, bytes(self.public_key))

    def as_json(self) -> dict[str, Any]:
        """The checkpoint as mailed, printed and exported; the offline verifier reads it."""
        return {**json.loads(self.signed_text()), "signature": bytes(self.signature).hex()}


# The same as Core tables, for statements that need no objects.
EVENT = cast(Table, Event.__table__)
PAYLOAD = cast(Table, EventPayload.__table__)
HEAD = cast(Table, LedgerHead.__table__)


def checkpoint_text(institution_id: int, size: int, root: bytes, at: datetime, public_key: bytes) -> str:
    """What a checkpoint's signature covers."""
    return canonical(
        {
            "format": "beian-checkpoint-1",
            "institution_id": institution_id,
            "size": size,
            "root": root.hex(),
            "at": iso(at),
            "public_key": public_key.hex(),
        }
    )
