"""The inbox page: one of five views of what a person has to do, has done, has begun."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from webapp.cases.actors import unit_name
from webapp.cases.moments import Moments
from webapp.definitions.queries import newest_of_each
from webapp.inbox import counters, queries
from webapp.inbox.counters import Counts
from webapp.inbox.home import soon_until
from webapp.inbox.listing import DraftItem, Item, answered_item, case_item, draft_item, seat_item
from webapp.inbox.queries import Page
from webapp.inbox.queues import Cursor, Filter
from webapp.organization.models import User
from webapp.organization.queries import units

VIEWS = ("todo", "unclaimed", "done", "started", "drafts")
MAX_TEXT = 60


class Listing:
    """The page of `view` for one person; `args` are the query string's: view, process, unit, late, q, after, before."""

    def __init__(self, user: User, moments: Moments, args: Mapping[str, str]) -> None:
        self.user, self.moments = user, moments
        view = args.get("view", "")
        self.view = view if view in VIEWS else "todo"
        self.late = args.get("late", "") if args.get("late", "") in ("over", "soon") else ""
        self.text = args.get("q", "").strip()[:MAX_TEXT]
        self.process = args.get("process", "")[:60]
        self.unit = args.get("unit", "")
        self._after, self._before = args.get("after", ""), args.get("before", "")

    @property
    def title(self) -> str:
        if self.view in ("todo", "unclaimed") and self.late:
            return str({"over": _("已超时"), "soon": _("两日内到期")}[self.late])
        titles = {
            "todo": _("待办"), "unclaimed": _("待认领"), "done": _("已办"), "started": _("我发起的"),
            "drafts": _("草稿箱"),
        }  # fmt: skip
        return str(titles[self.view])

    @property
    def wanted(self) -> Filter:
        number = self.unit if self.unit.isdecimal() and len(self.unit) < 10 else ""
        until = soon_until(self.moments) if self.late == "soon" else None
        return Filter(self.process, int(number) if number else None, self.late == "over", until, self.text)

    @property
    def acting(self) -> bool:
        """Whether the list is of tasks to act on."""
        return self.view in ("todo", "unclaimed")

    @cached_property
    def page(self) -> Page:
        if self.acting:
            cursor = Cursor.read(self._after, self._before)
            held = self.view == "todo"
            return queries.open_seats(self.user, self.wanted, cursor, self.moments.now, held=held)
        before = int(self._after) if self._after.isdecimal() and len(self._after) < 10 else None
        if self.view == "done":
            return queries.answered(self.user, self.wanted, before)
        if self.view == "started":
            return queries.started(self.user, self.wanted, before)
        return queries.drafts(self.user, before)

    @cached_property
    def items(self) -> list[Item]:
        """The rows of every view but the drafts."""
        rows = self.page.rows
        if self.acting:
            return [seat_item(seat, self.moments) for seat in rows]
        if self.view == "done":
            opened = queries.open_steps([seat.instance_id for seat in rows])
            return [answered_item(seat, opened[seat.instance_id], self.moments) for seat in rows]
        if self.view == "started":
            opened = queries.open_steps([case.id for case in rows])
            return [case_item(case, opened[case.id], self.moments) for case in rows]
        return []

    @cached_property
    def drafts(self) -> list[DraftItem]:
        return [draft_item(draft, self.moments) for draft in self.page.rows] if self.view == "drafts" else []

    @cached_property
    def counts(self) -> Counts:
        return counters.counts(self.user, self.moments.now, soon_until(self.moments))

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

    def href(self, **changes: Any) -> str:
        """This list's address with changes; pages begin anew unless a change says where."""
        kept = {"view": self.view, "process": self.process, "unit": self.unit, "late": self.late, "q": self.text}
        return url_for("inbox.todo", **{key: value for key, value in {**kept, **changes}.items() if value})

    @property
    def next_href(self) -> str:
        return self.href(after=self.page.after) if self.page.after else ""

    @property
    def previous_href(self) -> str:
        return self.href(before=self.page.before) if self.page.before else ""
