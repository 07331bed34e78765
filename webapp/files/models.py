"""The attachment table."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, deferred, mapped_column

from webapp.extensions import Model, UtcDateTime


class StoredFile(Model):
    """An uploaded file. `key` is unguessable; `instance_id` is set once a case has filed it."""

    __tablename__ = "stored_file"
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    key: Mapped[str] = mapped_column(String(43), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column()
    sha256: Mapped[str] = mapped_column(String(64))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    instance_id: Mapped[int | None] = mapped_column(index=True)
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
