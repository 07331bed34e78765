"""The table of bulletins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from webapp.extensions import Model, UtcDateTime


class Bulletin(Model):
    """A published notice: bulletin 简报, circular 通报 or criticism 通报批评. `instance_id` is the case it is from."""

    __tablename__ = "bulletin"
    __table_args__ = (
        UniqueConstraint("institution_id", "number"),
        Index("ix_bulletin_list", "institution_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    number: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(20), default="bulletin")
    text_key: Mapped[str] = mapped_column(String(60), default="")
    title_zh: Mapped[str] = mapped_column(String(300))
    title_en: Mapped[str] = mapped_column(String(300), default="")
    body_zh: Mapped[str] = mapped_column(Text)
    body_en: Mapped[str] = mapped_column(Text, default="")
    article: Mapped[str] = mapped_column(String(60), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    instance_id: Mapped[int | None] = mapped_column()
    published_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def title(self, locale: str) -> str:
        return (self.title_en or self.title_zh) if locale == "en" else self.title_zh

    def body(self, locale: str) -> str:
        return (self.body_en or self.body_zh) if locale == "en" else self.body_zh
