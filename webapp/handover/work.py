"""What the work on one line is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from webapp.handover.models import HandoverLine
from webapp.organization.models import User


@dataclass(frozen=True)
class Work:
    """One line with its people as they stand now; `actor` is the administrator in whose name it is done."""

    line: HandoverLine
    leaver: User
    successor: User
    actor: User
    reason: str
    now: datetime

    @property
    def object_id(self) -> int:
        return self.line.object_id
