"""Tables of what a person arranges in the inbox: saved views, phrases, keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Json, Model, UtcDateTime
from webapp.organization.models import Unit, User


class InboxView(Model):
    """A named list of the inbox: `query` is what its address carries. Shared with everybody of a unit, or its owner's.

    It is a way of looking: whoever opens it sees their own tasks.
    """

    __tablename__ = "inbox_view"
    __table_args__ = (
        UniqueConstraint("owner_id", "name"),
        Index("ix_inbox_view_shared", "institution_id", "shared_unit_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(40))
    query: Mapped[dict[str, Any]] = mapped_column(Json)
    shared_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    owner: Mapped[User] = relationship()
    shared_unit: Mapped[Unit | None] = relationship()


class Phrase(Model):
    """A sentence a person often writes as an opinion."""

    __tablename__ = "phrase"
    __table_args__ = (Index("ix_phrase_user", "user_id", "position"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    words: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column(default=0)


class Shortcuts(Model):
    """The keys of one person where they differ from the usual ones: action -> key."""

    __tablename__ = "shortcuts"
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), unique=True)
    keys: Mapped[dict[str, Any]] = mapped_column(Json)
