"""After a return a step whose reviewed fields did not change is not done again: its earlier answer carries over.

A step says so by `after_return="straight"` and names what it reviews by `reviews`, fields of the application; so the
case goes straight back to whoever returned it. Where a reviewed field changed, or another office is asked now than
then, or the step itself returned the case, or who answered has decided in another role since, it is done again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Table, insert, select

from webapp.engine import Element, OpenTask
from webapp.extensions import db
from webapp.ledger import record
from webapp.workflow.countersign import AGREEING
from webapp.workflow.models import Answers, Seat, UserTask
from webapp.workflow.seats import NEVER, assignee, queue_of, role_of

if TYPE_CHECKING:
    from webapp.workflow.stepping import Step

_ANSWERS = insert(cast(Table, Answers.__table__))
_COPIED = (
    "role", "queue", "holder_id", "on_behalf_of_id", "decision", "opinion", "grounds", "answered_by_id",
    "answered_at", "attachments", "kind", "position",
)  # fmt: skip


@dataclass(frozen=True)
class Carried:
    """An open token, and the task whose answer serves again."""

    token: OpenTask
    task: UserTask
    answers: Answers


def carried(step: Step, token: OpenTask) -> Carried | None:
    """The answer that serves again for a step a returned case has come to; None when it must be done again."""
    element = step.definition.elements[token.element]
    if element.properties.get("after_return") != "straight":
        return None
    earlier = _last(step.instance.id, token)
    if earlier is None:
        return None
    task, answers = earlier
    if task.outcome not in AGREEING or _sent_back(token, task) or not _same_office(step, element, token, task):
        return None
    if _in_another_role(step, task):
        return None
    then, now = _applications(step.instance.id, answers.id)
    reviewed = element.properties.get("reviews")
    names = [name.strip() for name in reviewed.split(",")] if reviewed else sorted({*then, *now})
    return None if any(then.get(name) != now.get(name) for name in names) else Carried(token, task, answers)


def carry(step: Step, found: Carried) -> None:
    """Write the answer down again as one that was carried over, and let the case go on."""
    old, token = found.task, found.token
    task = UserTask(
        institution_id=old.institution_id,
        instance=step.instance,
        element=old.element,
        name=old.name,
        scope="/".join(token.scope),
        token=token.id,
        round=step.instance.round,
        state="completed",
        opened_at=step.now,
        closed_at=step.now,
        outcome=old.outcome,
        decides=old.decides,
        announced=True,
    )
    for seat in old.seats:
        if seat.kind == "main" and seat.state == "answered":
            copied = {name: getattr(seat, name) for name in _COPIED}
            own = {"institution_id": old.institution_id, "instance_id": step.instance.id, "urgency": NEVER}
            db.session.add(Seat(task=task, state="answered", **own, **copied))
    db.session.add(task)
    db.session.flush()
    same = ("institution_id", "instance_id", "element", "data", "form_key", "form_hash", "filed_by_id")
    row: dict[str, Any] = {name: getattr(found.answers, name) for name in same}
    db.session.execute(
        _ANSWERS, row | {"task_id": task.id, "round": task.round, "filed_at": step.now, "carried_over": True}
    )
    record(
        db.session(),
        institution_id=task.institution_id,
        action="workflow:task:carriedover",
        actor_id=None,
        actor_label="system",
        object_type="user_task",
        object_id=task.id,
        kept={"element": task.element, "element_name": task.name, "round": task.round, "from_task": old.id},
        erasable={},
        at=step.now,
        instance_id=step.instance.id,
        task_id=task.id,
        deployment_hash=step.bundle.hash,
    )
    step.run.complete(token.id, found.answers.data)


def _last(instance_id: int, token: OpenTask) -> tuple[UserTask, Answers] | None:
    """The task of this element that was closed last, with what was filed for it."""
    statement = (
        select(UserTask, Answers)
        .outerjoin(Answers, Answers.task_id == UserTask.id)
        .where(UserTask.instance_id == instance_id, UserTask.element == token.element)
        .where(UserTask.scope == "/".join(token.scope), UserTask.closed_at.is_not(None), UserTask.state == "completed")
        .order_by(UserTask.closed_at.desc(), UserTask.id.desc())
        .limit(1)
    )
    row = db.session.execute(statement).one_or_none()
    return (row[0], row[1]) if row is not None and row[1] is not None else None


def _sent_back(token: OpenTask, task: UserTask) -> bool:
    """Whether the case has come back to the step, or to what lies around it, since it was answered."""
    places = (token.element, *token.scope)
    statement = (
        select(Seat.id)
        .join(UserTask, UserTask.id == Seat.task_id)
        .where(Seat.instance_id == task.instance_id, Seat.returned_to.in_(places), UserTask.round >= task.round)
    )
    return db.session.scalar(statement.limit(1)) is not None


def _same_office(step: Step, element: Element, token: OpenTask, task: UserTask) -> bool:
    """Whether the step is still up to those it was up to then."""
    seats = [seat for seat in task.seats if seat.kind == "main"]
    if not element.candidate_groups:
        person = step.instance.applicant_id if element.assignee == "applicant" else assignee(element, token.data)
        return any(person in (seat.holder_id, seat.on_behalf_of_id, seat.handed_by_id) for seat in seats)
    several = "countersign" in element.properties and element.role_expression is None
    roles = element.candidate_groups if several else (role_of(element, token.data, step.clock.functions()),)
    return {seat.queue for seat in seats} == {queue_of(step.bundle.pack, role, step.instance) for role in roles}


def _in_another_role(step: Step, task: UserTask) -> bool:
    """Whether somebody whose answer it is has decided in another role since, where nobody may decide in two."""
    if not task.decides:
        return False
    seats = [seat for seat in task.seats if seat.kind == "main" and seat.state == "answered"]
    answered = [
        (person, seat.role) for seat in seats for person in (seat.answered_by_id, seat.on_behalf_of_id) if person
    ]
    decided = step.decided()
    return any(decided.get(person, frozenset()) - {role} for person, role in answered)


def _applications(instance_id: int, before: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the application said when the answer of that id was given, and what it says now."""
    filed = select(Answers.data).where(Answers.instance_id == instance_id, Answers.element == "Application")
    then = db.session.scalar(filed.where(Answers.id < before).order_by(Answers.id.desc()).limit(1))
    now = db.session.scalar(filed.order_by(Answers.id.desc()).limit(1))
    return then or {}, now or {}
