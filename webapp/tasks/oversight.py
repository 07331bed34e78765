"""What an administrator sees of the cases under way: where they are and with whom, never what was filed in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import contains_eager, joinedload

from webapp.cases.actors import person_name, step_name, unit_name
from webapp.cases.moments import Moments
from webapp.definitions import queries as definitions
from webapp.extensions import db
from webapp.organization.models import Role, User
from webapp.organization.queries import roles
from webapp.workflow.context import specs
from webapp.workflow.countersign import STILL
from webapp.workflow.models import ProcessInstance, Seat, UserTask

PAGE = 20
UNDER_WAY = ("running", "suspended")


@dataclass(frozen=True)
class Place:
    """An open step of a case and who has it. `away` says why that person does not act, "" when they can.

    `waiting`: others speak first; `applicant`: it is the applicant's own to do.
    """

    seat_id: int
    step: str
    who: str
    since: str
    waiting: bool
    applicant: bool
    away: str


@dataclass(frozen=True)
class Watched:
    """A case as the administrator sees it."""

    id: int
    reference: str
    title: str
    process: str
    unit: str
    suspended: bool
    filed_at: str
    places: Sequence[Place]


@dataclass(frozen=True)
class Passed:
    """One step of a case that is over: its name, how it ended, and when it was open."""

    step: str
    round: int
    state: str
    opened_at: str
    closed_at: str


def under_way(user: User, moments: Moments, text: str, before: int | None) -> tuple[list[Watched], int | None]:
    """One page of the cases that run or are suspended, newest first, and the key of the page after it."""
    statement = (
        select(ProcessInstance)
        .where(ProcessInstance.institution_id == user.institution_id, ProcessInstance.state.in_(UNDER_WAY))
        .options(joinedload(ProcessInstance.definition), joinedload(ProcessInstance.unit))
        .order_by(ProcessInstance.id.desc())
        .limit(PAGE + 1)
    )
    if text:
        statement = statement.where(ProcessInstance.reference.icontains(text, autoescape=True))
    if before is not None:
        statement = statement.where(ProcessInstance.id < before)
    rows = db.session.scalars(statement).all()
    shown = rows[:PAGE]
    seats = _open_seats([row.id for row in shown])
    known = roles(user.institution_id)
    return [_watched(row, seats[row.id], known, moments) for row in shown], shown[-1].id if len(rows) > PAGE else None


def watched(user: User, moments: Moments, case_id: int) -> Watched | None:
    """One case, whatever its state; None when there is none in the institution."""
    found = case(user, case_id)
    if found is None:
        return None
    return _watched(found, _open_seats([found.id])[found.id], roles(user.institution_id), moments)


def case(user: User, case_id: int) -> ProcessInstance | None:
    """A case of the administrator's institution."""
    statement = select(ProcessInstance).where(
        ProcessInstance.id == case_id, ProcessInstance.institution_id == user.institution_id
    )
    found: ProcessInstance | None = db.session.scalar(
        statement.options(joinedload(ProcessInstance.definition), joinedload(ProcessInstance.unit))
    )
    return found


def open_seat(user: User, case_id: int, seat_id: int) -> Seat | None:
    """A seat of a case that is still to be answered."""
    statement = (
        select(Seat)
        .join(Seat.task)
        .where(Seat.id == seat_id, Seat.instance_id == case_id, Seat.institution_id == user.institution_id)
        .where(Seat.state.in_(STILL))
        .options(contains_eager(Seat.task), joinedload(Seat.holder))
    )
    found: Seat | None = db.session.scalar(statement)
    return found


def steps(instance: ProcessInstance, moments: Moments) -> list[Passed]:
    """The steps of a case that are over, oldest first."""
    statement = (
        select(UserTask)
        .where(UserTask.instance_id == instance.id, UserTask.closed_at.is_not(None))
        .order_by(UserTask.id)
    )
    return [_passed(instance, task, moments) for task in db.session.scalars(statement)]


def _open_seats(case_ids: Sequence[int]) -> dict[int, list[Seat]]:
    found: dict[int, list[Seat]] = {case_id: [] for case_id in case_ids}
    if not found:
        return found
    statement = (
        select(Seat)
        .join(Seat.task)
        .where(Seat.instance_id.in_(list(found)), Seat.state.in_(STILL))
        .options(contains_eager(Seat.task), joinedload(Seat.holder))
        .order_by(Seat.id)
    )
    for seat in db.session.scalars(statement):
        found[seat.instance_id].append(seat)
    return found


def _watched(instance: ProcessInstance, seats: Sequence[Seat], known: Mapping[str, Role], moments: Moments) -> Watched:
    english = moments.locale == "en"
    definition = instance.definition
    return Watched(
        instance.id,
        instance.reference,
        instance.title_en or instance.title_zh if english else instance.title_zh,
        definition.name_en or definition.name_zh if english else definition.name_zh,
        unit_name(instance.unit, moments.locale),
        instance.state == "suspended",
        moments.day(instance.filed_at, weekday=False),
        [_place(instance, seat, known, moments) for seat in seats],
    )


def _place(instance: ProcessInstance, seat: Seat, known: Mapping[str, Role], moments: Moments) -> Place:
    return Place(
        seat.id,
        _step(instance, seat.task, moments.locale),
        _who(seat, known, moments.locale),
        moments.minute(seat.task.opened_at),
        seat.state == "waiting",
        seat.role == "applicant",
        str(_("已停用")) if seat.holder is not None and not seat.holder.active else "",
    )


def _who(seat: Seat, known: Mapping[str, Role], locale: str) -> str:
    if seat.holder is not None:
        return person_name(seat.holder, locale)
    role = known.get(seat.role)
    name = (role.name_en or role.name_zh if locale == "en" else role.name_zh) if role else ""
    return str(_("%(role)s，待认领", role=name)) if name else str(_("待认领"))


def _step(instance: ProcessInstance, task: UserTask, locale: str) -> str:
    if locale == "zh":
        return task.name
    bundle = definitions.bundle(instance.definition.deployment)
    element = bundle.definition(instance.definition.key, specs()).elements.get(task.element)
    return step_name(element, locale, task.name)


def _passed(instance: ProcessInstance, task: UserTask, moments: Moments) -> Passed:
    state = str(_("已办理") if task.state == "completed" else _("已取消"))
    name = _step(instance, task, moments.locale)
    return Passed(name, task.round, state, moments.minute(task.opened_at), moments.minute(task.closed_at))
