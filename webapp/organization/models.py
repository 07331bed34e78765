"""Tables of people and units. A login is a `User`; `Account` is always a registered media account."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Json, Model, UtcDateTime


class Institution(Model):
    """A university. Every other row belongs to exactly one."""

    __tablename__ = "institution"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    time_zone: Mapped[str] = mapped_column(String(40), default="Asia/Shanghai")


class Unit(Model):
    """A department, college, party branch or student organisation."""

    __tablename__ = "unit"
    __table_args__ = (UniqueConstraint("institution_id", "code"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    code: Mapped[str] = mapped_column(String(40))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(40))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    active: Mapped[bool] = mapped_column(default=True)
    parent: Mapped[Unit | None] = relationship(remote_side="Unit.id")


class User(Model):
    """A person who can log in. `kind` is staff or student; `permanent` means on the permanent staff and in post.

    `substitutes_until`: the last day on which the person stands in for anybody, so that all others cost no query.
    """

    __tablename__ = "user"
    __table_args__ = (Index("ix_user_institution_unit", "institution_id", "unit_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    username: Mapped[str] = mapped_column(String(80), unique=True)
    name_zh: Mapped[str] = mapped_column(String(60))
    name_en: Mapped[str] = mapped_column(String(100), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    kind: Mapped[str] = mapped_column(String(20), default="staff")
    permanent: Mapped[bool] = mapped_column(default=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    password_hash: Mapped[str] = mapped_column(String(200), default="")
    active: Mapped[bool] = mapped_column(default=True)
    locale: Mapped[str] = mapped_column(String(5), default="zh")
    session_epoch: Mapped[int] = mapped_column(default=0)
    demo: Mapped[bool] = mapped_column(default=False)
    substitutes_until: Mapped[date | None] = mapped_column()
    institution: Mapped[Institution] = relationship()
    unit: Mapped[Unit | None] = relationship()

    # Flask-Login's protocol.
    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        return self.active

    def get_id(self) -> str:
        return f"{self.id}.{self.session_epoch}"


class RoleGrant(Model):
    """A role held in a unit from a day to a day (both inclusive; open when null)."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("user_id", "role", "unit_id", "valid_from"),
        Index("ix_role_grant_role_unit", "role", "unit_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    role: Mapped[str] = mapped_column(String(60))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    valid_from: Mapped[date] = mapped_column(default=date(2000, 1, 1))
    valid_to: Mapped[date | None] = mapped_column()


class Role(Model):
    """A role a pack declares and where it is found: the case's unit, an ancestor of a kind, or a named unit."""

    __tablename__ = "role"
    __table_args__ = (UniqueConstraint("institution_id", "key"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    key: Mapped[str] = mapped_column(String(60))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(100), default="")
    found: Mapped[str] = mapped_column(String(20))
    unit_kind: Mapped[str | None] = mapped_column(String(40))
    unit_code: Mapped[str | None] = mapped_column(String(40))
    articles: Mapped[list[str]] = mapped_column(Json, default=list)


class Delegation(Model):
    """A standing substitution: from a day to a day (both inclusive) `substitute` acts on behalf of `principal`.

    In one process, or in all when `process_key` is null; until it is revoked.
    """

    __tablename__ = "delegation"
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    principal_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    substitute_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    process_key: Mapped[str | None] = mapped_column(String(60))
    valid_from: Mapped[date] = mapped_column()
    valid_to: Mapped[date] = mapped_column()
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    principal: Mapped[User] = relationship(foreign_keys=[principal_id])
    substitute: Mapped[User] = relationship(foreign_keys=[substitute_id])


class CalendarDay(Model):
    """A day an administrator set by hand: overrides the published calendar."""

    __tablename__ = "calendar_day"
    __table_args__ = (UniqueConstraint("institution_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    day: Mapped[date] = mapped_column()
    workday: Mapped[bool] = mapped_column()
    note: Mapped[str] = mapped_column(String(100), default="")
