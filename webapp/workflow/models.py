"""Tables of running and finished cases.

A `UserTask` is the engine's one token at a BPMN user task; a `Seat` is what one person sees and answers. The inbox
is a query on seats and never loads the engine.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import Json, Model, UtcDateTime
from webapp.organization.models import Unit, User


class ProcessInstance(Model):
    """One case. `reference` is the number people quote; `version` counts its transactions.

    State running, suspended (an administrator stopped it for a while), withdrawn or ended.

    `about` is what `case` tells besides people and unit ({account, campaign, cause, …}), as it was at the filing.
    `prefill` is what an application left to its applicant starts from.
    """

    __tablename__ = "process_instance"
    __table_args__ = (
        UniqueConstraint("institution_id", "reference"),
        Index("ix_process_instance_applicant", "applicant_id", "id"),
        Index("ix_process_instance_list", "institution_id", "id"),
        Index("ix_process_instance_account", "account_id", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definition.id"))
    reference: Mapped[str] = mapped_column(String(60))
    title_zh: Mapped[str] = mapped_column(String(300))
    title_en: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(20), default="running")
    outcome: Mapped[str | None] = mapped_column(String(20))
    applicant_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    requested: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    round: Mapped[int] = mapped_column(default=1)
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    history_length: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    about: Mapped[dict[str, Any] | None] = deferred(mapped_column(Json))
    prefill: Mapped[dict[str, Any] | None] = deferred(mapped_column(Json))
    state_blob: Mapped[bytes | None] = deferred(mapped_column(LargeBinary))
    definition: Mapped[ProcessDefinition] = relationship()
    applicant: Mapped[User] = relationship()
    unit: Mapped[Unit] = relationship()

    @property
    def to_be_filed(self) -> bool:
        """Whether an open application of it has never been filed: one sent back belongs to a later round."""
        return self.requested and self.round == 1


class UserTask(Model):
    """State open, suspended, completed or cancelled. `token` is the engine's id of its one token.

    `completed_by` is what completes it without a person: "account_update". `announced`: who may act was told of it.
    """

    __tablename__ = "user_task"
    __table_args__ = (
        Index("ix_user_task_instance", "instance_id", "state"),
        Index(
            "ix_user_task_completed_by",
            "completed_by",
            "id",
            sqlite_where=text("state='open' AND completed_by IS NOT NULL"),
            postgresql_where=text("state='open' AND completed_by IS NOT NULL"),
        ),
        Index(
            "ix_user_task_calendar",
            "institution_id",
            "calendar_version",
            sqlite_where=text("state='open'"),
            postgresql_where=text("state='open'"),
        ),
        Index(
            "ix_user_task_announce",
            "id",
            sqlite_where=text("state='open' AND NOT announced"),
            postgresql_where=text("state='open' AND NOT announced"),
        ),
        Index(
            "ix_user_task_remind", "remind_at", sqlite_where=text("state='open'"), postgresql_where=text("state='open'")
        ),
        Index(
            "ix_user_task_escalate",
            "escalate_at",
            sqlite_where=text("state='open'"),
            postgresql_where=text("state='open'"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    element: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(200), default="")
    scope: Mapped[str] = mapped_column(String(300), default="")
    token: Mapped[str] = mapped_column(String(40))
    round: Mapped[int] = mapped_column()
    state: Mapped[str] = mapped_column(String(20), default="open")
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deadline: Mapped[dict[str, Any] | None] = mapped_column(Json)
    calendar_version: Mapped[str | None] = mapped_column(String(60))
    remind_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    escalate_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[str | None] = mapped_column(String(30))
    completed_by: Mapped[str | None] = mapped_column(String(20))
    decides: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    announced: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    version: Mapped[int] = mapped_column(default=1)
    instance: Mapped[ProcessInstance] = relationship()
    seats: Mapped[list[Seat]] = relationship(back_populates="task", order_by="Seat.position, Seat.id")


class Seat(Model):
    """One place at a task. `queue` ("role:unit id") is who may claim it, `holder` who has it.

    State waiting (its turn has not come), open, held (the case is suspended), answered or void. Kind main, or, below
    a `parent`: delegate (answers for its holder, who decides), before and after (opinions asked for). `handed_by` made
    it or handed it on, for the reason in `note`. `filed` ({answers, form}) waits here while others must answer too.
    """

    __tablename__ = "seat"
    __table_args__ = (
        Index(
            "ix_seat_queue",
            "queue",
            "urgency",
            "id",
            sqlite_where=text("state='open' AND holder_id IS NULL"),
            postgresql_where=text("state='open' AND holder_id IS NULL"),
        ),
        Index(
            "ix_seat_holder",
            "holder_id",
            "urgency",
            "id",
            sqlite_where=text("state='open'"),
            postgresql_where=text("state='open'"),
        ),
        Index("ix_seat_held", "id", sqlite_where=text("state='held'"), postgresql_where=text("state='held'")),
        Index("ix_seat_answered", "answered_by_id", "id"),
        Index("ix_seat_instance", "instance_id"),
        Index("ix_seat_task", "task_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    kind: Mapped[str] = mapped_column(String(10), default="main")
    position: Mapped[int] = mapped_column(default=0)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))
    role: Mapped[str] = mapped_column(String(60), default="")
    queue: Mapped[str | None] = mapped_column(String(90))
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    on_behalf_of_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    state: Mapped[str] = mapped_column(String(10), default="open")
    urgency: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(30))
    opinion: Mapped[str] = mapped_column(Text, default="")
    grounds: Mapped[list[str]] = mapped_column(Json, default=list)
    returned_to: Mapped[str | None] = mapped_column(String(100))
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission_key: Mapped[str | None] = mapped_column(String(64))
    handed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    filed: Mapped[dict[str, Any] | None] = mapped_column(Json)
    attachments: Mapped[list[str] | None] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    task: Mapped[UserTask] = relationship(back_populates="seats")
    holder: Mapped[User | None] = relationship(foreign_keys=[holder_id])
    answered_by: Mapped[User | None] = relationship(foreign_keys=[answered_by_id])
    on_behalf_of: Mapped[User | None] = relationship(foreign_keys=[on_behalf_of_id])
    handed_by: Mapped[User | None] = relationship(foreign_keys=[handed_by_id])


class Answers(Model):
    """One filed form per task. `form_hash` names the form it was filed on; `carried_over` marks a repeated answer."""

    __tablename__ = "answers"
    __table_args__ = (UniqueConstraint("task_id"), Index("ix_answers_instance", "instance_id", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    task_id: Mapped[int] = mapped_column(ForeignKey("user_task.id"))
    element: Mapped[str] = mapped_column(String(100))
    round: Mapped[int] = mapped_column()
    data: Mapped[dict[str, Any]] = mapped_column(Json)
    form_key: Mapped[str | None] = mapped_column(String(60))
    form_hash: Mapped[str | None] = mapped_column(String(64))
    filed_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    filed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    carried_over: Mapped[bool] = mapped_column(default=False)


class AnswerDraft(Model):
    """What a person is typing: for a new case (`process_key`) or a seat. Keeps posted text as it stands."""

    __tablename__ = "answer_draft"
    __table_args__ = (UniqueConstraint("user_id", "seat_id"), Index("ix_answer_draft_user", "user_id", "id"))
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    process_key: Mapped[str | None] = mapped_column(String(60))
    seat_id: Mapped[int | None] = mapped_column(ForeignKey("seat.id"))
    title: Mapped[str] = mapped_column(String(200), default="")
    posted: Mapped[list[list[str]]] = mapped_column(Json)
    saved_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Timer(Model):
    """An armed BPMN timer. The worker reads only this index; state armed, fired, cancelled or faulty."""

    __tablename__ = "timer"
    __table_args__ = (
        Index("ix_timer_due", "next_at", sqlite_where=text("state='armed'"), postgresql_where=text("state='armed'")),
        UniqueConstraint("instance_id", "token"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    element: Mapped[str] = mapped_column(String(100))
    token: Mapped[str] = mapped_column(String(40))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="armed")
    attempts: Mapped[int] = mapped_column(default=0)


class ClockPause(Model):
    """A stretch in which a case's clock stood still, e.g. while the applicant corrected the application."""

    __tablename__ = "clock_pause"
    __table_args__ = (
        Index(
            "ix_clock_pause_open",
            "id",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"), index=True)
    reason: Mapped[str] = mapped_column(String(100))
    begun_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseRequest(Model):
    """A case the system is to start. State waiting, started, faulty or dropped; by its `key` it is asked for once.

    `cause` is what expressions read as `case.cause`; `since` the first day of the silence an inactivity request is for.
    """

    __tablename__ = "case_request"
    __table_args__ = (
        UniqueConstraint("institution_id", "key"),
        Index(
            "ix_case_request_waiting",
            "next_at",
            sqlite_where=text("state IN ('waiting', 'faulty')"),
            postgresql_where=text("state IN ('waiting', 'faulty')"),
        ),
        Index("ix_case_request_account", "account_id", "since"),
        Index("ix_case_request_from", "requested_by_id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    institution_id: Mapped[int] = mapped_column(ForeignKey("institution.id"))
    key: Mapped[str] = mapped_column(String(200))
    process: Mapped[str] = mapped_column(String(60))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    answers: Mapped[dict[str, Any]] = mapped_column(Json)
    open: Mapped[bool] = mapped_column(default=True)
    cause: Mapped[dict[str, Any]] = mapped_column(Json)
    since: Mapped[date | None] = mapped_column()
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"))
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("process_instance.id"), index=True)


class History(Model):
    """One element passed by a case, in order."""

    __tablename__ = "history"
    __table_args__ = (UniqueConstraint("instance_id", "seq"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instance.id"))
    seq: Mapped[int] = mapped_column()
    element: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    round: Mapped[int] = mapped_column(default=1)
    outcome: Mapped[Any | None] = mapped_column(Json)
