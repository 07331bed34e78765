"""The home page by what a person does: apply, approve, look after the system; somebody may do all of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cached_property

from flask_babel import gettext as _

from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments
from webapp.cases.route import RouteStep, case_route
from webapp.faults.queries import count_open
from webapp.inbox import counters, queries
from webapp.inbox.counters import Counts
from webapp.inbox.listing import Item, StartChoice, answered_item, case_item, seat_item, start_choices
from webapp.inbox.queries import Page
from webapp.inbox.queues import Filter
from webapp.organization.models import User
from webapp.organization.policy import held_queues, may
from webapp.workflow.models import ProcessInstance, Seat

MOST_TRACKED = 4
MOST_TASKS = 6
MOST_DONE = 4
SOON_DAYS = 2


@dataclass(frozen=True)
class Tracked:
    """One of the person's own cases with its progress."""

    item: Item
    track: Sequence[RouteStep]


@dataclass(frozen=True)
class Correction:
    """An application sent back, with what was said."""

    item: Item
    who: str
    text: str


@dataclass
class Home:
    """What one person finds on the home page, read when the template asks for it."""

    user: User
    moments: Moments

    @cached_property
    def approver(self) -> bool:
        """Whether the person holds a role whose seats they may claim."""
        return bool(held_queues(self.user))

    @cached_property
    def counts(self) -> Counts:
        return counters.counts(self.user, self.moments.now, soon_until(self.moments))

    @cached_property
    def done_this_month(self) -> int:
        first = datetime.combine(self.moments.today.replace(day=1), time(), self.moments.zone).astimezone(UTC)
        return queries.answered_since(self.user, first)

    @cached_property
    def _open(self) -> Page:
        return queries.open_seats(self.user, Filter(), None, self.moments.now, limit=MOST_TASKS + MOST_TRACKED)

    @cached_property
    def tasks(self) -> list[Item]:
        """What to do first."""
        rows = [seat for seat in self._open.rows if seat.task.element != "Application"]
        return [seat_item(seat, self.moments) for seat in rows[:MOST_TASKS]]

    @cached_property
    def corrections(self) -> list[Correction]:
        """Own applications to be filled in, or sent back to be put right; other steps of the applicant are tasks."""
        return [self._correction(seat) for seat in self._open.rows if seat.task.element == "Application"]

    @cached_property
    def cases(self) -> list[Tracked]:
        """Own cases under way, with their progress."""
        rows = queries.started(self.user, Filter(), None, running=True, limit=MOST_TRACKED).rows
        opened = queries.open_steps([case.id for case in rows])
        return [self._tracked(case, opened[case.id]) for case in rows]

    @cached_property
    def done(self) -> list[Item]:
        """What one has decided and is still under way, each case once."""
        rows = queries.answered(self.user, Filter(), None, running=True, limit=MOST_DONE * 2).rows
        newest: dict[int, Seat] = {}
        for seat in rows:
            newest.setdefault(seat.instance_id, seat)
        shown = list(newest.values())[:MOST_DONE]
        opened = queries.open_steps([seat.instance_id for seat in shown])
        return [answered_item(seat, opened[seat.instance_id], self.moments) for seat in shown]

    @cached_property
    def starts(self) -> list[StartChoice]:
        return start_choices(self.user, self.moments.locale)

    @cached_property
    def faults(self) -> int:
        """Open faults, for those who look after them."""
        return count_open(self.user.institution_id) if may(self.user, "faults.read") else 0

    @property
    def heading(self) -> str:
        n = len(self.tasks)
        return str(_("今天先办这 %(n)s 件", n=n) if n and not self.corrections else _("工作台"))

    def _tracked(self, case: ProcessInstance, opened: Sequence[Seat]) -> Tracked:
        file = CaseFile(case, self.user, self.moments)
        return Tracked(case_item(case, opened, self.moments), case_route(file))

    def _correction(self, seat: Seat) -> Correction:
        file = CaseFile(seat.task.instance, self.user, self.moments)
        back = next((s for s in reversed(file.seats) if s.decision == "request_correction"), None)
        who = back.answered_by.name_zh if back and back.answered_by else ""
        return Correction(seat_item(seat, self.moments), who, back.opinion if back else "")


def soon_until(moments: Moments) -> datetime:
    """The end of the second working day from today: what is due until then is due soon."""
    day, left = moments.today, SOON_DAYS
    while left:
        day += timedelta(days=1)
        left -= moments.calendar.is_workday(day)
    return datetime.combine(day, time(23, 59, 59), moments.zone).astimezone(UTC)
