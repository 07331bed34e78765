"""Tables of the register. The registry never imports workflow: records outlive the processes that made them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from webapp.extensions import Json, Model, UtcDateTime


class Account(Model):
    """A registered media account in its present state. `AccountVersion` keeps every earlier one.

    `last_update_on` is the day content was last put out, `update_recorded_at` when somebody said so.
    """

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("institution_id", "filing_number"),
        Index("ix_account_unit_platform", "institution_id", "unit_id", "platform"),
        Index("ix_account_list", "institution_id", "state", "id"),
        Index("ix_account_newest", "institution_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    filing_number: Mapped[str] = mapped_column(String(60))
    platform: Mapped[str] = mapped_column(String(40))
    platform_account_id: Mapped[str] = mapped_column(String(120), default="")
    url: Mapped[str] = mapped_column(String(400), default="")
    name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(30), default="active")
    tier: Mapped[str] = mapped_column(String(20), default="")
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    first_responsible: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    directly_responsible: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    leader_in_charge: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    administrators: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    purpose: Mapped[str] = mapped_column(Text, default="")
    audience: Mapped[str] = mapped_column(Text, default="")
    verification: Mapped[dict[str, Any] | None] = mapped_column(Json)
    payment: Mapped[bool] = mapped_column(default=False)
    partner: Mapped[str] = mapped_column(String(200), default="")
    followers: Mapped[int | None] = mapped_column()
    followers_on: Mapped[date | None] = mapped_column()
    details: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_update_on: Mapped[date | None] = mapped_column()
    update_recorded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)
    search_text: Mapped[str] = mapped_column(Text, default="")
    versions: Mapped[list[AccountVersion]] = relationship(back_populates="account", order_by="AccountVersion.number")


class AccountTerm(Model):
    """One search term of an account: a character, a bigram or a word, so that search is a look-up in an index."""

    __tablename__ = "account_term"
    __table_args__ = (Index("ix_account_term_look_up", "institution_id", "term", "account_id"),)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    term: Mapped[str] = mapped_column(String(40), primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))


class Filing(Model):
    """What was lodged: one application, change, deregistration. `instance_id` names the case that carried it.

    `period` is what it is for, such as a year, where a process takes one filing for each. `receipt` is the number given
    to what is received and not decided.
    """

    __tablename__ = "filing"
    __table_args__ = (UniqueConstraint("institution_id", "instance_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int | None] = mapped_column()
    reference: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(40))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    filed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    event_on: Mapped[date | None] = mapped_column()
    last_day: Mapped[date | None] = mapped_column()
    late: Mapped[bool] = mapped_column(default=False)
    period: Mapped[str | None] = mapped_column(String(40))
    outcome: Mapped[str | None] = mapped_column(String(20))
    receipt: Mapped[str] = mapped_column(String(60), default="")
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Decision(Model):
    """An administrative act on a filing: outcome, opinion, by whom, on behalf of whom."""

    __tablename__ = "decision"
    __table_args__ = (UniqueConstraint("seat_id"), Index("ix_decision_filing", "filing_id", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    filing_id: Mapped[int] = mapped_column(ForeignKey("filing.id"))
    seat_id: Mapped[int | None] = mapped_column()
    element: Mapped[str] = mapped_column(String(100))
    element_name: Mapped[str] = mapped_column(String(200), default="")
    round: Mapped[int] = mapped_column(default=1)
    role: Mapped[str] = mapped_column(String(60), default="")
    outcome: Mapped[str] = mapped_column(String(30))
    opinion: Mapped[str] = mapped_column(Text, default="")
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime] = mapped_column(UtcDateTime)
    grounds: Mapped[list[DecisionGround]] = relationship(back_populates="decision", order_by="DecisionGround.id")


class DecisionGround(Model):
    """The clause a decision rests on, with its words on that day."""

    __tablename__ = "decision_ground"
    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), index=True)
    clause_code: Mapped[str] = mapped_column(String(40))
    article: Mapped[str] = mapped_column(String(60), default="")
    duty_zh: Mapped[str] = mapped_column(Text, default="")
    decision: Mapped[Decision] = relationship(back_populates="grounds")


class AccountVersion(Model):
    """One state of an account, complete, with the decision that made it; `note` says why in the words of who did it."""

    __tablename__ = "account_version"
    __table_args__ = (UniqueConstraint("account_id", "number"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    number: Mapped[int] = mapped_column()
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    cause: Mapped[str] = mapped_column(String(40))
    note: Mapped[str | None] = mapped_column(Text)
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account: Mapped[Account] = relationship(back_populates="versions")


class Measure(Model):
    """What was imposed on an account, a unit or people: a warning, a criticism, accountability, ineligibility."""

    __tablename__ = "measure"
    __table_args__ = (
        Index("ix_measure_account", "account_id", "id"),
        Index("ix_measure_unit", "institution_id", "unit_id", "year"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    kind: Mapped[str] = mapped_column(String(30))
    note: Mapped[str] = mapped_column(Text, default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    persons: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    authority: Mapped[str] = mapped_column(String(200), default="")
    article: Mapped[str] = mapped_column(String(60), default="")
    year: Mapped[int] = mapped_column()
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Review(Model):
    """How an account came through the review of a period."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("account_id", "period"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    period: Mapped[str] = mapped_column(String(20))
    result: Mapped[str] = mapped_column(String(20))
    note: Mapped[str] = mapped_column(Text, default="")
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Assessment(Model):
    """The points a unit was given for a year; `eligible` for honours, `vetoed` by a breach. The last one holds."""

    __tablename__ = "assessment"
    __table_args__ = (Index("ix_assessment_unit", "institution_id", "unit_id", "year"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    year: Mapped[int] = mapped_column()
    points: Mapped[float] = mapped_column()
    eligible: Mapped[bool] = mapped_column(default=True)
    vetoed: Mapped[bool] = mapped_column(default=False)
    items: Mapped[list[Any]] = mapped_column(Json, default=list)
    filing_id: Mapped[int | None] = mapped_column(ForeignKey("filing.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NumberSeries(Model):
    """The last number given in a series and year; taken under a row lock, so numbers have no gap and no double."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("institution_id", "key", "year"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    key: Mapped[str] = mapped_column(String(40))
    year: Mapped[int] = mapped_column()
    last: Mapped[int] = mapped_column(default=0)
