"""The lists of the inbox. Every list pages by key and asks a fixed number of statements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import CompoundSelect, Select, Table, bindparam, exists, func, null, select, union_all
from sqlalchemy.orm import aliased, contains_eager, joinedload

from webapp.definitions import queries as definitions
from webapp.engine import Element
from webapp.extensions import db
from webapp.inbox import paused, queues, search
from webapp.inbox.places import Place, own
from webapp.inbox.queues import PAGE, Cursor, Filter, key_of
from webapp.organization.models import User
from webapp.workflow.context import specs
from webapp.workflow.models import AnswerDraft, ProcessInstance, Seat, UserTask


@dataclass(frozen=True)
class Page:
    """One page: `rows`, and the keys of the pages after and before it, "" where there are none.

    `partial`: so many tasks were looked through that the search stopped here and goes on behind `after`.
    """

    rows: Sequence[Any]
    after: str = ""
    before: str = ""
    partial: bool = False


def open_seats(
    user: User,
    wanted: Filter,
    cursor: Cursor | None,
    now: datetime,
    *,
    held: bool = True,
    limit: int = PAGE,
    places: Sequence[Place] | None = None,
) -> Page:
    """Seats to act on, most urgent first, each with task, case, unit, applicant and process.

    `places` are where to look, by default what the person holds (unless not `held`) and their queues. One statement;
    up to four where the filter asks something of the case.
    """
    places = own(user, held=held) if places is None else places
    if not places:
        return Page(())
    few = _few(user, wanted) if wanted.about_case else None
    if few is None:
        found = queues.page(places, wanted, cursor, now, limit=limit)
    elif few:
        found = queues.among(few, places, wanted, cursor, now, limit=limit)
    else:
        return Page(())
    assert found is not None
    back = cursor is not None and cursor.back
    order = (found.c.urgency.desc(), found.c.id.desc()) if back else (found.c.urgency, found.c.id)
    statement = _with_case(select(Seat).join(found, found.c.id == Seat.id)).order_by(*order).limit(limit + 1)
    rows = list(db.session.scalars(statement))
    searched = few is None and (wanted.about_case or any(place.processes for place in places))
    end = queues.horizon(places, wanted, cursor, now) if searched else None
    if end is not None:
        rows = [row for row in rows if _is_within(row, end)]
        if len(rows) <= limit:
            return _broken_off(rows, cursor, end)
    return _page(rows, cursor, limit)


def _few(user: User, wanted: Filter) -> list[int] | None:
    return search.candidates(user.institution_id, wanted.process, wanted.unit_id, wanted.text)


def _page(rows: list[Seat], cursor: Cursor | None, limit: int) -> Page:
    back = cursor is not None and cursor.back
    more = len(rows) > limit
    rows = rows[:limit]
    if back:
        rows.reverse()
    if not rows:
        return Page(())
    first, last = key_of(rows[0].urgency, rows[0].id), key_of(rows[-1].urgency, rows[-1].id)
    return Page(rows, last if back or more else "", first if (more if back else cursor is not None) else "")


def _is_within(row: Seat, end: Cursor) -> bool:
    here, there = (row.urgency, row.id), (end.urgency, end.id)
    return here >= there if end.back else here <= there


def _broken_off(rows: list[Seat], cursor: Cursor | None, end: Cursor) -> Page:
    """What was found as far as every place was looked through, and where to go on."""
    here = key_of(end.urgency, end.id)
    if end.back:
        kept = rows[::-1]
        after = key_of(kept[-1].urgency, kept[-1].id) if kept else key_of(cursor.urgency, cursor.id) if cursor else ""
        return Page(kept, after, here, partial=True)
    before = key_of(rows[0].urgency, rows[0].id) if rows else here
    return Page(rows, here, before if cursor is not None else "", partial=True)


def paused_seats(user: User, before: int | None, limit: int = PAGE) -> Page:
    """Tasks of cases that stand still, the newest first."""
    found = paused.found(user, before).limit(limit + 1).subquery()
    statement = _with_case(select(Seat).join(found, found.c.id == Seat.id)).order_by(Seat.id.desc())
    rows = list(db.session.scalars(statement))
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else "")


def seats(user: User, ids: Sequence[int]) -> list[Seat]:
    """These open seats as the list shows them, most urgent first; only those of the person's institution."""
    statement = _with_case(select(Seat)).where(
        Seat.id.in_(ids), Seat.institution_id == user.institution_id, Seat.state == "open"
    )
    return list(db.session.scalars(statement.order_by(Seat.urgency, Seat.id)))


def answered(user: User, wanted: Filter, before: int | None, *, running: bool = False, limit: int = PAGE) -> Page:
    """Seats the person has decided or filed for a role, newest first; `running`: only cases still under way."""
    statement = (
        _with_case(select(Seat))
        .where(Seat.answered_by_id == user.id, Seat.role != "applicant", *queues.case_conditions(wanted))
        .order_by(Seat.id.desc())
    )
    if running:
        statement = statement.where(ProcessInstance.state == "running")
    return _newest(statement, Seat.id, before, limit)


