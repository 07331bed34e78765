"""Whom a case waits for, and when it may be urged again: once a day and person, three times a day and case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.correspondence import queries
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.rules import decides
from webapp.workflow.seats import eligible

PAUSE = timedelta(hours=24)
MOST_A_DAY = 3


@dataclass(frozen=True)
class Waiting:
    """A seat somebody else is to answer, and who may."""

    seat: Seat
    people: tuple[User, ...]


def waits_for(instance: ProcessInstance, urger: User, now: datetime) -> list[Waiting]:
    """What the case waits for that the urger cannot do alone; nothing unless it is running."""
    if instance.state != "running":
        return []
    found = []
    for seat in queries.open_seats(instance):
        people = tuple(eligible(seat, instance, decides(seat), now))
        if people and urger.id not in {user.id for user in people}:
            found.append(Waiting(seat, people))
    return found


def people_of(waiting: list[Waiting]) -> list[User]:
    """Everybody who may act, each once, in the order of the seats."""
    return list({user.id: user for entry in waiting for user in entry.people}.values())


def urge_again_at(instance: ProcessInstance, urger: User, now: datetime) -> tuple[datetime, bool] | None:
    """When the person may urge again, and whether that is for the case's limit; None when now."""
    lately = queries.urges_since(instance, now - PAUSE)
    own = [(urge.urged_at + PAUSE, False) for urge in lately if urge.urged_by_id == urger.id][:1]
    if len(lately) >= MOST_A_DAY:
        own.append((lately[MOST_A_DAY - 1].urged_at + PAUSE, True))
    return max(own, default=None)
