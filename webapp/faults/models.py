"""The fault table. (An `Incident` is only 舆情/事件, the business process.)"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model, UtcDateTime


class Fault(Model):
    """Something that stopped and waits for an administrator; open until `resolved_at` is set."""

    __tablename__ = "fault"
    __table_args__ = (Index("ix_fault_open", "institution_id", "resolved_at", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    kind: Mapped[str] = mapped_column(String(40))
    instance_id: Mapped[int | None] = mapped_column(index=True)
    task_id: Mapped[int | None] = mapped_column()
    element: Mapped[str] = mapped_column(String(100), default="")
    sentence: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="")
    occurred_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
