"""How many open tasks there are: each counter stops at 100, which is shown as 99+."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, literal_column, select, union_all

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.inbox import paused, queues
from webapp.inbox.places import Place, on_behalf, own, principals
from webapp.inbox.queues import Filter
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance, Seat

MOST_COUNTED = 99
# So many of a person's most urgent tasks are told apart by process.
_TOLD_APART = 1000


@dataclass(frozen=True)
class Counts:
    """How many open seats: all, unclaimed, overdue, due within two working days; each at most 100.

    `held` are those of cases that stand still, `for_others` those by the principal stood in for.
    """

    todo: int = 0
    unclaimed: int = 0
    overdue: int = 0
    soon: int = 0
    held: int = 0
    for_others: dict[int, int] = field(default_factory=dict)


def count(places: Sequence[Place], now: datetime, wanted: Filter | None = None) -> Select[Any]:
    """A statement counting the open seats of places, stopping at `MOST_COUNTED` + 1."""
    wanted = wanted or Filter()
    parts = [select(queues.scan(place, wanted, now).limit(MOST_COUNTED + 1).subquery()) for place in places]
    if not parts:
        return select(literal_column("0"))
    found = (union_all(*parts) if len(parts) > 1 else parts[0]).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(found)


def counts(user: User, now: datetime, soon_until: datetime) -> Counts:
    """All counters in one statement. `soon_until`: the end of what counts as soon."""
    mine, others = own(user), principals(user)
    statements = [
        count(mine, now),
        count(own(user, held=False), now),
        count(mine, now, Filter(overdue=True)),
        count(mine, now, Filter(soon_until=soon_until)),
        paused.count(user, MOST_COUNTED + 1),
        *(count(on_behalf(user, principal), now) for principal in others),
    ]
    row = db.session.execute(select(*(statement.scalar_subquery() for statement in statements))).one()
    todo, unclaimed, overdue, soon, held, *rest = row
    return Counts(todo, unclaimed, overdue, soon, held, dict(zip(others, rest, strict=True)))


def todo_count(user: User, now: datetime) -> int:
    """The counter in the navigation and in the title."""
    return db.session.scalar(count(own(user), now)) or 0


@dataclass(frozen=True)
class ByProcess:
    """How many open tasks of each process, by its key; `more`: only the most urgent ones were told apart."""

    numbers: dict[str, int]
    more: bool = False


def by_process(user: User, now: datetime) -> ByProcess:
    """One statement, which looks at no more than a thousand of the person's tasks."""
    places = own(user)
    share = _TOLD_APART // len(places)
    parts = [select(queues.scan(place, Filter(), now).limit(share).subquery()) for place in places]
    found = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery()
    statement = (
        select(ProcessDefinition.key, func.count())
        .select_from(found)
        .join(Seat, Seat.id == found.c.id)
        .join(ProcessInstance, ProcessInstance.id == Seat.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .group_by(ProcessDefinition.key)
    )
    numbers = {row[0]: row[1] for row in db.session.execute(statement)}
    return ByProcess(numbers, more=sum(numbers.values()) >= share)
