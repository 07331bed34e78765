"""Tables of a hand-over and its lines."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model, UtcDateTime
from webapp.organization.models import User


class Handover(Model):
    """One person's tasks and accounts go to another, by an administrator and for a reason. State running or done."""

    __tablename__ = "handover"
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"), index=True)
    leaver_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    successor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    ordered_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    reason: Mapped[str] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="running")
    leaver: Mapped[User] = relationship(foreign_keys=[leaver_id])
    successor: Mapped[User] = relationship(foreign_keys=[successor_id])
    ordered_by: Mapped[User] = relationship(foreign_keys=[ordered_by_id])


class HandoverLine(Model):
    """One thing handed over: a seat, a case begun, an account. State waiting, done, refused or faulty."""

    __tablename__ = "handover_line"
    __table_args__ = (
        UniqueConstraint("handover_id", "noun", "object_id"),
        Index(
            "ix_handover_line_waiting",
            "next_at",
            sqlite_where=text("state='waiting'"),
            postgresql_where=text("state='waiting'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    handover_id: Mapped[int] = mapped_column(ForeignKey("handover.id"))
    noun: Mapped[str] = mapped_column(String(10))
    object_id: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    sentence: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    handover: Mapped[Handover] = relationship()
