"""The open seats of one person: one LIMITed index scan per queue, put together by UNION ALL.

Cost follows the page asked for, not the number of open tasks in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import UtcDateTime, db
from webapp.organization.models import User
from webapp.organization.policy import held_queues
from webapp.workflow.models import ProcessInstance, Seat

PAGE = 20
MOST_COUNTED = 99
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Written out, not bound: a partial index serves only a condition the planner can see.
_OPEN = Seat.state == literal_column("'open'")


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; empty means any. `text` is looked for in reference and title."""

    process: str = ""
    unit_id: int | None = None
    overdue: bool = False
    soon_until: datetime | None = None
    text: str = ""

    @property
    def narrows(self) -> bool:
        return bool(self.process or self.unit_id or self.overdue or self.text or self.soon_until)


@dataclass(frozen=True)
class Cursor:
    """A place in the order (urgency, id); `back` asks for what comes before it."""

    urgency: datetime
    id: int
    back: bool = False

    @classmethod
    def read(cls, after: str, before: str) -> Cursor | None:
        """From the addresses's `after` or `before`; None when there is none or it is not one of ours."""
        microseconds, _, number = (after or before).partition("-")
        if not (microseconds.isdecimal() and number.isdecimal()) or len(microseconds) > 18 or len(number) > 9:
            return None
        try:
            return cls(_EPOCH + timedelta(microseconds=int(microseconds)), int(number), back=not after)
        except OverflowError:  # later than any date
            return None


def key_of(urgency: datetime, seat_id: int) -> str:
    """The place of a seat as an address carries it."""
    return f"{(urgency - _EPOCH) // timedelta(microseconds=1)}-{seat_id}"


def page(
    user: User, wanted: Filter, cursor: Cursor | None, now: datetime, *, held: bool = True, limit: int = PAGE
) -> Subquery | None:
    """Ids and urgencies of one page and one seat more, most urgent first; None when there is no queue to look in.

    `held` adds the seats the person holds to those waiting in their queues.
    """
    back = cursor is not None and cursor.back
    order = (Seat.urgency.desc(), Seat.id.desc()) if back else (Seat.urgency, Seat.id)
    scans = [
        scan.where(*_conditions(wanted, now), *_beyond(cursor)).order_by(*order).limit(limit + 1)
        for scan in _scans(user, held)
    ]
    return _together(scans)


def first(user: User) -> tuple[Select[int], dict[str, Any]]:
    """The statement that finds the id of the person's most urgent open seat, and its parameters."""
    waiting = held_queues(user)
    asked = {"user": user.id, **{f"queue{number}": queue for number, queue in enumerate(waiting)}}
    return _first(len(waiting)), asked


@cache
def _first(queues: int) -> Select[Any]:
    """Composed once for each number of queues: every decision asks it."""
    user = bindparam("user", type_=Integer)
    scans = [_held_by(user), *(_waiting_in(user, bindparam(f"queue{number}")) for number in range(queues))]
    found = _together([scan.order_by(Seat.urgency, Seat.id).limit(1) for scan in scans])
    assert found is not None
    return select(found.c.id).order_by(found.c.urgency, found.c.id).limit(1)


def count(user: User, now: datetime, wanted: Filter, *, held: bool = True, at_most: int = MOST_COUNTED) -> Select[Any]:
    """A statement counting open seats, stopping at `at_most` + 1."""
    scans = [
        scan.where(*_conditions(wanted, now)).order_by(Seat.urgency, Seat.id).limit(at_most + 1)
        for scan in _scans(user, held)
    ]
    found = _together(scans)
    return select(literal_column("0")) if found is None else select(func.count()).select_from(found)


@dataclass(frozen=True)
class Counts:
    """How many open seats: all, unclaimed, overdue, due within two working days; each at most 100."""

    todo: int = 0
    unclaimed: int = 0
    overdue: int = 0
    soon: int = 0


def counts(user: User, now: datetime, soon_until: datetime) -> Counts:
    """All counters in one statement. `soon_until`: the end of what counts as soon."""
    statements = (
        count(user, now, Filter()),
        count(user, now, Filter(), held=False),
        count(user, now, Filter(overdue=True)),
        count(user, now, Filter(soon_until=soon_until)),
    )
    row = db.session.execute(select(*(statement.scalar_subquery() for statement in statements))).one()
    return Counts(*row)


def todo_count(user: User, now: datetime) -> int:
    """The counter in the navigation."""
    return db.session.scalar(count(user, now, Filter())) or 0


def _scans(user: User, held: bool) -> list[Select[int, datetime]]:
    """One scan for what the person holds and one per queue; nobody finds an own application in a queue."""
    return [*([_held_by(user.id)] if held else []), *(_waiting_in(user.id, queue) for queue in held_queues(user))]


def _held_by(user: Any) -> Select[int, datetime]:
    return select(Seat.id, Seat.urgency).where(_OPEN, Seat.holder_id == user)


def _waiting_in(user: Any, queue: Any) -> Select[int, datetime]:
    own = exists().where(ProcessInstance.id == Seat.instance_id, ProcessInstance.applicant_id == user)
    return select(Seat.id, Seat.urgency).where(_OPEN, Seat.holder_id.is_(None), Seat.queue == queue, ~own)


def _together(scans: Sequence[Select[int, datetime]]) -> Subquery | None:
    if not scans:
        return None
    parts = [select(scan.subquery()) for scan in scans]
    return (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("found")


def _beyond(cursor: Cursor | None) -> list[ColumnElement[bool]]:
    if cursor is None:
        return []
    here = tuple_(bindparam(None, cursor.urgency, type_=UtcDateTime), bindparam(None, cursor.id))
    place = tuple_(Seat.urgency, Seat.id)
    return [place < here if cursor.back else place > here]


def _conditions(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.overdue:
        found.append(Seat.urgency < now)
    if wanted.soon_until is not None:
        found += [Seat.urgency >= now, Seat.urgency <= wanted.soon_until]
    about_case = case_conditions(wanted)
    if about_case:
        found.append(exists().where(ProcessInstance.id == Seat.instance_id, *about_case))
    return found


def case_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a filter asks of the case itself."""
    found: list[ColumnElement[bool]] = []
    if wanted.process:
        versions = select(ProcessDefinition.id).where(ProcessDefinition.key == wanted.process)
        found.append(ProcessInstance.definition_id.in_(versions))
    if wanted.unit_id:
        found.append(ProcessInstance.unit_id == wanted.unit_id)
    if wanted.text:
        texts = (ProcessInstance.reference, ProcessInstance.title_zh, ProcessInstance.title_en)
        found.append(or_(*(text.icontains(wanted.text, autoescape=True) for text in texts)))
    return found
