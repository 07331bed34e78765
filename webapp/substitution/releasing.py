"""When a rule has ended, what its substitute claimed by it and has not answered goes back to the queue.

The rows are the only memory: a seat that is still claimed on behalf of the principal is one still to be put back.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import Delegation
from webapp.organization.queries import local_day
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.queries import lock_instance_of_seat
from webapp.workflow.timers import BATCH

# How long after its end a rule is looked at: longer than workers are ever away.
LOOKED_AT = timedelta(days=40)


def release_ended(now: datetime) -> int:
    """Put back up to a batch of seats claimed by rules that have ended; returns how many."""
    return sum(_release(seat_id, institution_id, now) for seat_id, institution_id in _stranded(now))


def _stranded(now: datetime, seat_id: int | None = None) -> Sequence[tuple[int, int]]:
    """Seats (id, institution) claimed for a principal by a rule that ended lately, where no other rule holds."""
    today, rule = local_day(now), aliased(Delegation)
    run_out = Delegation.valid_to.between(today - LOOKED_AT, today - timedelta(days=1))
    ended = or_(Delegation.revoked_at > now - LOOKED_AT, and_(Delegation.revoked_at.is_(None), run_out))
    key = (
        select(ProcessDefinition.key)
        .join(ProcessInstance, ProcessInstance.definition_id == ProcessDefinition.id)
        .where(ProcessInstance.id == Seat.instance_id)
        .correlate(Seat)
        .scalar_subquery()
    )
    still = exists().where(
        rule.principal_id == Seat.on_behalf_of_id,
        rule.substitute_id == Seat.holder_id,
        rule.revoked_at.is_(None),
        rule.valid_from <= today,
        rule.valid_to >= today,
        or_(rule.process_key.is_(None), rule.process_key == key),
    )
    statement = (
        select(Seat.id, Seat.institution_id)
        .join(Delegation, Seat.holder_id == Delegation.substitute_id)
        .where(ended, Seat.on_behalf_of_id == Delegation.principal_id, Seat.state == "open", Seat.queue.is_not(None))
        .where(~still)
        .distinct()
    )
    if seat_id is not None:
        statement = statement.where(Seat.id == seat_id)
    return [(row[0], row[1]) for row in db.session.execute(statement.order_by(Seat.id).limit(BATCH))]


@transactional
def _release(seat_id: int, institution_id: int, now: datetime) -> int:
    instance = lock_instance_of_seat(seat_id, institution_id)
    if instance is None or not _stranded(now, seat_id):
        return 0
    seat = db.session.get_one(Seat, seat_id, populate_existing=True)
    substitute, principal = seat.holder_id, seat.on_behalf_of_id
    seat.holder_id, seat.on_behalf_of_id, seat.version = None, None, seat.version + 1
    record(
        db.session(),
        institution_id=institution_id,
        action="workflow:task:unclaimed",
        actor_id=None,
        actor_label="calendar",
        object_type="seat",
        object_id=seat.id,
        kept={
            "element": seat.task.element,
            "element_name": seat.task.name,
            "substitute_id": substitute,
            "principal_id": principal,
        },
        erasable={},
        at=now,
        instance_id=seat.instance_id,
        task_id=seat.task_id,
    )
    return 1
