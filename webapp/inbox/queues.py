"""The open seats of one person: one LIMITed index scan per place, put together by UNION ALL.

Cost follows the page asked for, not the number of open tasks in the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql.selectable import Subquery

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import UtcDateTime, db
from webapp.inbox import search
from webapp.inbox.places import Place
from webapp.organization.models import User
from webapp.organization.policy import held_queues
from webapp.workflow.models import ProcessInstance, Seat

PAGE = 20
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
        return bool(self.about_case or self.overdue or self.soon_until)

    @property
    def about_case(self) -> bool:
        """Whether it asks anything of the case itself."""
        return bool(self.process or self.unit_id or self.text)


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
    places: Sequence[Place], wanted: Filter, cursor: Cursor | None, now: datetime, *, limit: int = PAGE
) -> Subquery | None:
    """Ids and urgencies of one page and one seat more, most urgent first; None when there is no place to look in."""
    share = search.SCANNED // max(len(places), 1)
    scans = [scan(place, wanted, now, cursor, share=share).limit(limit + 1) for place in places]
    return _together(scans)


def among(
    cases: Sequence[int],
    places: Sequence[Place],
    wanted: Filter,
    cursor: Cursor | None,
    now: datetime,
    *,
    limit: int = PAGE,
) -> Subquery:
    """As `page`, of the open seats of these cases."""
    theirs = [and_(*_stands_at(place), _case(Seat.instance_id, *_asked(place, wanted))) for place in places]
    statement = select(Seat.id, Seat.urgency).where(
        _OPEN, Seat.instance_id.in_(cases), or_(*theirs), *_late(wanted, now), *_beyond(cursor)
    )
    return statement.order_by(*_order(cursor)).limit(limit + 1).subquery("found")


def horizon(places: Sequence[Place], wanted: Filter, cursor: Cursor | None, now: datetime) -> Cursor | None:
    """How far `page` has looked in every place where it looks through the cases: None to the end, else the seat to go
    on from. What it found beyond that is not all there is."""
    share = search.SCANNED // max(len(places), 1)
    last = [_seats(place, wanted, now, cursor).order_by(*_order(cursor)).offset(share - 1).limit(1) for place in places]
    found = _together(last)
    ends = [] if found is None else [(row.urgency, row.id) for row in db.session.execute(select(found))]
    if not ends:
        return None
    back = cursor is not None and cursor.back
    urgency, seat_id = max(ends) if back else min(ends)
    return Cursor(urgency, seat_id, back)


def scan(
    place: Place, wanted: Filter, now: datetime, cursor: Cursor | None = None, *, share: int = search.SCANNED
) -> Select[int, datetime]:
    """The open seats of a place in order: id and urgency; give it a limit.

    Where the cases are asked for something it looks through no more than `share` of them.
    """
    seats = _seats(place, wanted, now, cursor)
    if wanted.about_case or place.processes:
        near = seats.order_by(*_order(cursor)).limit(share).subquery("near")
        narrowed = select(near.c.id, near.c.urgency).where(_case(near.c.instance_id, *_asked(place, wanted)))
        descending = cursor is not None and cursor.back
        order = (near.c.urgency.desc(), near.c.id.desc()) if descending else (near.c.urgency, near.c.id)
        return narrowed.order_by(*order)
    if place.apart:
        seats = seats.where(~_case(Seat.instance_id, ProcessInstance.applicant_id.in_(place.apart)))
    return seats.with_only_columns(Seat.id, Seat.urgency).order_by(*_order(cursor))


def next_to(user: User, place: Cursor | None) -> tuple[Select[int], dict[str, Any]]:
    """The statement that finds the id of the open seat after a place in the person's list, and its parameters.

    Behind the last it begins again with the most urgent one.
    """
    waiting = held_queues(user)
    asked = {"user": user.id, **{f"queue{number}": queue for number, queue in enumerate(waiting)}}
    if place is not None:
        asked |= {"urgency": place.urgency, "id": place.id}
    return _next_to(len(waiting), place is not None), asked


@cache
def _next_to(queues: int, beyond: bool) -> Select[Any]:
    """Composed once for each number of queues: every decision asks it."""
    user = bindparam("user", type_=Integer)
    places = [_open_where(Seat.holder_id == user)]
    own = exists().where(ProcessInstance.id == Seat.instance_id, ProcessInstance.applicant_id == user)
    for number in range(queues):
        queue: BindParameter[str] = bindparam(f"queue{number}")
        places.append(_open_where(Seat.holder_id.is_(None), Seat.queue == queue).where(~own))
    here = tuple_(bindparam("urgency", type_=UtcDateTime), bindparam("id", type_=Integer))
    further = [place.where(tuple_(Seat.urgency, Seat.id) > here) for place in places] if beyond else []
    parts = [
        select(scan.add_columns(literal_column(rank).label("rank")).order_by(Seat.urgency, Seat.id).limit(1).subquery())
        for rank, scans in (("0", further), ("1", places))
        for scan in scans
    ]
    found = (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("found")
    return select(found.c.id).order_by(found.c.rank, found.c.urgency, found.c.id).limit(1)


def _open_where(*conditions: ColumnElement[bool]) -> Select[int, datetime]:
    return select(Seat.id, Seat.urgency).where(_OPEN, *conditions)


def _seats(place: Place, wanted: Filter, now: datetime, cursor: Cursor | None) -> Select[int, datetime, int]:
    """The stretch of the index itself."""
    conditions = [*_stands_at(place), *_late(wanted, now), *_beyond(cursor)]
    return select(Seat.id, Seat.urgency, Seat.instance_id).where(_OPEN, *conditions)


def _stands_at(place: Place) -> list[ColumnElement[bool]]:
    if place.queue is None:
        return [Seat.holder_id == place.holder]
    return [Seat.holder_id.is_(None), Seat.queue == place.queue]


def _asked(place: Place, wanted: Filter) -> list[ColumnElement[bool]]:
    """What place and filter ask of the case."""
    found = search.case_conditions(wanted.process, wanted.unit_id, wanted.text)
    if place.apart:
        found.append(ProcessInstance.applicant_id.not_in(place.apart))
    if place.processes:
        versions = select(ProcessDefinition.id).where(ProcessDefinition.key.in_(place.processes))
        found.append(ProcessInstance.definition_id.in_(versions))
    return found


def _case(instance_id: ColumnElement[int] | Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(ProcessInstance.id == instance_id, *conditions)


def _together(scans: Sequence[Select[Any] | Select[int, datetime] | Select[int, datetime, int]]) -> Subquery | None:
    if not scans:
        return None
    parts = [select(scan.subquery()) for scan in scans]
    return (union_all(*parts) if len(parts) > 1 else parts[0]).subquery("found")


def _order(cursor: Cursor | None) -> tuple[Any, Any]:
    back = cursor is not None and cursor.back
    return (Seat.urgency.desc(), Seat.id.desc()) if back else (Seat.urgency, Seat.id)


def _beyond(cursor: Cursor | None) -> list[ColumnElement[bool]]:
    if cursor is None:
        return []
    here = tuple_(bindparam(None, cursor.urgency, type_=UtcDateTime), bindparam(None, cursor.id))
    place = tuple_(Seat.urgency, Seat.id)
    return [place < here if cursor.back else place > here]


def _late(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    if wanted.overdue:
        return [Seat.urgency < now]
    return [Seat.urgency >= now, Seat.urgency <= wanted.soon_until] if wanted.soon_until is not None else []


def case_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    """What a filter asks of the case itself."""
    return search.case_conditions(wanted.process, wanted.unit_id, wanted.text)
