"""Planning campaigns that recur, and letting them begin on their day.

For every campaign that recurs one row is planned: the next opening, whose days the lead office may change. On its day
the row begins to open, and the next is planned in the same transaction. A day missed while nothing ran is made up
for once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from webapp.campaigns import dates, events
from webapp.campaigns.models import Campaign
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.queries import bundle, current_deployment, newest
from webapp.extensions import db, remembered, transactional, work_waits
from webapp.organization.models import Institution, User
from webapp.organization.queries import local_day
from webapp.workdays import Calendar
from webapp.workflow.deadlines import institution_calendar

BATCH = 50


def plan_due(now: datetime) -> int:
    """Plan the next opening of what recurs, for institutions whose pack has changed; returns how many rows changed."""
    # The newest definition each institution was planned for. Only saves asking: planning again changes nothing.
    known: dict[int, int] = remembered("planned")
    last = func.max(ProcessDefinition.id)
    rows = db.session.execute(select(ProcessDefinition.institution_id, last).group_by("institution_id")).all()
    done = 0
    for institution_id, newest_id in rows:
        if known.get(institution_id) != newest_id:
            done += _once(_plan, institution_id, now)
            known[institution_id] = newest_id
    return done


def begin_due(now: datetime) -> int:
    """Begin the planned campaigns whose day has come; returns how many."""
    statement = select(Campaign.id).where(Campaign.state == "planned", Campaign.opens_at <= now)
    return sum(_once(_begin, key, now) for key in db.session.scalars(statement.limit(BATCH)).all())


def _once(act: Callable[[int, datetime], int], key: int, now: datetime) -> int:
    """Where two workers plan the same opening at once, the one that comes second has nothing to do."""
    try:
        return act(key, now)
    except IntegrityError:
        return 0


@transactional
def _plan(institution_id: int, now: datetime) -> int:
    deployment = current_deployment(institution_id)
    pack = bundle(deployment).pack if deployment else None
    done = 0
    for entry in pack.campaigns if pack else ():
        done += plan_next(institution_id, entry, now)
    return done


def plan_next(institution_id: int, entry: CampaignEntry, now: datetime) -> int:
    """Plan the next opening of one campaign, or bring a planned one that nobody has changed to what the pack says."""
    if entry.recurs is None:
        return 0
    zone = zone_of(institution_id)
    today = local_day(now, zone.key)
    statement = select(Campaign).where(Campaign.institution_id == institution_id, Campaign.key == entry.key)
    rows = db.session.scalars(statement).all()
    row = next((row for row in rows if row.state == "planned"), None)
    if row is not None and (row.planned_by_id is not None or row.opens_on <= today):
        return 0
    taken = {other.period for other in rows if other is not row}
    day = dates.next_opening(entry.recurs, today)
    while dates.period_of(entry.period, day) in taken:
        day = dates.next_opening(entry.recurs, day + timedelta(days=1))
    calendar = institution_calendar(institution_id)
    proposal = dates.proposed(entry, day, calendar)
    if row is not None and (row.opens_on, row.last_day, row.windows) == (day, proposal.last_day, proposal.windows):
        return 0
    fresh = row is None
    row = row or new_campaign(institution_id, entry)
    row.period, row.state = dates.period_of(entry.period, day), "planned"
    set_days(row, proposal.opens_on, proposal.last_day, proposal.windows, zone)
    if fresh:
        db.session.add(row)
    db.session.flush()
    events.write("planned", row, None, now, **events.days_of(row))
    return 1


def new_campaign(institution_id: int, entry: CampaignEntry) -> Campaign:
    """A row for one campaign of the pack, without days."""
    return Campaign(
        institution_id=institution_id,
        key=entry.key,
        process=entry.process,
        targets=entry.targets,
        name_zh=entry.name_zh,
        name_en=entry.name_en,
    )


def set_days(row: Campaign, opens_on: date, last_day: date, windows: list[dict[str, str]], zone: ZoneInfo) -> None:
    """Set first and last day, their moments, and the windows."""
    row.opens_on, row.last_day, row.windows = opens_on, last_day, windows
    row.opens_at, row.ends_at = dates.first_moment(opens_on, zone), dates.last_moment(last_day, zone)


def zone_of(institution_id: int) -> ZoneInfo:
    return ZoneInfo(db.session.get_one(Institution, institution_id).time_zone)


@transactional
def _begin(campaign_id: int, now: datetime) -> int:
    statement = select(Campaign).where(Campaign.id == campaign_id).with_for_update()
    row = db.session.scalar(statement, execution_options={"populate_existing": True})
    if row is None or row.state != "planned" or row.opens_at > now:
        return 0
    deployment = current_deployment(row.institution_id)
    entry = bundle(deployment).pack.campaign(row.key) if deployment else None
    if entry is None:  # the pack has given the campaign up
        events.write("dropped", row, None, now)
        db.session.delete(row)
        return 1
    zone, calendar = zone_of(row.institution_id), institution_calendar(row.institution_id)
    today = local_day(now, zone.key)
    if row.last_day < today:  # its whole time was missed: it is made up for with as many days
        length = row.last_day - row.opens_on
        last_day = today + length
        while not calendar.is_workday(last_day):
            last_day += timedelta(days=1)
        shift = today - row.opens_on
        set_days(row, today, last_day, [_shifted(window, shift) for window in row.windows], zone)
    begin(row, entry, None, now, calendar, zone)
    plan_next(row.institution_id, entry, now)
    return 1


def begin(
    row: Campaign, entry: CampaignEntry, actor: User | None, now: datetime, calendar: Calendar, zone: ZoneInfo
) -> None:
    """Let a campaign open from now on: its items are made by the job that follows."""
    definition = newest(row.institution_id, entry.process)
    row.definition_id = definition.id if definition else None
    row.name_zh, row.name_en, row.process, row.targets = entry.name_zh, entry.name_en, entry.process, entry.targets
    row.state, row.opened_at, row.opened_by_id = "opening", now, actor.id if actor else None
    row.calendar_version = calendar.version
    db.session.add(row)
    db.session.flush()
    events.write("opened", row, actor, now, **events.days_of(row))
    work_waits()


def _shifted(window: dict[str, str], by: timedelta) -> dict[str, str]:
    moved = {end: (date.fromisoformat(window[end]) + by).isoformat() for end in ("first", "last")}
    return {**window, **moved}
