"""Policy of cases, tasks and seats: who sees them and who may act. Separation of duties lives here."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, or_, select

from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues, rule, visibility
from webapp.workflow.models import ProcessInstance, Seat

AUDITORS = ("auditor", "audit_admin")


@visibility(ProcessInstance)
def visible_instances(user: User, statement: Select[Any]) -> Select[Any]:
    """Own cases, cases one has or had a seat in, or may claim one of; auditors see every case."""
    if has_role(user, *AUDITORS):
        return statement
    seats = select(Seat.instance_id).where(
        Seat.institution_id == user.institution_id,
        or_(Seat.holder_id == user.id, Seat.answered_by_id == user.id, Seat.queue.in_(held_queues(user))),
    )
    return statement.where(or_(ProcessInstance.applicant_id == user.id, ProcessInstance.id.in_(seats)))


@visibility(Seat)
def visible_seats(user: User, statement: Select[Any]) -> Select[Any]:
    """Seats one holds, held or may claim; auditors see every seat."""
    if has_role(user, *AUDITORS):
        return statement
    mine = or_(Seat.holder_id == user.id, Seat.answered_by_id == user.id, Seat.queue.in_(held_queues(user)))
    return statement.where(mine)


@rule("view", Seat)
def may_view_seat(user: User, seat: Seat) -> bool:
    mine = user.id in (seat.holder_id, seat.answered_by_id) or seat.queue in held_queues(user)
    return mine or has_role(user, *AUDITORS)


@rule("claim", Seat)
def may_claim(user: User, seat: Seat) -> bool:
    """A seat nobody holds, in one of the person's queues; nobody claims a decision on an own application."""
    return seat.holder_id is None and seat.queue in held_queues(user) and may_decide(user, seat)


@rule("unclaim", Seat)
def may_unclaim(user: User, seat: Seat) -> bool:
    return seat.holder_id == user.id and seat.queue is not None


@rule("answer", Seat)
def may_answer(user: User, seat: Seat) -> bool:
    """The holder, or anyone of the queue while nobody holds it, though never on an own application."""
    if seat.role == "applicant":
        return seat.holder_id == user.id
    if not may_decide(user, seat):
        return False
    if seat.holder_id is not None:
        return seat.holder_id == user.id and (seat.queue is None or seat.queue in held_queues(user))
    return seat.queue in held_queues(user)


@rule("view", ProcessInstance)
def may_view_instance(user: User, instance: ProcessInstance) -> bool:
    if instance.applicant_id == user.id or has_role(user, *AUDITORS):
        return True
    from webapp.workflow.queries import seats_of

    return any(may_view_seat(user, seat) for seat in seats_of(instance))


@rule("cancel", ProcessInstance)
def may_cancel(user: User, instance: ProcessInstance) -> bool:
    """The applicant may withdraw an application while it runs; what the system asked for is answered, not withdrawn."""
    return instance.applicant_id == user.id and instance.state == "running" and not instance.requested


def may_decide(user: User, seat: Seat) -> bool:
    """Never a decision on an own application, and never by who administers or audits the system, whatever they hold.

    What is only carried out or reported on may be an applicant's own to do.
    """
    return not (seat.task.decides and own_application(user, seat)) and not has_role(user, *ADMINISTRATORS)


def own_application(user: User, seat: Seat) -> bool:
    return seat.task.instance.applicant_id == user.id
