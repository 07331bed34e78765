"""Policy of cases, tasks and seats: who sees them and who may act. Separation of duties lives here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from webapp.definitions.models import ProcessDefinition
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues, permission, rule, substitutions, visibility
from webapp.organization.queries import Substitution
from webapp.workflow.countersign import STILL
from webapp.workflow.models import ProcessInstance, Seat

AUDITORS = ("auditor", "audit_admin")
# Seats that are answered with an opinion only; who decides holds the seat above.
OPINIONS = ("delegate", "before", "after")
# What other packages let people see: each gives the ids of the cases a person may also look at.
further_viewers: list[Callable[[User], Select[int]]] = []


@visibility(ProcessInstance)
def visible_instances(user: User, statement: Select[Any]) -> Select[Any]:
    """Own cases, cases one has or had a seat in, or may claim one of, oneself or for whom one stands in for.

    Auditors see every case.
    """
    if has_role(user, *AUDITORS):
        return statement
    seats = select(Seat.instance_id).where(Seat.institution_id == user.institution_id, _within_reach(user))
    further = [ProcessInstance.id.in_(viewers(user)) for viewers in further_viewers]
    return statement.where(or_(ProcessInstance.applicant_id == user.id, ProcessInstance.id.in_(seats), *further))


@visibility(Seat)
def visible_seats(user: User, statement: Select[Any]) -> Select[Any]:
    """Seats one holds, held or may claim, oneself or for whom one stands in for; auditors see every seat."""
    if has_role(user, *AUDITORS):
        return statement
    return statement.where(_within_reach(user))


def _within_reach(user: User) -> ColumnElement[bool]:
    mine = (Seat.holder_id == user.id, Seat.answered_by_id == user.id, Seat.queue.in_(held_queues(user)))
    return or_(*mine, *(_stood_in_for(found) for found in substitutions(user)))


def _stood_in_for(found: Substitution) -> ColumnElement[bool]:
    """Open seats of the principal, in the process the rule is for."""
    theirs = or_(Seat.holder_id == found.principal_id, and_(Seat.holder_id.is_(None), Seat.queue.in_(found.queues)))
    conditions = [Seat.state.in_(["open", "waiting", "held"]), Seat.role != "applicant", theirs]
    if found.process_key is not None:
        cases = (
            select(ProcessInstance.id)
            .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
            .where(ProcessDefinition.key == found.process_key)
        )
        conditions.append(Seat.instance_id.in_(cases))
    return and_(*conditions)


@rule("view", Seat)
def may_view_seat(user: User, seat: Seat) -> bool:
    mine = user.id in (seat.holder_id, seat.answered_by_id) or seat.queue in held_queues(user)
    return mine or has_role(user, *AUDITORS) or _principal(user, seat) is not None


def _principal(user: User, seat: Seat) -> int | None:
    """For whom the person could act on a seat by a rule of substitution; None for nobody. Says nothing of duties."""
    if seat.state not in ("open", "waiting", "held") or seat.role == "applicant":
        return None
    for found in substitutions(user):
        if found.process_key not in (None, seat.task.instance.definition.key):
            continue
        if seat.holder_id == found.principal_id or (seat.holder_id is None and seat.queue in found.queues):
            return found.principal_id
    return None


def acts_for(user: User, seat: Seat) -> int | None:
    """The principal on whose behalf the person would act on this seat; None in one's own right, or not at all.

    Never for a principal who could not decide either: on the principal's own application.
    """
    if user.id == seat.holder_id:
        return seat.on_behalf_of_id
    if seat.holder_id is None and seat.queue in held_queues(user):
        return None
    principal = _principal(user, seat)
    if principal is None or (seat.task.decides and seat.task.instance.applicant_id == principal):
        return None
    return principal


@rule("claim", Seat)
def may_claim(user: User, seat: Seat) -> bool:
    """A seat nobody holds, in one of the person's queues; nobody claims a decision on an own application."""
    if seat.holder_id is not None or seat.queue is None or not may_decide(user, seat):
        return False
    return seat.queue in held_queues(user) or acts_for(user, seat) is not None


@rule("unclaim", Seat)
def may_unclaim(user: User, seat: Seat) -> bool:
    """What one holds and others may claim instead; a countersigner's seat is that person's own."""
    return seat.holder_id == user.id and seat.queue is not None and not _personal(seat)


