"""Tables of campaigns. A campaign has one item for each of its targets, which names the case opened for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Json, Model, UtcDateTime
from webapp.organization.models import Unit, User


class Campaign(Model):
    """One campaign in one period. State planned, opening (its items are being made), open, closing or closed.

    `opens_at` and `ends_at` are the first and last moment of `opens_on` and `last_day` in the institution's zone.
    `cursor` is the target the opening has come to, `expected` how many there were to look at, `scanned` that it has
    looked at all of them. `definition_id` is the
    version of the process its cases run on; the campaign's own entry is read from the same deployment.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        UniqueConstraint("institution_id", "key", "period"),
        Index(
            "ix_campaign_working",
            "state",
            "opens_at",
            sqlite_where=text("state<>'closed'"),
            postgresql_where=text("state<>'closed'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    key: Mapped[str] = mapped_column(String(60))
    process: Mapped[str] = mapped_column(String(60))
    targets: Mapped[str] = mapped_column(String(10))
    period: Mapped[str] = mapped_column(String(40))
    name_zh: Mapped[str] = mapped_column(String(100))
    name_en: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(10), default="planned")
    opens_on: Mapped[date] = mapped_column()
    last_day: Mapped[date] = mapped_column()
    opens_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    windows: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    definition_id: Mapped[int | None] = mapped_column(ForeignKey("process_definition.id"))
    planned_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    opened_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cursor: Mapped[int] = mapped_column(default=0)
    expected: Mapped[int] = mapped_column(default=0)
    scanned: Mapped[bool] = mapped_column(default=False)
    calendar_version: Mapped[str] = mapped_column(String(60), default="")
    bulletin_id: Mapped[int | None] = mapped_column()
    version: Mapped[int] = mapped_column(default=1)


class CampaignItem(Model):
    """One target of a campaign. Kind "case" has a case; "zero" is the report of a unit that has no target.

    `target` is "account:ID" or "unit:ID". `problem` says why no case could be opened ("nobody": nobody to file it;
    "failed": the start failed), else it is empty. `settled` means that closing has dealt with it.
    """

    __tablename__ = "campaign_item"
    __table_args__ = (
        UniqueConstraint("campaign_id", "target"),
        Index("ix_campaign_item_unit", "campaign_id", "unit_id", "id"),
        Index("ix_campaign_item_applicant", "campaign_id", "applicant_id"),
        Index("ix_campaign_item_instance", "instance_id"),
        Index(
            "ix_campaign_item_waiting",
            "campaign_id",
            "id",
            sqlite_where=text("kind='case' AND instance_id IS NULL AND problem=''"),
            postgresql_where=text("kind='case' AND instance_id IS NULL AND problem=''"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    kind: Mapped[str] = mapped_column(String(10), default="case")
    target: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    platform: Mapped[str] = mapped_column(String(40), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    applicant_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    problem: Mapped[str] = mapped_column(String(20), default="")
    reported_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled: Mapped[bool] = mapped_column(default=False)
    campaign: Mapped[Campaign] = relationship()
    unit: Mapped[Unit] = relationship()
    reported_by: Mapped[User | None] = relationship(foreign_keys=[reported_by_id])


class CampaignReminder(Model):
    """One reminder of a campaign: `span` as the pack says it ("7 days"), or "overdue". State waiting, sent or void.

    `cursor` is the last person told, so that a killed worker goes on where it stopped.
    """

    __tablename__ = "campaign_reminder"
    __table_args__ = (
        UniqueConstraint("campaign_id", "span"),
        Index(
            "ix_campaign_reminder_due",
            "at",
            sqlite_where=text("state='waiting'"),
            postgresql_where=text("state='waiting'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    span: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    cursor: Mapped[int] = mapped_column(default=0)
    told: Mapped[int] = mapped_column(default=0)
