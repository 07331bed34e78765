"""Reads about campaigns, always within one institution and narrowed to what the person asking may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import joinedload

from webapp.campaigns.models import Campaign, CampaignItem, CampaignReminder
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.policy import visible
from webapp.registry.models import Account, Filing
from webapp.workflow.models import Answers, ProcessInstance

PAGE = 50
# What an item can be, in the order a board shows it.
STATUSES = ("problem", "waiting", "unfiled", "overdue", "filed", "passed", "failed", "zero")
NOT_FILED = ("problem", "waiting", "unfiled", "overdue")
FILED = ("filed", "passed", "failed", "zero")
DECIDED = ("passed", "failed", "zero")
_PASSED = ("approved", "received", "recorded")


@dataclass(frozen=True)
class ItemFilter:
    """What a list of items is narrowed to; empty means any."""

    status: str = ""
    unit_id: int | None = None
    text: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.status or self.unit_id or self.text)


@dataclass(frozen=True)
class ItemRow:
    """One item with how it stands. `late`: filed after the last day."""

    item: CampaignItem
    unit: Unit
    status: str
    late: bool
    filed_at: datetime | None
    instance: ProcessInstance | None


@dataclass
class Figures:
    """How many items stand how, in all and by unit; `late` of those filed came after the last day."""

    total: dict[str, int] = field(default_factory=dict)
    by_unit: dict[int, dict[str, int]] = field(default_factory=dict)
    late: int = 0

    @property
    def count(self) -> int:
        return sum(self.total.values())

    def of(self, *statuses: str, unit_id: int | None = None) -> int:
        """How many items stand in one of these ways, in all or in one unit."""
        counts = self.total if unit_id is None else self.by_unit.get(unit_id, {})
        return sum(counts.get(status, 0) for status in statuses)


def campaign(user: User, campaign_id: int) -> Campaign | None:
    """A campaign the person may see."""
    statement = visible(user, select(Campaign).where(Campaign.id == campaign_id), Campaign)
    found: Campaign | None = db.session.scalar(statement)
    return found


def campaigns(user: User, states: Sequence[str], *, before: int | None = None, limit: int = 30) -> Sequence[Campaign]:
    """Campaigns in one of these states, those that opened last first."""
    statement = visible(user, select(Campaign).where(Campaign.state.in_(states)), Campaign)
    if before is not None:
        statement = statement.where(Campaign.id < before)
    return db.session.scalars(statement.order_by(Campaign.opens_on.desc(), Campaign.id.desc()).limit(limit)).all()


def by_period(institution_id: int, key: str, period: str) -> Campaign | None:
    statement = select(Campaign).where(Campaign.institution_id == institution_id, Campaign.key == key)
    return db.session.scalar(statement.where(Campaign.period == period))


def planned(institution_id: int, key: str) -> Campaign | None:
    """The opening that is planned next, if any."""
    statement = select(Campaign).where(Campaign.institution_id == institution_id, Campaign.key == key)
    return db.session.scalar(statement.where(Campaign.state == "planned").order_by(Campaign.opens_on).limit(1))


def item(user: User, item_id: int) -> CampaignItem | None:
    """An item the person may see, with its campaign and unit."""
    statement = visible(user, select(CampaignItem).where(CampaignItem.id == item_id), CampaignItem)
    found: CampaignItem | None = db.session.scalar(
        statement.options(joinedload(CampaignItem.campaign), joinedload(CampaignItem.unit))
    )
    return found


def own_zero_items(user: User, campaign_id: int) -> Sequence[CampaignItem]:
    """Zero reports of the campaign the person may see and that nobody has filed yet."""
    statement = select(CampaignItem).where(CampaignItem.campaign_id == campaign_id, CampaignItem.kind == "zero")
    statement = visible(user, statement.where(CampaignItem.reported_at.is_(None)), CampaignItem)
    options = (joinedload(CampaignItem.campaign), joinedload(CampaignItem.unit))
    return db.session.scalars(statement.options(*options).order_by(CampaignItem.id)).all()


def figures(user: User | None, row: Campaign, now: datetime) -> Figures:
    """Counted over the items the person may see; over all of them without a person (closing)."""
    status = status_of(row, now)
    late = func.sum(case((and_(Filing.late, is_filed()), 1), else_=0))
    statement = joined(select(CampaignItem.unit_id, status, func.count(), late)).where(
        CampaignItem.campaign_id == row.id
    )
    if user is not None:
        statement = visible(user, statement, CampaignItem)
    found = Figures()
    for unit_id, name, count, lates in db.session.execute(statement.group_by(CampaignItem.unit_id, status)):
        found.total[name] = found.total.get(name, 0) + count
        found.by_unit.setdefault(unit_id, {})[name] = count
        found.late += lates or 0
    return found


def rows(
    user: User | None,
    campaign: Campaign,
    wanted: ItemFilter,
    now: datetime,
    *,
    after: int = 0,
    limit: int = PAGE,
) -> list[ItemRow]:
    """Items with an id above `after`, at most `limit`; all of them without a person."""
    status = status_of(campaign, now)
    columns = (CampaignItem, Unit, status, Filing.late, _first_filed(), ProcessInstance)
    statement = joined(select(*columns)).join(Unit, Unit.id == CampaignItem.unit_id)
    statement = statement.where(CampaignItem.campaign_id == campaign.id, CampaignItem.id > after)
    if wanted.status:
        statement = statement.where(status == wanted.status)
    if wanted.unit_id:
        statement = statement.where(CampaignItem.unit_id == wanted.unit_id)
    if wanted.text:
        statement = statement.where(CampaignItem.name.contains(wanted.text, autoescape=True))
    if user is not None:
        statement = visible(user, statement, CampaignItem)
    found = db.session.execute(statement.order_by(CampaignItem.id).limit(limit))
    return [
        ItemRow(row, unit, name, bool(late) and name in FILED, at or row.reported_at, instance)
        for row, unit, name, late, at, instance in found
    ]


def unfinished(campaign_id: int) -> bool:
    """Whether an item still waits for anything: its case, its filing or its decision."""
    statement = joined(select(CampaignItem.id)).where(CampaignItem.campaign_id == campaign_id)
    open_zero = and_(CampaignItem.kind == "zero", CampaignItem.reported_at.is_(None))
    undecided = and_(CampaignItem.kind == "case", func.coalesce(ProcessInstance.state, "") != "ended")
    return db.session.scalar(statement.where(or_(open_zero, undecided)).limit(1)) is not None


def reminders(campaign_id: int) -> Sequence[CampaignReminder]:
    """The reminders of a campaign, in the order they are sent."""
    statement = select(CampaignReminder).where(CampaignReminder.campaign_id == campaign_id)
    return db.session.scalars(statement.order_by(CampaignReminder.at, CampaignReminder.id)).all()


def status_of(campaign: Campaign, now: datetime) -> ColumnElement[str]:
    """How an item stands, as an SQL expression over an item joined with its case and filing."""
    open_word = "overdue" if now > campaign.ends_at else "unfiled"
    return case(
        (CampaignItem.reported_at.is_not(None), "zero"),
        (CampaignItem.kind == "zero", open_word),
        (CampaignItem.problem != "", "problem"),
        (CampaignItem.instance_id.is_(None), "waiting"),
        (and_(ProcessInstance.state == "ended", ProcessInstance.outcome.in_(_PASSED)), "passed"),
        (and_(ProcessInstance.state == "ended", ProcessInstance.outcome != "terminated"), "failed"),
        (and_(is_filed(), ProcessInstance.state.not_in(["withdrawn", "ended"])), "filed"),
        else_=open_word,
    )


def is_filed() -> ColumnElement[bool]:
    """Whether the item's application was ever filed."""
    return (
        exists()
        .where(Answers.instance_id == CampaignItem.instance_id, Answers.element == "Application")
        .correlate(CampaignItem)
    )