@rule("answer", Seat)
def may_answer(user: User, seat: Seat) -> bool:
    """The holder, or anyone of the queue while nobody holds it, or a substitute; never on an own application."""
    if seat.role == "applicant":
        return seat.holder_id == user.id
    if not may_decide(user, seat):
        return False
    if seat.holder_id != user.id:
        return (seat.holder_id is None and seat.queue in held_queues(user)) or acts_for(user, seat) is not None
    if seat.on_behalf_of_id is not None:
        return _still_stands_in(user, seat, seat.on_behalf_of_id)
    return seat.queue is None or seat.queue in held_queues(user)


def _still_stands_in(user: User, seat: Seat, principal: int) -> bool:
    """Whether what was claimed for a principal may still be answered: the rule holds, and the role too."""
    key = seat.task.instance.definition.key
    rules = [s for s in substitutions(user) if s.principal_id == principal and s.process_key in (None, key)]
    own = seat.task.decides and seat.task.instance.applicant_id == principal
    return not own and any(seat.queue is None or seat.queue in found.queues for found in rules)


@rule("transfer", Seat)
def may_transfer(user: User, seat: Seat) -> bool:
    """Who could answer a main seat may give it to somebody else who may; an application stays its applicant's."""
    return seat.kind == "main" and seat.role != "applicant" and may_answer(user, seat)


@rule("delegate", Seat)
def may_delegate(user: User, seat: Seat) -> bool:
    """Who could decide may ask others first; what nobody decides is simply done."""
    return may_transfer(user, seat) and seat.task.decides


@rule("add_sign", Seat)
def may_add_sign(user: User, seat: Seat) -> bool:
    return may_delegate(user, seat)


@rule("recall", Seat)
def may_recall(user: User, seat: Seat) -> bool:
    """Whose decision an opinion is for may do without it, while it is not given."""
    return seat.state in ("open", "waiting") and asked_for(user, seat)


def asked_for(user: User, seat: Seat) -> bool:
    """Whether the seat is an opinion for the person's own decision, or for one made on behalf of somebody."""
    parent = next((other for other in seat.task.seats if other.id == seat.parent_id), None)
    if seat.kind not in OPINIONS or parent is None:
        return False
    return parent.holder_id == user.id or acts_for(user, parent) is not None


def sits_beside(person_id: int, seat: Seat) -> bool:
    """Whether the person has, or has had the say at, another seat of the same task."""
    others = (other for other in seat.task.seats if other.id != seat.id and other.state in (*STILL, "answered"))
    return any(person_id in (other.holder_id, other.answered_by_id, other.on_behalf_of_id) for other in others)


@rule("take_back", Seat)
def may_take_back(user: User, seat: Seat) -> bool:
    """One's own answer; an application is withdrawn or corrected instead."""
    return seat.state == "answered" and seat.answered_by_id == user.id and seat.role != "applicant"


def _personal(seat: Seat) -> bool:
    return (
        seat.kind != "main"
        or seat.handed_by_id is not None
        or len([s for s in seat.task.seats if s.kind == "main"]) > 1
    )


@rule("view", ProcessInstance)
def may_view_instance(user: User, instance: ProcessInstance) -> bool:
    if instance.applicant_id == user.id or has_role(user, *AUDITORS):
        return True
    from webapp.extensions import db
    from webapp.workflow.queries import seats_of

    if any(may_view_seat(user, seat) for seat in seats_of(instance)):
        return True
    shown = (viewers(user).subquery() for viewers in further_viewers)
    return any(db.session.scalar(select(ids.c[0]).where(ids.c[0] == instance.id).limit(1)) for ids in shown)


@rule("cancel", ProcessInstance)
def may_cancel(user: User, instance: ProcessInstance) -> bool:
    """The applicant may withdraw an application while it runs; what the system asked for is answered, not withdrawn."""
    return instance.applicant_id == user.id and instance.state == "running" and not instance.requested


@permission("cases.oversee")
def _cases_oversee(user: User) -> bool:
    """Who administers the system may stop a case, set it going again, or end it; never decide it."""
    return has_role(user, "system_admin")


@rule("oversee", ProcessInstance)
def may_oversee(user: User, instance: ProcessInstance) -> bool:
    return has_role(user, "system_admin") and instance.applicant_id != user.id


def may_decide(user: User, seat: Seat) -> bool:
    """Never a decision on an own application, and never by who administers or audits the system, whatever they hold.

    What is only carried out or reported on may be an applicant's own to do.
    """
    return not (seat.task.decides and own_application(user, seat)) and not has_role(user, *ADMINISTRATORS)


def own_application(user: User, seat: Seat) -> bool:
    return seat.task.instance.applicant_id == user.id


def decides(seat: Seat) -> bool:
    """Whether an answer on the seat is a decision, not an opinion asked for or something carried out."""
    return seat.task.decides and seat.kind not in OPINIONS
