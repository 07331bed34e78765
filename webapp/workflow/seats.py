"""Opening the seats of a task: where a role is found, and whether anybody is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from webapp.definitions.packs import Pack
from webapp.engine import Element, FeelError, feel
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.queries import holders, is_held, local_day, queue_name, unit_id_of
from webapp.workflow.models import ProcessInstance, Seat, UserTask

Functions = Mapping[str, Callable[..., Any]]
# The roles in which each person has decided.
Decided = Callable[[], Mapping[int, frozenset[str]]]
# Seats without a deadline sort behind every deadline.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


def role_unit(pack: Pack, role: str, instance: ProcessInstance) -> int | None:
    """The unit in which `role` is found for this case: its own, the nearest ancestor of a kind, or a named one."""
    entry = pack.role(role)
    if entry is None:
        return None
    if entry.found == "case_unit":
        return instance.unit_id
    if entry.found == "unit":
        return unit_id_of(instance.institution_id, entry.unit or "")
    unit = db.session.get(Unit, instance.unit_id)
    while unit is not None and unit.kind != entry.unit_kind:
        unit = unit.parent
    return unit.id if unit else None


def open_seats(
    task: UserTask,
    element: Element,
    pack: Pack,
    data: dict[str, Any],
    functions: Functions | None = None,
    decided: Decided = dict,
) -> list[Seat]:
    """The main seats of a new task: held by the applicant or a named person, or open to a role's queue.

    A countersigned step has several: one a role, or one each of those who hold it and have not decided in another
    role by what `decided` gives. Raises FeelError when an
    expression gives no person, or a role the step does not name.
    """
    instance = task.instance
    if "countersign" in element.properties and element.candidate_groups:
        return _countersigners(task, element, pack, data, functions, decided)
    holder, role, queue = None, "", None
    if element.assignee == "applicant":
        holder, role = instance.applicant_id, "applicant"
    elif element.assignee:
        holder, role = assignee(element, data), "assignee"
        if holder == instance.applicant_id and "decisions" not in element.properties:
            # What is only carried out or reported may be the applicant's own to do; a decision never is.
            role = "applicant"
    elif element.candidate_groups:
        role = role_of(element, data, functions)
        queue = queue_of(pack, role, instance)
    return [_seat(task, role, queue, holder)]


def _seat(task: UserTask, role: str, queue: str | None, holder: int | None, position: int = 0) -> Seat:
    seat = Seat(
        institution_id=task.institution_id,
        task=task,
        instance_id=task.instance.id,
        urgency=task.due_at or NEVER,
        state="open",
        holder_id=holder,
        role=role,
        queue=queue,
        position=position,
    )
    db.session.add(seat)
    return seat


def queue_of(pack: Pack, role: str, instance: ProcessInstance) -> str | None:
    """The queue of a role where it is found for this case; None where there is no such unit."""
    unit_id = role_unit(pack, role, instance)
    return queue_name(role, unit_id) if unit_id else None


def _countersigners(
    task: UserTask, element: Element, pack: Pack, data: dict[str, Any], functions: Functions | None, decided: Decided
) -> list[Seat]:
    """A seat for each role, or for everybody who holds one but the applicant; in sequence the first is open."""
    apart = decided() if task.decides else {}
    roles = element.candidate_groups if element.role_expression is None else (role_of(element, data, functions),)
    places: list[tuple[str, str | None, int | None]] = []
    for role in roles:
        queue = queue_of(pack, role, task.instance)
        people = _people_of(queue, task) if element.properties.get("countersigners", "people") == "people" else []
        taken = {holder for _role, _queue, holder in places}
        taken |= {person for person, roles in apart.items() if roles - {role}}
        places += [(role, queue, person) for person in people if person not in taken] or [(role, queue, None)]
    seats = [_seat(task, *place, position=number) for number, place in enumerate(places)]
    if element.properties["countersign"] == "sequence":
        for seat in seats[1:]:
            seat.state = "waiting"
    return seats


def _people_of(queue: str | None, task: UserTask) -> list[int]:
    if queue is None:
        return []
    role, unit_id = queue.rsplit(":", 1)
    found = holders(task.institution_id, role, int(unit_id), local_day(task.opened_at))
    return [user.id for user in found if not (task.decides and user.id == task.instance.applicant_id)]


def role_of(element: Element, data: dict[str, Any], functions: Functions | None = None) -> str:
    """The role whose task this is: the one drawn, or what the expression gives. Raises FeelError for any other."""
    if element.role_expression is None:
        return element.candidate_groups[0]
    value = feel.compile(element.role_expression).evaluate(data, functions or {})
    if value not in element.candidate_groups:
        listed = "、".join(element.candidate_groups)
        raise FeelError(
            f"“{element.name}”的办理角色表达式得出“{value}”，不在 roles 所列之中：{listed}",
            f"The candidate groups of {element.id} come to “{value}”, which is none of its roles: {listed}",
        )
    return str(value)


def assignee(element: Element, data: dict[str, Any]) -> int:
    """The person whose task this is by the expression drawn. Raises FeelError when it gives none."""
    value = feel.compile(element.assignee or "").evaluate(data)
    if isinstance(value, dict):
        value = value.get("id")
    if not isinstance(value, int):
        raise FeelError(f"“{element.name}”的办理人表达式没有得出人员", f"The assignee of {element.id} is no person")
    return value


def eligible(seat: Seat, instance: ProcessInstance, decides: bool, now: datetime) -> Sequence[User]:
    """People who may act on the seat; nobody decides on an own application."""
    if seat.holder_id is not None:
        held = db.session.get(User, seat.holder_id)
        return [held] if held and held.active else []
    if seat.queue is None:
        return []
    role, unit_id = seat.queue.rsplit(":", 1)
    found = holders(seat.institution_id, role, int(unit_id), local_day(now))
    return [user for user in found if not (decides and user.id == instance.applicant_id)]


def is_manned(seat: Seat, instance: ProcessInstance, decides: bool, now: datetime) -> bool:
    """Whether anybody is eligible for the seat."""
    if seat.holder_id is not None or seat.queue is None:
        return bool(eligible(seat, instance, decides, now))
    role, unit_id = seat.queue.rsplit(":", 1)
    apart = instance.applicant_id if decides else None
    return is_held(seat.institution_id, role, int(unit_id), local_day(now), apart_from=apart)


def role_holders(pack: Pack, role: str, instance: ProcessInstance, now: datetime) -> list[User]:
    """Everyone who holds `role` where it is found for this case."""
    unit_id = role_unit(pack, role, instance)
    return list(holders(instance.institution_id, role, unit_id, local_day(now))) if unit_id else []
