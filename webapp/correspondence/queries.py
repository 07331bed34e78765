"""Reads about comments, copies and urgings; each is of one case the caller may see, or of one person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from webapp.correspondence.models import Comment, Copy, Urge
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance, Seat, UserTask

PAGE = 30
# A key of the list of copies: whether the last one shown was read, and its id.
Key = tuple[bool, int]


def comments_of(instance: ProcessInstance) -> Sequence[Comment]:
    """Everything said about a case, oldest first; commands keep it within bounds."""
    statement = select(Comment).where(Comment.instance_id == instance.id).order_by(Comment.id)
    return db.session.scalars(statement.options(joinedload(Comment.author), joinedload(Comment.asked))).all()


def count_comments(instance: ProcessInstance) -> int:
    return db.session.scalar(select(func.count(Comment.id)).where(Comment.instance_id == instance.id)) or 0


def comment(instance: ProcessInstance, comment_id: int) -> Comment | None:
    """One comment of this case."""
    return db.session.scalar(select(Comment).where(Comment.instance_id == instance.id, Comment.id == comment_id))


def said_since(instance: ProcessInstance, author: User, moment: datetime) -> Sequence[Comment]:
    """What a person has said about a case since a moment."""
    statement = select(Comment).where(Comment.instance_id == instance.id, Comment.author_id == author.id)
    return db.session.scalars(statement.where(Comment.written_at >= moment).order_by(Comment.id)).all()


def copies_of(instance: ProcessInstance) -> Sequence[Copy]:
    """Whom a case was copied to, oldest first."""
    statement = select(Copy).where(Copy.instance_id == instance.id).order_by(Copy.id)
    return db.session.scalars(statement.options(joinedload(Copy.user), joinedload(Copy.sent_by))).all()


def copies_to(user: User, *, unread_only: bool = False, after: Key | None = None, limit: int = PAGE) -> Sequence[Copy]:
    """The person's copies behind `after`: those not yet read first, each part newest first."""
    found: list[Copy] = []
    if after is None or not after[0]:
        unread = _copies_to(user).where(Copy.read_at.is_(None))
        if after is not None:
            unread = unread.where(Copy.id < after[1])
        found += db.session.scalars(unread.limit(limit))
    if not unread_only and len(found) < limit:
        seen = _copies_to(user).where(Copy.read_at.is_not(None))
        if after is not None and after[0]:
            seen = seen.where(Copy.id < after[1])
        found += db.session.scalars(seen.limit(limit - len(found)))
    return found


def _copies_to(user: User) -> Select[Copy]:
    options = (joinedload(Copy.instance), joinedload(Copy.sent_by))
    return select(Copy).where(Copy.user_id == user.id).order_by(Copy.id.desc()).options(*options)


def count_unread_copies(user: User, at_most: int = 100) -> int:
    """How many copies the person has not marked as read; counting stops at `at_most`."""
    found = select(Copy.id).where(Copy.user_id == user.id, Copy.read_at.is_(None)).limit(at_most)
    return db.session.scalar(select(func.count()).select_from(found.subquery())) or 0


def own_copies(user: User, copy_ids: Sequence[int]) -> Sequence[Copy]:
    """Those of the person's copies among `copy_ids`, locked."""
    statement = select(Copy).where(Copy.user_id == user.id, Copy.id.in_(copy_ids)).order_by(Copy.id)
    return db.session.scalars(statement.with_for_update(of=Copy).execution_options(populate_existing=True)).all()


def urges_since(instance: ProcessInstance, moment: datetime) -> Sequence[Urge]:
    """The case's urgings after a moment, newest first."""
    statement = select(Urge).where(Urge.instance_id == instance.id, Urge.urged_at > moment)
    return db.session.scalars(statement.order_by(Urge.urged_at.desc(), Urge.id.desc())).all()


def newest_urge(instance: ProcessInstance) -> Urge | None:
    statement = select(Urge).where(Urge.instance_id == instance.id).order_by(Urge.id.desc()).limit(1)
    return db.session.scalar(statement.options(joinedload(Urge.urged_by)))


def open_seats(instance: ProcessInstance) -> Sequence[Seat]:
    """Seats somebody may answer now, oldest first."""
    statement = (
        select(Seat)
        .join(Seat.task)
        .where(Seat.instance_id == instance.id, Seat.state == "open", UserTask.state == "open")
        .options(joinedload(Seat.task))
    )
    return db.session.scalars(statement.order_by(Seat.id)).all()


def people_named(institution_id: int, name: str, *, exactly: bool, limit: int) -> Sequence[User]:
    """Active people by name or login: whose is `name`, or contains it."""
    columns = (User.name_zh, User.name_en, User.username)
    wanted = [column == name for column in columns] if exactly else [c.contains(name, autoescape=True) for c in columns]
    statement = (
        select(User)
        .where(User.institution_id == institution_id, User.active, or_(*wanted))
        .options(joinedload(User.unit))
    )
    return db.session.scalars(statement.order_by(User.name_zh, User.id).limit(limit)).all()


def people_by_id(institution_id: int, ids: Sequence[int]) -> Sequence[User]:
    """Active people of the institution among `ids`, in that order."""
    statement = select(User).where(User.institution_id == institution_id, User.active, User.id.in_(ids))
    found = {user.id: user for user in db.session.scalars(statement.options(joinedload(User.unit)))}
    return [found[user_id] for user_id in dict.fromkeys(ids) if user_id in found]
