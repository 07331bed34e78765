"""Reads about cases, always within one institution; rows a command changes are locked and read afresh."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from sqlalchemy import Boolean, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload, undefer

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.policy import can, visible
from webapp.registry.models import Filing
from webapp.registry.queries import held
from webapp.workflow.models import AnswerDraft, Answers, History, ProcessInstance, Seat, UserTask
from webapp.workflow.standing import standing

# The roles of seats that belong to a person by name; nobody is kept apart from them.
NOBODYS = frozenset({"applicant", "assignee"})


def lock_instance(instance_id: int) -> ProcessInstance | None:
    """The case with its stored state, and the filing it carries, locked until the transaction ends."""
    return _locked(_by_id(), {"id": instance_id})


def lock_instance_of_seat(seat_id: int, institution_id: int) -> ProcessInstance | None:
    """The case a seat belongs to, locked; None when the seat is absent or another institution's."""
    return _locked(_by_seat(), {"seat": seat_id, "institution": institution_id})


def _locked(statement: Select[ProcessInstance, Filing], asked: dict[str, int]) -> ProcessInstance | None:
    row = db.session.execute(statement, asked).one_or_none()
    if row is None:
        return None
    held(row[1])
    return row[0]


# What every step asks is composed once; composing costs as much as running it.


@cache
def _case_with_filing() -> Select[ProcessInstance, Filing]:
    own = and_(Filing.institution_id == ProcessInstance.institution_id, Filing.instance_id == ProcessInstance.id)
    # Both are locked: a row that is only joined would be seen as it was before the wait for the other's lock.
    return (
        select(ProcessInstance, Filing)
        .join(Filing, own)
        .options(undefer(ProcessInstance.state_blob), undefer(ProcessInstance.about))
        .with_for_update(of=[ProcessInstance, Filing])
        .execution_options(populate_existing=True)
    )


@cache
def _by_id() -> Select[ProcessInstance, Filing]:
    return _case_with_filing().where(ProcessInstance.id == bindparam("id"))


@cache
def _by_seat() -> Select[ProcessInstance, Filing]:
    owner = select(Seat.instance_id).where(
        Seat.id == bindparam("seat"), Seat.institution_id == bindparam("institution")
    )
    return _case_with_filing().where(ProcessInstance.id == owner.scalar_subquery())


@cache
def _open_tasks() -> Select[UserTask]:
    return (
        select(UserTask)
        .where(UserTask.instance_id == bindparam("instance"), UserTask.state.in_(["open", "suspended"]))
        .join(UserTask.seats)
        .options(contains_eager(UserTask.seats))
        .order_by(UserTask.id, Seat.position, Seat.id)
        .execution_options(populate_existing=True)
    )


@cache
def _tasks_at_hand() -> Select[UserTask]:
    """Open tasks, and those the person has answered: in the present round, or (`later`) every answered one."""
    own = or_(Seat.answered_by_id == bindparam("actor"), Seat.on_behalf_of_id == bindparam("actor"))
    mine = exists().where(Seat.task_id == UserTask.id, Seat.answered_by_id.is_not(None), own).correlate(UserTask)
    present = and_(UserTask.round == bindparam("round"), mine)
    wanted = or_(UserTask.state.in_(["open", "suspended"]), present, bindparam("later", type_=Boolean))
    return (
        select(UserTask)
        .where(UserTask.instance_id == bindparam("instance"), wanted)
        .join(UserTask.seats)
        .options(contains_eager(UserTask.seats))
        .order_by(UserTask.id, Seat.position, Seat.id)
        .execution_options(populate_existing=True)
    )


@cache
def _seat_with_case() -> Select[Seat]:
    case = contains_eager(Seat.task).contains_eager(UserTask.instance)
    return (
        select(Seat)
        .where(Seat.id == bindparam("seat"))
        .join(Seat.task)
        .join(UserTask.instance)
        .options(case.joinedload(ProcessInstance.applicant), case.joinedload(ProcessInstance.unit))
    )


def open_tasks(instance: ProcessInstance) -> dict[str, UserTask]:
    """Open tasks of a case with their seats, by the engine's token; one statement."""
    rows = db.session.scalars(_open_tasks(), {"instance": instance.id}).unique().all()
    return {task.token: task for task in rows}


def tasks_at_hand(instance: ProcessInstance, actor: User) -> tuple[dict[str, UserTask], frozenset[str]]:
    """As `open_tasks`, with the roles in which the person has given answers that still stand; one statement.

    In the first round all of them stand. Later a return has undone some, and all before it stand.
    """
    asked = {"instance": instance.id, "round": instance.round, "actor": actor.id, "later": instance.round > 1}
    rows = db.session.scalars(_tasks_at_hand(), asked).unique().all()
    return {task.token: task for task in rows if task.state in ("open", "suspended")}, _roles(rows, actor.id)


def _roles(tasks: Iterable[UserTask], user_id: int) -> frozenset[str]:
    """The roles in which decisions of the person, or in the person's name, stand; opinions asked for are none."""
    answered = (seat for seat in standing(tasks) if seat.kind == "main")
    return frozenset(seat.role for seat in answered if user_id in (seat.answered_by_id, seat.on_behalf_of_id))


def decided_roles(instance: ProcessInstance) -> dict[int, frozenset[str]]:
    """As `standing_roles` for everybody who has decided anything, by the person's id; named people's steps apart."""
    found: dict[int, frozenset[str]] = {}
    for seat in standing(tasks_of(instance)):
        for person in (seat.answered_by_id, seat.on_behalf_of_id):
            if person is not None and seat.kind == "main" and seat.role not in NOBODYS:
                found[person] = found.get(person, frozenset()) | {seat.role}
    return found


def standing_roles(instance: ProcessInstance, user_id: int) -> frozenset[str]:
    """The roles in which a person's decisions in the case stand."""
    return _roles(tasks_of(instance), user_id)


def seat(user: User, seat_id: int) -> Seat | None:
    """A seat the person may see, with its task and case, and the case's applicant and unit."""
    found: Seat | None = db.session.scalar(_seat_with_case(), {"seat": seat_id})
    return found if found is not None and can(user, "view", found) else None


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
    """Whether a decision of the person on a step of another role still stands in the case."""
    _tasks, roles = tasks_at_hand(instance, actor)
    return bool(roles - {role, "applicant", "assignee"})


def open_processes_of(institution_id: int, account_id: int, *, apart_from: int | None = None) -> list[str]:
    """Keys of the processes in which a case about the account is open, oldest case first; `apart_from` is a case id."""
    statement = (
        select(ProcessDefinition.key)
        .join(ProcessInstance, ProcessInstance.definition_id == ProcessDefinition.id)
        .join(Filing, and_(Filing.institution_id == institution_id, Filing.instance_id == ProcessInstance.id))
        .where(Filing.account_id == account_id, ProcessInstance.state.in_(["running", "suspended"]))
        .order_by(ProcessInstance.id)
    )
    if apart_from is not None:
        statement = statement.where(ProcessInstance.id != apart_from)
    return list(db.session.scalars(statement))
