"""Tables of deployed packs. A case stays on the Deployment it began on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from webapp.extensions import Json, Model, UtcDateTime


class Resource(Model):
    """The bytes of one file, kept once per content."""

    __tablename__ = "resource"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    size: Mapped[int] = mapped_column()
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))


class Deployment(Model):
    """An immutable snapshot of a pack. `files` maps path to SHA-256; `hash` is over that map."""

    __tablename__ = "deployment"
    __table_args__ = (UniqueConstraint("institution_id", "hash"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    hash: Mapped[str] = mapped_column(String(64))
    files: Mapped[dict[str, str]] = mapped_column(Json)
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(String(200), default="")


class ProcessDefinition(Model):
    """Institution + key + version of one process. The newest version takes new cases."""

    __tablename__ = "process_definition"
    __table_args__ = (UniqueConstraint("institution_id", "key", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    deployment_id: Mapped[int] = mapped_column(ForeignKey("deployment.id"))
    key: Mapped[str] = mapped_column(String(60))
    version: Mapped[int] = mapped_column()
    process_id: Mapped[str] = mapped_column(String(100))
    content_hash: Mapped[str] = mapped_column(String(64))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    settings: Mapped[dict[str, Any]] = mapped_column(Json)
    deployed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    deployment: Mapped[Deployment] = relationship()
