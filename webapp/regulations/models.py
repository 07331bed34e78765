"""Tables of the legal basis. The text of a regulation is not copied: a clause says in our own words what it asks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model


class Regulation(Model):
    """One document of an institution, e.g. its rules on new media."""

    __tablename__ = "regulation"
    __table_args__ = (UniqueConstraint("institution_id", "document", "in_force_from"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    document: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(100), default="")
    title_zh: Mapped[str] = mapped_column(String(200))
    title_en: Mapped[str] = mapped_column(String(300), default="")
    in_force_from: Mapped[date | None] = mapped_column()
    in_force_to: Mapped[date | None] = mapped_column()
    articles: Mapped[list[Article]] = relationship(back_populates="regulation", order_by="Article.position")


class Article(Model):
    __tablename__ = "article"
    __table_args__ = (UniqueConstraint("regulation_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    regulation_id: Mapped[int] = mapped_column(ForeignKey("regulation.id"))
    number: Mapped[str] = mapped_column(String(60))
    position: Mapped[int] = mapped_column()
    heading_zh: Mapped[str] = mapped_column(String(200), default="")
    heading_en: Mapped[str] = mapped_column(String(300), default="")
    regulation: Mapped[Regulation] = relationship(back_populates="articles")
    clauses: Mapped[list[Clause]] = relationship(back_populates="article", order_by="Clause.position")


class Clause(Model):
    """What one passage asks of a person or of the system; `code` is the id that diagrams and forms cite."""

    __tablename__ = "clause"
    __table_args__ = (UniqueConstraint("institution_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    code: Mapped[str] = mapped_column(String(40))
    position: Mapped[int] = mapped_column()
    kind: Mapped[str] = mapped_column(String(20))
    process: Mapped[str] = mapped_column(String(40))
    duty_zh: Mapped[str] = mapped_column(Text)
    duty_en: Mapped[str] = mapped_column(Text, default="")
    article: Mapped[Article] = relationship(back_populates="clauses")