def last_answers(seats: Sequence[Seat]) -> set[int]:
    """Which of these answered seats nobody has answered anything after in their case; their ids."""
    later = aliased(Seat)
    answered_since = exists().where(
        later.instance_id == Seat.instance_id, later.id != Seat.id, later.answered_at > Seat.answered_at
    )
    statement = select(Seat.id).where(Seat.id.in_([seat.id for seat in seats]), Seat.state == "answered")
    return set(db.session.scalars(statement.where(~answered_since)))


def started(user: User, wanted: Filter, before: int | None, *, running: bool = False, limit: int = PAGE) -> Page:
    """Cases the person has started, newest first."""
    statement = (
        select(ProcessInstance)
        .where(ProcessInstance.applicant_id == user.id, *queues.case_conditions(wanted))
        .options(joinedload(ProcessInstance.definition), joinedload(ProcessInstance.unit))
        .order_by(ProcessInstance.id.desc())
    )
    if running:
        statement = statement.where(ProcessInstance.state == "running")
    return _newest(statement, ProcessInstance.id, before, limit)


def drafts(user: User, before: int | None, limit: int = PAGE) -> Page:
    """What the person is typing: new cases, and tasks that are still open; newest first."""
    statement = (
        select(AnswerDraft, Seat)
        .outerjoin(Seat, Seat.id == AnswerDraft.seat_id)
        .where(AnswerDraft.user_id == user.id, (AnswerDraft.seat_id.is_(None)) | (Seat.state == "open"))
        .order_by(AnswerDraft.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        statement = statement.where(AnswerDraft.id < before)
    rows = [row[0] for row in db.session.execute(statement)]
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else "")


def open_steps(instance_ids: Sequence[int]) -> dict[int, list[Seat]]:
    """The open seats of cases, by case."""
    found: dict[int, list[Seat]] = {instance_id: [] for instance_id in instance_ids}
    if not found:
        return found
    statement = (
        select(Seat)
        .join(Seat.task)
        .where(Seat.instance_id.in_(list(found)), Seat.state == "open")
        .options(contains_eager(Seat.task), joinedload(Seat.holder))
        .order_by(Seat.id)
    )
    for seat in db.session.scalars(statement):
        found[seat.instance_id].append(seat)
    return found


def aftermath(user: User, instance_id: int, place: Cursor | None = None) -> tuple[list[str], int | None]:
    """What a person sees after a decision: the names of the case's open steps, and the id of the seat after `place` in
    the person's list (without one, and behind the last, the most urgent one left). One statement."""
    statement, asked = queues.next_to(user, place)
    rows = db.session.execute(_with_names(statement), {**asked, "instance": instance_id}).all()
    opened = sorted((row.id, row.name) for row in rows if row.name is not None)
    names = [name for _, name in opened]
    return names, next((row.id for row in rows if row.name is None), None)


def next_seat(user: User, place: Cursor | None = None) -> int | None:
    """The id of the seat to act on after `place`; without one, and behind the last, the most urgent one."""
    statement, asked = queues.next_to(user, place)
    found: int | None = db.session.scalar(statement, asked)
    return found


@cache
def _with_names(first: Select[int]) -> CompoundSelect[int, str]:
    task, found = cast(Table, UserTask.__table__).c, first.subquery("first")
    mine = select(task.id, task.name).where(task.instance_id == bindparam("instance"), task.state == "open")
    return union_all(mine, select(found.c.id, null().label("name")))


def step_of(seat: Seat) -> Element | None:
    """The step of the diagram a seat stands at; its task and case must be loaded. No statement."""
    pinned = definitions.pinned(seat.task.instance.definition_id)
    return pinned.bundle.definition(pinned.key, specs()).elements.get(seat.task.element)


def answered_since(user: User, since: datetime, at_most: int = 200) -> int:
    """How many seats the person has decided since a moment; counting stops at `at_most`."""
    newest = (
        select(Seat.answered_at)
        .where(Seat.answered_by_id == user.id, Seat.role != "applicant")
        .order_by(Seat.id.desc())
        .limit(at_most)
        .subquery()
    )
    return db.session.scalar(select(func.count()).where(newest.c.answered_at >= since)) or 0


def _with_case(statement: Select[Any]) -> Select[Any]:
    """Each seat with its task and case, and the case's process, unit and applicant, by joins."""
    case = contains_eager(Seat.task).contains_eager(UserTask.instance)
    return (
        statement.join(Seat.task)
        .join(UserTask.instance)
        .options(
            case.joinedload(ProcessInstance.definition),
            case.joinedload(ProcessInstance.unit),
            case.joinedload(ProcessInstance.applicant),
        )
    )


def _newest(statement: Select[Any], key: Any, before: int | None, limit: int) -> Page:
    if before is not None:
        statement = statement.where(key < before)
    rows = list(db.session.scalars(statement.limit(limit + 1)))
    return Page(rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else "")
