"""Tables of comments, copies and urgings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Model, UtcDateTime
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance


class Comment(Model):
    """Something said about a case without deciding: a remark, a question to a person (`asked`), or its answer."""

    __tablename__ = "comment"
    __table_args__ = (Index("ix_comment_instance", "instance_id", "id"), Index("ix_comment_asked", "asked_id", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int | None] = mapped_column(ForeignKey("user_task.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    asked_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("comment.id"))
    words: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    author: Mapped[User] = relationship(foreign_keys=[author_id])
    asked: Mapped[User | None] = relationship(foreign_keys=[asked_id])


class Copy(Model):
    """A case copied to a person (抄送) who may read it and has nothing to decide; `read_at` is the receipt (已阅)."""

    __tablename__ = "copy"
    __table_args__ = (UniqueConstraint("instance_id", "user_id"), Index("ix_copy_user", "user_id", "read_at", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    sent_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(Text, default="")
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    instance: Mapped[ProcessInstance] = relationship()
    user: Mapped[User] = relationship(foreign_keys=[user_id])
    sent_by: Mapped[User] = relationship(foreign_keys=[sent_by_id])


class Urge(Model):
    """One urging (催办) of whoever a case waits for; the newest one limits the next."""

    __tablename__ = "urge"
    __table_args__ = (Index("ix_urge_instance", "instance_id", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    urged_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    words: Mapped[str] = mapped_column(Text, default="")
    urged_at: Mapped[datetime] = mapped_column(UtcDateTime)
    urged_by: Mapped[User] = relationship()
