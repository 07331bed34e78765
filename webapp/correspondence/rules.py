"""Policy of what is said about a case: who is asked or copied sees it; who takes part in it asks, copies and urges.

Seeing is not acting: nobody gets a seat by being asked or copied.
"""

from __future__ import annotations

from sqlalchemy import Select, select

from webapp.correspondence.models import Comment, Copy
from webapp.definitions import queries as definitions
from webapp.extensions import db
from webapp.organization.duties import ADMINISTRATORS
from webapp.organization.models import User
from webapp.organization.policy import has_role, held_queues, rule
from webapp.organization.queries import unit_id_of
from webapp.workflow.models import ProcessInstance
from webapp.workflow.queries import seats_of
from webapp.workflow.rules import AUDITORS, further_viewers, may_view_seat


def asked_about(user: User) -> Select[int]:
    """The cases the person was asked about."""
    return select(Comment.instance_id).where(Comment.asked_id == user.id)


def copied_to(user: User) -> Select[int]:
    """The cases copied to the person."""
    return select(Copy.instance_id).where(Copy.user_id == user.id)


further_viewers.extend((asked_about, copied_to))


def brought_in(user: User, instance: ProcessInstance) -> bool:
    """Whether the person was asked about the case, or has a copy of it."""
    shown = (ids(user).subquery() for ids in (asked_about, copied_to))
    return any(db.session.scalar(select(s.c[0]).where(s.c[0] == instance.id).limit(1)) is not None for s in shown)


@rule("copy", ProcessInstance)
def may_copy(user: User, instance: ProcessInstance) -> bool:
    """Who may open the case to others: its applicant, and whoever has, had or may claim a seat in it.

    Auditors see every seat and take part by none they do not hold.
    """
    if instance.applicant_id == user.id:
        return True
    if has_role(user, *AUDITORS):
        return any(user.id in (seat.holder_id, seat.answered_by_id) for seat in seats_of(instance))
    return any(may_view_seat(user, seat) for seat in seats_of(instance))


@rule("comment", ProcessInstance)
def may_comment(user: User, instance: ProcessInstance) -> bool:
    """Who takes part, and who was asked or copied."""
    return may_copy(user, instance) or brought_in(user, instance)


@rule("urge", ProcessInstance)
def may_urge(user: User, instance: ProcessInstance) -> bool:
    """The applicant, whoever has answered in the case, and the lead unit's people, apart from administrators."""
    if instance.applicant_id == user.id:
        return True
    lead = unit_id_of(instance.institution_id, definitions.pinned(instance.definition_id).bundle.pack.lead_unit)
    held = (queue.rsplit(":", 1) for queue in held_queues(user))
    if any(role not in ADMINISTRATORS and int(unit) == lead for role, unit in held):
        return True
    return any(seat.answered_by_id == user.id for seat in seats_of(instance))
