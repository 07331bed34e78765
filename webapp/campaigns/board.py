"""The board of one campaign as a page shows it: figures, columns, timeline, units, and the rows asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.campaigns import queries
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.queries import Figures, ItemFilter, ItemRow
from webapp.campaigns.rules import entries
from webapp.campaigns.wording import reminder_name
from webapp.cases.moments import Moments
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.policy import can, visible
from webapp.workdays import TimeLeft
from webapp.workflow.models import ProcessInstance, UserTask

IN_COLUMN = 5
POLLED = ("opening", "open", "closing")
# The order of a bar: what is done first, what is overdue last.
BAR = ("passed", "zero", "filed", "failed", "problem", "waiting", "unfiled", "overdue")


@dataclass(frozen=True)
class Stretch:
    """One line of the timeline: where it stands in the whole (0..1000), and whether it is over, now or to come."""

    name: str
    first: date
    last: date
    begin: int
    length: int
    when: str


@dataclass(frozen=True)
class UnitLine:
    """One unit's figures; `shares` are (status, count) in the order of the bar."""

    unit: Unit
    total: int
    filed: int
    decided: int
    unfiled: int
    overdue: bool
    shares: list[tuple[str, int]]


class Board:
    """A campaign for one reader."""

    def __init__(self, campaign: Campaign, user: User, moments: Moments, wanted: ItemFilter, after: int = 0) -> None:
        self.campaign, self.user, self.moments = campaign, user, moments
        self.wanted, self.after = wanted, after

    @property
    def name(self) -> str:
        named = self.campaign
        return (named.name_en or named.name_zh) if self.moments.locale == "en" else named.name_zh

    @cached_property
    def figures(self) -> Figures:
        return queries.figures(self.user, self.campaign, self.moments.now)

    @cached_property
    def entry(self) -> CampaignEntry | None:
        """The campaign in the pack now in force."""
        found = (entry for entry in entries(self.campaign.institution_id) if entry.key == self.campaign.key)
        return next(found, None)

    @property
    def manages(self) -> bool:
        return can(self.user, "manage", self.campaign)

    @property
    def polled(self) -> bool:
        """Whether the page asks for news by itself."""
        return self.campaign.state in POLLED

    @property
    def progress(self) -> int:
        """How far the opening is, in percent."""
        if self.campaign.state != "opening":
            return 100
        return min(99, 100 * self._passed // max(1, self.campaign.expected))

    @cached_property
    def _passed(self) -> int:
        return queries.passed_targets(self.campaign)

    @property
    def shares(self) -> list[tuple[str, int]]:
        """(status, count) in the order of the bar."""
        return [(status, self.figures.of(status)) for status in BAR]

    @property
    def units_by_code(self) -> list[UnitLine]:
        return sorted(self.units, key=lambda line: line.unit.code)

    def opens(self, row: ItemRow) -> bool:
        """Whether the reader may open the item's case."""
        return row.item.instance_id in self._cases

    @cached_property
    def _cases(self) -> set[int]:
        ids = [row.item.instance_id for row in self._shown if row.item.instance_id is not None]
        found = select(ProcessInstance.id).where(ProcessInstance.id.in_(ids))
        return set(db.session.scalars(visible(self.user, found, ProcessInstance))) if ids else set()

    @property
    def _shown(self) -> list[ItemRow]:
        """The items on the page."""
        return self.page if self.wanted.narrowed else [row for _s, _n, rows in self.columns for row in rows]

    @property
    def opened(self) -> int:
        """How many cases are open so far, for those who see all of them."""
        return queries.opened_items(self.campaign)

    @property
    def left(self) -> TimeLeft | None:
        return self.moments.left(self.campaign.ends_at) if self.campaign.state in ("opening", "open") else None

    @cached_property
    def columns(self) -> list[tuple[str, int, list[ItemRow]]]:
        """The columns of the board: (status, how many, the first few)."""
        shown = ["unfiled", "overdue", "filed", "passed", "failed"]
        shown += [status for status in ("zero", "problem", "waiting") if self.figures.of(status)]
        found = []
        for status in shown:
            count = self.figures.of(status)
            wanted = ItemFilter(status=status)
            few = queries.rows(self.user, self.campaign, wanted, self.moments.now, limit=IN_COLUMN) if count else []
            found.append((status, count, few))
        return found

    @cached_property
    def rows(self) -> list[ItemRow]:
        """The items asked for, with one more than a page holds when there are more."""
        now = self.moments.now
        return queries.rows(self.user, self.campaign, self.wanted, now, after=self.after, limit=queries.PAGE + 1)

    @property
    def page(self) -> list[ItemRow]:
        return self.rows[: queries.PAGE]

    @property
    def next_after(self) -> int | None:
        return self.page[-1].item.id if len(self.rows) > queries.PAGE else None

    @cached_property
    def units(self) -> list[UnitLine]:
        """The units with items the reader may see: first those with most that is not filed."""
        ids = list(self.figures.by_unit)
        rows = db.session.scalars(select(Unit).where(Unit.id.in_(ids)).order_by(Unit.code))
        lines = [self._line(unit) for unit in rows]
        return sorted(lines, key=lambda line: (-line.unfiled, -line.total, line.unit.code))

    def _line(self, unit: Unit) -> UnitLine:
        found, own = self.figures, {"unit_id": unit.id}
        shares = [(status, found.of(status, **own)) for status in BAR]
        return UnitLine(
            unit,
            found.of(*queries.STATUSES, **own),
            found.of(*queries.FILED, **own),
            found.of(*queries.DECIDED, **own),
            found.of(*queries.NOT_FILED, **own),
            found.of("overdue", **own) > 0,
            [(status, count) for status, count in shares if count],
        )

    @cached_property
    def steps(self) -> dict[int, str]:
        """Where the cases shown are now, by case id."""
        ids = [row.item.instance_id for row in self._shown if row.status == "filed"]
        if not ids:
            return {}
        tasks = select(UserTask.instance_id, UserTask.name).where(
            UserTask.instance_id.in_(ids), UserTask.state == "open"
        )
        return {row[0]: row[1] for row in db.session.execute(tasks.order_by(UserTask.id.desc()))}

    @cached_property
    def zero(self) -> list[CampaignItem]:
        """Zero reports that are this reader's to file."""
        if self.campaign.state == "planned":
            return []
        found = queries.own_zero_items(self.user, self.campaign.id)
        return [item for item in found if can(self.user, "report", item)]

    @cached_property
    def timeline(self) -> list[Stretch]:
        """The whole campaign, then its windows, as stretches of one time line."""
        rows = [(self.whole_name, self.campaign.opens_on, self.campaign.last_day)]
        for window in self.campaign.windows:
            name = (window["name_en"] or window["name_zh"]) if self.moments.locale == "en" else window["name_zh"]
            rows.append((name, date.fromisoformat(window["first"]), date.fromisoformat(window["last"])))
        return [self._stretch(*row) for row in rows]

    @property
    def whole_name(self) -> str:
        return str(_("提交"))

    def _stretch(self, name: str, first: date, last: date) -> Stretch:
        today = self.moments.today
        when = "over" if last < today else "now" if first <= today else "ahead"
        return Stretch(name, first, last, self._place(first), max(6, self._place(last, 1) - self._place(first)), when)

    @property
    def today_place(self) -> int | None:
        """Where today stands on the time line; None when it lies outside."""
        place = self._place(self.moments.today)
        return place if 0 <= place <= 1000 else None

    def _place(self, day: date, more: int = 0) -> int:
        begin, end = self._ends
        return round(1000 * ((day - begin).days + more) / ((end - begin).days + 1))

    @cached_property
    def _ends(self) -> tuple[date, date]:
        windows = self.campaign.windows
        firsts = [date.fromisoformat(window["first"]) for window in windows]
        lasts = [date.fromisoformat(window["last"]) for window in windows]
        return min([self.campaign.opens_on, *firsts]), max([self.campaign.last_day, *lasts])

    @cached_property
    def reminders(self) -> list[tuple[str, str, str]]:
        """(what, when, state) of the reminders."""
        rows = queries.reminders(self.campaign.id)
        return [(reminder_name(row.span), self.moments.minute(row.at), row.state) for row in rows]
