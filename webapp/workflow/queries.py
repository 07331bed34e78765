"""Reads about cases, always within one institution; rows a command changes are locked and read afresh."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload, undefer

from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.policy import visible
from webapp.registry.models import Filing
from webapp.registry.queries import held
from webapp.workflow.models import AnswerDraft, Answers, History, ProcessInstance, Seat, UserTask

_fresh = {"populate_existing": True}


def lock_instance(instance_id: int) -> ProcessInstance | None:
    """The case with its stored state, and the filing it carries, locked until the transaction ends."""
    return _locked(ProcessInstance.id == instance_id)


def lock_instance_of_seat(seat_id: int, institution_id: int) -> ProcessInstance | None:
    """The case a seat belongs to, locked; None when the seat is absent or another institution's."""
    owner = select(Seat.instance_id).where(Seat.id == seat_id, Seat.institution_id == institution_id)
    return _locked(ProcessInstance.id == owner.scalar_subquery())


def _locked(wanted: ColumnElement[bool]) -> ProcessInstance | None:
    own = and_(Filing.institution_id == ProcessInstance.institution_id, Filing.instance_id == ProcessInstance.id)
    # Both are locked: a row that is only joined would be seen as it was before the wait for the other's lock.
    statement = (
        select(ProcessInstance, Filing)
        .join(Filing, own)
        .where(wanted)
        .options(undefer(ProcessInstance.state_blob))
        .with_for_update(of=[ProcessInstance, Filing])
    )
    row = db.session.execute(statement, execution_options=_fresh).one_or_none()
    if row is None:
        return None
    held(row[1])
    found: ProcessInstance = row[0]
    return found


def open_tasks(instance: ProcessInstance) -> dict[str, UserTask]:
    """Open tasks of a case with their seats, by the engine's token; one statement."""
    statement = (
        select(UserTask)
        .where(UserTask.instance_id == instance.id, UserTask.state.in_(["open", "suspended"]))
        .join(UserTask.seats)
        .options(contains_eager(UserTask.seats))
        .order_by(UserTask.id, Seat.position, Seat.id)
    )
    rows = db.session.scalars(statement, execution_options=_fresh).unique().all()
    return {task.token: task for task in rows}


def seat(user: User, seat_id: int) -> Seat | None:
    """A seat the person may see, with its task and case."""
    statement = (
        visible(user, select(Seat).where(Seat.id == seat_id), Seat)
        .join(Seat.task)
        .join(UserTask.instance)
        .options(contains_eager(Seat.task).contains_eager(UserTask.instance).joinedload(ProcessInstance.definition))
    )
    found: Seat | None = db.session.scalar(statement)
    return found


def seats_of(instance: ProcessInstance) -> Sequence[Seat]:
    """Every seat of a case, in the order they were opened."""
    statement = (
        select(Seat)
        .where(Seat.instance_id == instance.id)
        .options(joinedload(Seat.task), joinedload(Seat.answered_by), joinedload(Seat.holder))
        .order_by(Seat.id)
    )
    return db.session.scalars(statement).all()


def instance(user: User, instance_id: int) -> ProcessInstance | None:
    """A case the person may see, with applicant, unit and definition."""
    statement = visible(user, select(ProcessInstance).where(ProcessInstance.id == instance_id), ProcessInstance)
    found: ProcessInstance | None = db.session.scalar(
        statement.options(
            joinedload(ProcessInstance.definition),
            joinedload(ProcessInstance.applicant),
            joinedload(ProcessInstance.unit),
        )
    )
    return found


def tasks_of(instance: ProcessInstance) -> Sequence[UserTask]:
    """Every task of a case with its seats, oldest first."""
    statement = (
        select(UserTask)
        .where(UserTask.instance_id == instance.id)
        .options(
            selectinload(UserTask.seats).joinedload(Seat.answered_by),
            selectinload(UserTask.seats).joinedload(Seat.holder),
        )
        .order_by(UserTask.id)
    )
    return db.session.scalars(statement).all()


def answers_of(instance_id: int) -> Sequence[Answers]:
    """Every filed form of a case, oldest first."""
    return db.session.scalars(select(Answers).where(Answers.instance_id == instance_id).order_by(Answers.id)).all()


def newest_answers(instance_id: int) -> dict[str, dict[str, object]]:
    """The newest answer of each element."""
    newest = select(func.max(Answers.id)).where(Answers.instance_id == instance_id).group_by(Answers.element)
    rows = db.session.execute(select(Answers.element, Answers.data).where(Answers.id.in_(newest)).order_by(Answers.id))
    return {row[0]: row[1] for row in rows}


def newest_results(instance_id: int, elements: Sequence[str]) -> dict[str, object]:
    """What each of these elements resulted in when it was passed last, in the order they were passed."""
    last = (
        select(func.max(History.seq))
        .where(History.instance_id == instance_id, History.element.in_(elements), History.outcome.is_not(None))
        .group_by(History.element)
    )
    rows = db.session.execute(
        select(History.element, History.outcome)
        .where(History.instance_id == instance_id, History.seq.in_(last))
        .order_by(History.seq)
    )
    return {row[0]: row[1] for row in rows}


def passed_since_filing(instance_id: int) -> list[str]:
    """The elements passed since the application was filed last, in order; what came before lies behind that."""
    filed = (
        select(History.seq)
        .where(History.instance_id == instance_id, History.element == "Application")
        .order_by(History.seq.desc())
        .limit(1)
    )
    statement = select(History.element).where(
        History.instance_id == instance_id, History.seq >= filed.scalar_subquery()
    )
    return list(db.session.scalars(statement.order_by(History.seq)))


def history(instance_id: int) -> Sequence[History]:
    return db.session.scalars(select(History).where(History.instance_id == instance_id).order_by(History.seq)).all()


def draft(user: User, *, process_key: str | None = None, seat_id: int | None = None) -> AnswerDraft | None:
    """What the person was typing for a new case of a process, or for a seat."""
    statement = select(AnswerDraft).where(AnswerDraft.user_id == user.id)
    if seat_id is not None:
        statement = statement.where(AnswerDraft.seat_id == seat_id)
    else:
        statement = statement.where(AnswerDraft.process_key == process_key, AnswerDraft.seat_id.is_(None))
    return db.session.scalar(statement.order_by(AnswerDraft.id.desc()).limit(1))


def by_submission(key: str, applicant_id: int) -> ProcessInstance | None:
    """The case a start form with this submission key already made."""
    return db.session.scalar(
        select(ProcessInstance).where(
            ProcessInstance.submission_key == key, ProcessInstance.applicant_id == applicant_id
        )
    )


def instance_id_of_seat(seat_id: int) -> int | None:
    return db.session.scalar(select(Seat.instance_id).where(Seat.id == seat_id))


def decided_in_other_role(instance: ProcessInstance, actor: User, role: str) -> bool:
    """Whether the person has already decided a step of another role in the case's present round."""
    statement = (
        select(Seat.id)
        .join(UserTask, UserTask.id == Seat.task_id)
        .where(
            Seat.instance_id == instance.id,
            Seat.answered_by_id == actor.id,
            Seat.role.not_in([role, "applicant", "assignee"]),
            UserTask.round == instance.round,
        )
        .limit(1)
    )
    return db.session.scalar(statement) is not None
