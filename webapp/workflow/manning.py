"""Whether anybody may act on what is open: duties kept apart can leave a step to nobody.

Somebody who has decided in another role of the case is no approver any more, nor is who signs the step already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import cache

from sqlalchemy import Date, Select, bindparam, exists, or_, select

from webapp.engine import Definition
from webapp.extensions import db
from webapp.organization.models import RoleGrant, User
from webapp.organization.queries import holders, local_day
from webapp.workflow import queries
from webapp.workflow.countersign import STILL, rule_of
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.queries import NOBODYS
from webapp.workflow.seats import eligible, is_manned

Roles = Mapping[int, frozenset[str]]


def deserted(
    instance: ProcessInstance,
    definition: Definition,
    opened: Iterable[UserTask],
    others: Iterable[UserTask],
    now: datetime,
    *,
    apart: bool,
) -> Iterator[UserTask]:
    """The open tasks nobody may act on: of those just opened, and of `others`, which a decision may have left so.

    `apart`: nobody decides in two roles.
    """
    db.session.flush()  # what was just opened has its defaults only then
    decided: Roles | None = None
    for task, fresh in [*((task, True) for task in opened), *((task, False) for task in others)]:
        seats = [seat for seat in task.seats if seat.kind == "main" and seat.state in STILL]
        if not seats:
            continue  # decided, and others are to confirm it: who decided may do without them
        enough = any if rule_of(definition.elements[task.element]).kind == "any" else all
        if not apart or not task.decides:
            if fresh and not enough(is_manned(seat, instance, task.decides, now) for seat in seats):
                yield task
            continue
        if fresh and enough(_surely_manned(seat, instance, now) for seat in seats):
            continue
        decided = queries.decided_roles(instance) if decided is None else decided
        if not enough(_manned(seat, instance, decided, now) for seat in seats):
            yield task


def _surely_manned(seat: Seat, instance: ProcessInstance, now: datetime) -> bool:
    """Whether somebody is there who has answered nothing in another role, however long ago: one cheap question."""
    if seat.holder_id is not None or seat.queue is None:
        return seat.role in NOBODYS and bool(eligible(seat, instance, True, now))
    role, unit_id = seat.queue.rsplit(":", 1)
    asked = {"instance": instance.id, "role": role, "unit": int(unit_id), "apart_from": instance.applicant_id}
    day: date = local_day(now)
    return db.session.scalar(_free_holder(), {**asked, "institution": seat.institution_id, "day": day}) is not None


@cache
def _free_holder() -> Select[int]:
    day = bindparam("day", type_=Date)
    elsewhere = exists().where(
        Seat.instance_id == bindparam("instance"),
        Seat.kind == "main",
        Seat.answered_at.is_not(None),
        Seat.role.not_in([*NOBODYS]),
        Seat.role != bindparam("role"),
        or_(Seat.answered_by_id == User.id, Seat.on_behalf_of_id == User.id),
    )
    return (
        select(User.id)
        .join(RoleGrant, RoleGrant.user_id == User.id)
        .where(User.institution_id == bindparam("institution"), User.active, User.id != bindparam("apart_from"))
        .where(RoleGrant.role == bindparam("role"), RoleGrant.unit_id == bindparam("unit"), RoleGrant.valid_from <= day)
        .where(or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= day), ~elsewhere)
        .limit(1)
    )


def _manned(seat: Seat, instance: ProcessInstance, decided: Roles, now: datetime) -> bool:
    """Whether its holder may answer the seat, or somebody else of its role whom it could be given to."""
    held = eligible(seat, instance, True, now)
    if seat.queue is None or seat.role in NOBODYS:
        return bool(held)
    role, unit_id = seat.queue.rsplit(":", 1)
    fellows = holders(seat.institution_id, role, int(unit_id), local_day(now))
    beside = {
        person
        for other in seat.task.seats
        if other is not seat and other.state in (*STILL, "answered")
        for person in (other.holder_id, other.answered_by_id, other.on_behalf_of_id)
    }
    able = [user for user in fellows if user.id not in beside and user.id != instance.applicant_id]
    return any(not decided.get(user.id, frozenset()) - {role} for user in (*held, *able))
