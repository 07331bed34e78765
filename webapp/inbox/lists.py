"""The inbox page: one of the views of what a person has to do, has done, has begun."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from flask_babel import gettext as _

from webapp.arrangements import queries as arranged
from webapp.arrangements.models import InboxView
from webapp.cases.actors import person_name, unit_name
from webapp.cases.moments import Moments
from webapp.definitions.queries import newest_of_each
from webapp.errors import NotFound
from webapp.inbox import counters, places, queries
from webapp.inbox.counters import Counts
from webapp.inbox.home import soon_until
from webapp.inbox.listing import DraftItem, Item, answered_item, case_item, draft_item, seat_item
from webapp.inbox.queries import Page
from webapp.inbox.queues import PAGE, Cursor, Filter
from webapp.organization.models import User
from webapp.organization.policy import can
from webapp.organization.queries import people, units
from webapp.tasks.batches import allows_batch
from webapp.workflow.binding import row_number_of

VIEWS = ("todo", "unclaimed", "for", "paused", "flowing", "done", "started", "drafts")
SIZES = (PAGE, 50, 100)
MAX_TEXT = 60
MAX_ORIGIN = 600


class Listing:
    """The page of `view` for one person; `args` are the query string's: view, principal, process, unit, late, q, saved,
    n, after, before, at. A saved view brings its own filter along. Raises NotFound for what the person may not open.
    """

    def __init__(self, user: User, moments: Moments, args: Mapping[str, str]) -> None:
        self.user, self.moments = user, moments
        self.saved = self._saved(args.get("saved", ""))
        told = {**self.saved.query, "saved": args["saved"]} if self.saved else args
        view = told.get("view", "")
        self.view = view if view in VIEWS else "todo"
        self.late = told.get("late", "") if told.get("late", "") in ("over", "soon") else ""
        self.text = told.get("q", "").strip()[:MAX_TEXT]
        self.process = told.get("process", "")[:60]
        self.unit = told.get("unit", "")[:10]
        self.principal = row_number_of(told.get("principal", "")) or 0
        if self.view == "for" and self.principal not in places.principals(user):
            raise NotFound(_("您现在没有代办这个人的待办。"))
        self.size = row_number_of(args.get("n", "")) if row_number_of(args.get("n", "")) in SIZES else PAGE
        self.at = row_number_of(args.get("at", ""))
        self._after, self._before = args.get("after", ""), args.get("before", "")

    def _saved(self, number: str) -> InboxView | None:
        if not number:
            return None
        found = arranged.view(self.user, row_number_of(number) or 0)
        if found is None:
            raise NotFound(_("没有这个视图，或已不再共享。"))
        return found

    @classmethod
    def named(cls, user: User, moments: Moments, origin: str) -> Listing:
        """The list that a task page was opened from, by what its address carries; an odd one is the usual list."""
        try:
            return cls(user, moments, dict(parse_qsl(origin[:MAX_ORIGIN])))
        except NotFound:
            return cls(user, moments, {})

    @property
    def title(self) -> str:
        if self.saved:
            return self.saved.name
        if self.view == "for":
            return str(_("代 %(who)s", who=person_name(self.people.get(self.principal), self.moments.locale)))
        if self.acting and self.late:
            return str({"over": _("已超时"), "soon": _("两日内到期")}[self.late])
        titles = {
            "todo": _("待办"), "unclaimed": _("待认领"), "paused": _("停表、挂起"), "flowing": _("流转中"),
            "done": _("已办"), "started": _("我发起的"), "drafts": _("草稿箱"),
        }  # fmt: skip
        return str(titles[self.view])

    @property
    def wanted(self) -> Filter:
        until = soon_until(self.moments) if self.late == "soon" else None
        return Filter(self.process, row_number_of(self.unit), self.late == "over", until, self.text)

    @property
    def acting(self) -> bool:
        """Whether the list is of tasks to act on."""
        return self.view in ("todo", "unclaimed", "for")

    @property
    def reads(self) -> bool:
        """Whether a task can be read beside the list."""
        return self.acting or self.view == "paused"

    @property
    def filters(self) -> bool:
        """Whether the list can be narrowed."""
        return self.view not in ("drafts", "paused")

    @cached_property
    def places(self) -> list[places.Place]:
        """Where the tasks to act on are."""
        if self.view == "for":
            return places.on_behalf(self.user, self.principal)
        return places.own(self.user, held=self.view == "todo")

    @cached_property
    def page(self) -> Page:
        return self.page_at(self._after, self._before, self.size or PAGE)

    def page_at(self, after: str, before: str, limit: int) -> Page:
        """The rows from a place on."""
        if self.acting:
            cursor = Cursor.read(after, before)
            return queries.open_seats(self.user, self.wanted, cursor, self.moments.now, limit=limit, places=self.places)
        from_id = row_number_of(after)
        if self.view == "paused":
            return queries.paused_seats(self.user, from_id, limit)
        if self.view in ("done", "flowing"):
            running = self.view == "flowing"
            return queries.answered(self.user, self.wanted, from_id, running=running, limit=limit)
        if self.view == "started":
            return queries.started(self.user, self.wanted, from_id, limit=limit)
        return queries.drafts(self.user, from_id, limit)

    def following(self, place: Cursor) -> int | None:
        """The id of the seat after a place in this list; behind the last it begins again with the first."""
        for cursor in (place, None):
            rows = queries.open_seats(
                self.user, self.wanted, cursor, self.moments.now, limit=1, places=self.places
            ).rows
            if rows:
                return int(rows[0].id)
        return None

    @cached_property
    def items(self) -> list[Item]:
        """The rows of every view but the drafts."""
        return self.items_of(self.page)

    def items_of(self, page: Page) -> list[Item]:
        rows = page.rows
        if self.reads:
            return [
                seat_item(seat, self.moments, self.origin, ticks=self.acting and self._ticks(seat)) for seat in rows
            ]
        if self.view in ("done", "flowing"):
            opened = queries.open_steps([seat.instance_id for seat in rows])
            last = queries.last_answers(rows)
            return [
                answered_item(seat, opened[seat.instance_id], self.moments, is_last=seat.id in last) for seat in rows
            ]
        if self.view == "started":
            opened = queries.open_steps([case.id for case in rows])
            return [case_item(case, opened[case.id], self.moments) for case in rows]
        return []

    def _ticks(self, seat: Any) -> bool:
        """Whether the row may be ticked: the process owner allows it, and the person may answer."""
        return ticks(self.user, seat)

    @cached_property
    def drafts(self) -> list[DraftItem]:
        return [draft_item(draft, self.moments) for draft in self.page.rows] if self.view == "drafts" else []

    @cached_property
    def counts(self) -> Counts:
        return counters.counts(self.user, self.moments.now, soon_until(self.moments))

    @cached_property
    def people(self) -> dict[int, User]:
        """Whom the person stands in for, by id."""
        ids = places.principals(self.user)
        return {row.id: row for row in people(self.user.institution_id, ids=ids)} if ids else {}

    @cached_property
    def views(self) -> list[InboxView]:
        return list(arranged.views(self.user))

    @cached_property
    def processes(self) -> list[tuple[str, str]]:
        """What the filter offers: key and name."""
        english = self.moments.locale == "en"
        rows = newest_of_each(self.user.institution_id)
        return [(row.key, row.name_en or row.name_zh if english else row.name_zh) for row in rows]

    @cached_property
    def units(self) -> list[tuple[str, str]]:
        """What the filter offers: id and name."""
        rows = units(self.user.institution_id)
        return [(str(row.id), unit_name(row, self.moments.locale)) for row in rows]

    @property
    def query(self) -> dict[str, str]:
        """What an address needs to show this list, from its beginning; {} for the usual one."""
        if self.saved:
            return {"saved": str(self.saved.id)}
        told = {
            "view": "" if self.view == "todo" else self.view,
            "principal": str(self.principal or ""),
            "process": self.process,
            "unit": self.unit,
            "late": self.late,
            "q": self.text,
        }
        return {key: value for key, value in told.items() if value}

    @property
    def origin(self) -> str:
        """The same as one text, which a task page carries along; "" for the usual list."""
        return urlencode(self.query)

    def href(self, endpoint: str = "inbox.todo", **changes: Any) -> str:
        """This list's address with changes; pages begin anew unless a change says where."""
        size = str(self.size) if self.size != PAGE else ""
        kept = {**self.query, "n": size, **changes}
        return url_for(endpoint, **{key: value for key, value in kept.items() if value})

    @property
    def next_href(self) -> str:
        return self.href(after=self.page.after) if self.page.after else ""

    @property
    def previous_href(self) -> str:
        return self.href(before=self.page.before) if self.page.before else ""


def ticks(user: User, seat: Any) -> bool:
    """Whether an open seat may be approved with others: its step allows it, and the person may answer it alone."""
    element = queries.step_of(seat)
    return element is not None and allows_batch(element) and seat.kind == "main" and can(user, "answer", seat)