def _first_filed() -> Any:
    statement = select(func.min(Answers.filed_at)).where(
        Answers.instance_id == CampaignItem.instance_id, Answers.element == "Application"
    )
    return statement.correlate(CampaignItem).scalar_subquery()


def joined(statement: Any) -> Any:
    own = and_(Filing.institution_id == CampaignItem.institution_id, Filing.instance_id == CampaignItem.instance_id)
    return (
        statement.select_from(CampaignItem)
        .outerjoin(ProcessInstance, ProcessInstance.id == CampaignItem.instance_id)
        .outerjoin(Filing, own)
    )


def passed_targets(campaign: Campaign) -> int:
    """How many accounts or units the opening has looked at."""
    noun = Account if campaign.targets == "accounts" else Unit
    statement = select(func.count()).select_from(noun).where(noun.institution_id == campaign.institution_id)
    return db.session.scalar(statement.where(noun.id <= campaign.cursor)) or 0


def opened_items(campaign: Campaign) -> int:
    """How many cases of the campaign are there."""
    statement = select(func.count()).select_from(CampaignItem).where(CampaignItem.campaign_id == campaign.id)
    return db.session.scalar(statement.where(CampaignItem.instance_id.is_not(None))) or 0


def count_items(campaign_id: int) -> int:
    """How many items there are, zero reports included."""
    statement = select(func.count()).select_from(CampaignItem).where(CampaignItem.campaign_id == campaign_id)
    return db.session.scalar(statement) or 0
