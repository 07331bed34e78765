"""What people do to campaigns: plan or open one, file a unit's zero report, close. Each writes its ledger event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp.campaigns import dates, events, queries
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.planning import begin, new_campaign, plan_next, set_days, zone_of
from webapp.campaigns.rules import managed
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.errors import Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db, transactional, work_waits
from webapp.organization.models import User
from webapp.organization.policy import demand
from webapp.organization.queries import local_day
from webapp.workflow.deadlines import institution_calendar

LONGEST_DAYS = 1000


@dataclass(frozen=True)
class Wanted:
    """The days a person set for a campaign. `windows`: key -> (first, last); what is not named keeps its proposal."""

    opens_on: date
    last_day: date
    period: str = ""
    windows: dict[str, tuple[date, date]] = field(default_factory=dict)


def open_campaign(actor: User, key: str, wanted: Wanted, now: datetime) -> Campaign:
    """Open a campaign of the pack: at once when its first day has come, else it is planned for that day.

    An opening that was planned already takes these days. Raises Forbidden (not this person's), NotFound (no such
    campaign), Invalid (days that do not follow each other), Refused (this period has been opened).
    """
    try:
        return _open(actor, key, wanted, now)
    except IntegrityError as error:
        raise Refused(_("这一期刚刚由他人开启。")) from error


@transactional
def _open(actor: User, key: str, wanted: Wanted, now: datetime) -> Campaign:
    entry = next((entry for entry in managed(actor) if entry.key == key), None)
    if entry is None:
        raise Forbidden(_("您不能开启这项集中工作。"))
    zone, calendar = zone_of(actor.institution_id), institution_calendar(actor.institution_id)
    today = local_day(now, zone.key)
    check_days(wanted, today)
    proposal = dates.proposed(entry, wanted.opens_on, calendar)
    windows = [_with_days(window, wanted) for window in proposal.windows]
    period = wanted.period.strip() or dates.period_of(entry.period, wanted.opens_on)
    row = _row(actor.institution_id, entry, period)
    row.period = period
    set_days(row, wanted.opens_on, wanted.last_day, windows, zone)
    row.planned_by_id = actor.id
    db.session.add(row)
    db.session.flush()
    if wanted.opens_on > today:
        events.write("planned", row, actor, now, **events.days_of(row))
        return row
    begin(row, entry, actor, now, calendar, zone)
    plan_next(actor.institution_id, entry, now)
    return row


def check_days(wanted: Wanted, today: date) -> None:
    """Raise Invalid naming each day that is out of order."""
    problems = []
    if wanted.last_day < wanted.opens_on:
        problems.append(("last_day", _("截止日不能早于开始日")))
    elif (wanted.last_day - wanted.opens_on).days > LONGEST_DAYS:
        problems.append(("last_day", _("截止日离开始日太远，请核对年份")))
    elif wanted.last_day < today:
        problems.append(("last_day", _("截止日已经过去")))
    if (wanted.opens_on - today).days > LONGEST_DAYS:
        problems.append(("opens_on", _("开始日太远，请核对年份")))
    for key, (first, last) in wanted.windows.items():
        if last < first:
            problems.append((f"{key}_last", _("阶段的最后一天不能早于第一天")))
    if problems:
        raise Invalid(problems[0][1], tuple(problems))


def _with_days(window: dict[str, Any], wanted: Wanted) -> dict[str, Any]:
    if window["key"] not in wanted.windows:
        return window
    first, last = wanted.windows[window["key"]]
    return {**window, "first": first.isoformat(), "last": last.isoformat()}


def _row(institution_id: int, entry: CampaignEntry, period: str) -> Campaign:
    """The planned row of this campaign, else a new one."""
    there = queries.by_period(institution_id, entry.key, period)
    if there is not None and there.state != "planned":
        raise Refused(_("“%(name)s”%(period)s 期已经开启过。", name=entry.name_zh, period=period))
    planned = there or queries.planned(institution_id, entry.key)
    if planned is None:
        return new_campaign(institution_id, entry)
    locked = locked_campaign(planned.id)
    if locked is None or locked.state != "planned":
        raise Refused(_("这一期刚刚由他人开启。"))
    return locked


def locked_campaign(campaign_id: int, *, skip: bool = False) -> Campaign | None:
    """The campaign as it stands now, locked until the transaction ends; None when absent or (`skip`) held by others."""
    statement = select(Campaign).where(Campaign.id == campaign_id).with_for_update(skip_locked=skip)
    return db.session.scalar(statement, execution_options={"populate_existing": True})


@transactional
def report_zero(actor: User, item_id: int, now: datetime) -> CampaignItem:
    """零报告: a unit confirms that it has nothing to file. Saying it again changes nothing.

    Raises NotFound (absent or invisible), Forbidden (the unit does not report through this person).
    """
    item = queries.item(actor, item_id)
    if item is None or item.kind != "zero":
        raise NotFound(_("没有这项零报告。"))
    demand(actor, "report", item)
    statement = select(CampaignItem).where(CampaignItem.id == item_id).with_for_update()
    item = db.session.scalars(statement, execution_options={"populate_existing": True}).one()
    if item.reported_at is not None:
        return item
    item.reported_at, item.reported_by_id = now, actor.id
    late = now > item.campaign.ends_at
    events.write("filed", item.campaign, actor, now, subject="zero_report", unit_id=item.unit_id, late=late)
    return item


@transactional
def close(actor: User, campaign_id: int, now: datetime) -> Campaign:
    """Close a campaign; the job that follows requests what the pack asks for of those who did not file.

    Closing one that is closed (or being closed) does nothing. Raises NotFound, Forbidden, Refused (it has not opened,
    or is still opening).
    """
    row = queries.campaign(actor, campaign_id)
    if row is None:
        raise NotFound(_("没有这项集中工作。"))
    demand(actor, "manage", row)
    locked = locked_campaign(campaign_id)
    assert locked is not None
    if locked.state in ("closing", "closed"):
        return locked
    if locked.state != "open":
        raise Refused(_("还没有全部开启，开启完才能结束。"))
    begin_closing(locked, actor, now)
    return locked


def begin_closing(row: Campaign, actor: User | None, now: datetime) -> None:
    """Let a locked, open campaign close from now on."""
    row.state, row.closed_by_id = "closing", actor.id if actor else None
    found = queries.figures(None, row, now)
    kept = {status: found.total.get(status, 0) for status in queries.STATUSES}
    events.write("closed", row, actor, now, figures=kept)
    work_waits()


@transactional
def try_again(actor: User, campaign_id: int, now: datetime) -> int:
    """Let the items without a case be opened once more, after somebody mended the cause; returns how many.

    Raises NotFound, Forbidden, Refused (the campaign is closed).
    """
    row = queries.campaign(actor, campaign_id)
    if row is None:
        raise NotFound(_("没有这项集中工作。"))
    demand(actor, "manage", row)
    locked = locked_campaign(campaign_id)
    assert locked is not None
    if locked.state not in ("opening", "open"):
        raise Refused(_("已结束，不能再补开。"))
    stuck = update(CampaignItem).where(CampaignItem.campaign_id == campaign_id, CampaignItem.problem != "")
    ids = db.session.scalars(stuck.values(problem="").returning(CampaignItem.id)).all()
    if ids:
        locked.state = "opening"
        events.write("tried_again", locked, actor, now, items=len(ids))
        work_waits()
    return len(ids)
