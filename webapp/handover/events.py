"""Ledger events of hand-overs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from webapp.extensions import db
from webapp.handover.models import Handover, HandoverLine
from webapp.ledger import record
from webapp.organization.models import User


def ordered(handover: Handover, actor: User, counts: dict[str, int], now: datetime) -> None:
    people = {"leaver_id": handover.leaver_id, "successor_id": handover.successor_id}
    _write(
        "handover:handover:ordered", actor, handover.id, "handover", {**people, "lines": counts}, now, handover.reason
    )


def tried_again(handover: Handover, actor: User, lines: int, now: datetime) -> None:
    _write("handover:handover:tried_again", actor, handover.id, "handover", {"lines": lines}, now)


def done(line: HandoverLine, actor: User, now: datetime, instance_id: int | None) -> None:
    """One line came to an end, well or with a refusal."""
    kept = {
        "handover_id": line.handover_id,
        "noun": line.noun,
        "object_id": line.object_id,
        "result": line.state,
        "leaver_id": line.handover.leaver_id,
        "successor_id": line.handover.successor_id,
    }
    _write("handover:line:done", actor, line.id, "handover_line", kept, now, line.sentence, instance_id)


def _write(
    action: str,
    actor: User,
    object_id: int,
    object_type: str,
    kept: dict[str, Any],
    now: datetime,
    words: str = "",
    instance_id: int | None = None,
) -> None:
    record(
        db.session(),
        institution_id=actor.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type=object_type,
        object_id=object_id,
        kept=kept,
        erasable={"words": words} if words else {},
        at=now,
        instance_id=instance_id,
    )
