"""Reads about hand-overs, always within one institution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from webapp.extensions import db
from webapp.handover.models import Handover, HandoverLine
from webapp.organization.models import User
from webapp.organization.policy import visible

PAGE = 50
STATES = ("waiting", "done", "refused", "faulty")


@dataclass(frozen=True)
class Progress:
    """How many lines of a hand-over stand in each state."""

    by_state: dict[str, int]

    def of(self, *states: str) -> int:
        return sum(self.by_state.get(state, 0) for state in states)

    @property
    def total(self) -> int:
        return self.of(*STATES)

    @property
    def percent(self) -> int:
        return 100 * (self.total - self.of("waiting")) // self.total if self.total else 100


def handovers(user: User, limit: int = PAGE) -> Sequence[Handover]:
    """The newest hand-overs."""
    statement = visible(user, select(Handover), Handover).order_by(Handover.id.desc()).limit(limit)
    people = (joinedload(Handover.leaver), joinedload(Handover.successor), joinedload(Handover.ordered_by))
    found: Sequence[Handover] = db.session.scalars(statement.options(*people)).all()
    return found


def handover(user: User, handover_id: int) -> Handover | None:
    """One the person may see."""
    found: Handover | None = db.session.scalar(
        visible(user, select(Handover).where(Handover.id == handover_id), Handover)
    )
    return found


def progress(handover_ids: Sequence[int]) -> dict[int, Progress]:
    """Counts of these hand-overs' lines, in one statement."""
    counted = (
        select(HandoverLine.handover_id, HandoverLine.state, func.count())
        .where(HandoverLine.handover_id.in_(handover_ids))
        .group_by(HandoverLine.handover_id, HandoverLine.state)
    )
    found: dict[int, dict[str, int]] = {handover_id: {} for handover_id in handover_ids}
    for handover_id, state, count in db.session.execute(counted):
        found[handover_id][state] = count
    return {handover_id: Progress(counts) for handover_id, counts in found.items()}


def lines(handover_id: int, state: str = "", after: int = 0, limit: int = PAGE) -> Sequence[HandoverLine]:
    """Lines of a hand-over in the order they are dealt with, from behind the line `after`."""
    statement = select(HandoverLine).where(HandoverLine.handover_id == handover_id, HandoverLine.id > after)
    if state:
        statement = statement.where(HandoverLine.state == state)
    return db.session.scalars(statement.order_by(HandoverLine.id).limit(limit)).all()


def running(institution_id: int, leaver_id: int) -> Handover | None:
    """The hand-over of this person that is not through."""
    own = (Handover.institution_id == institution_id, Handover.leaver_id == leaver_id, Handover.state == "running")
    return db.session.scalar(select(Handover).where(*own).limit(1))


def locked_line(line_id: int) -> HandoverLine | None:
    """A line that waits, as it stands now, locked until the transaction ends; None when it does not wait."""
    statement = select(HandoverLine).where(HandoverLine.id == line_id).with_for_update(skip_locked=True)
    found = db.session.scalar(statement.execution_options(populate_existing=True))
    return found if found is not None and found.state == "waiting" else None
