"""Reminders before the last day, and after it a word to the lead office. Each person is told once for each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, select

from webapp.campaigns import dates, events, queries
from webapp.campaigns.commands import locked_campaign
from webapp.campaigns.models import Campaign, CampaignItem, CampaignReminder
from webapp.campaigns.people import holders_of, leads, reporting_roles
from webapp.campaigns.planning import zone_of
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.queries import pinned
from webapp.extensions import db, transactional
from webapp.notifications.commands import tell
from webapp.organization.queries import local_day
from webapp.registry.models import Filing
from webapp.workflow.deadlines import institution_calendar
from webapp.workflow.models import ProcessInstance

BATCH = 50
BUDGET_SECONDS = 5.0
MOST_NAMED = 20
OVERDUE = "overdue"


def entry_of(campaign: Campaign) -> CampaignEntry:
    """The pack's entry as it stood when the campaign opened."""
    assert campaign.definition_id is not None
    entry = pinned(campaign.definition_id).bundle.pack.campaign(campaign.key)
    assert entry is not None
    return entry


def arm(campaign: Campaign, now: datetime) -> None:
    """Write the campaign's reminders; one whose moment passed before the opening is not sent any more."""
    zone, calendar = zone_of(campaign.institution_id), institution_calendar(campaign.institution_id)
    campaign.calendar_version = calendar.version
    opened = campaign.opened_at or now
    moments = {text: dates.reminder_at(text, campaign.ends_at, calendar, zone) for text in entry_of(campaign).reminders}
    for text, at in {**moments, OVERDUE: campaign.ends_at}.items():
        db.session.add(
            CampaignReminder(
                institution_id=campaign.institution_id,
                campaign_id=campaign.id,
                span=text,
                at=at,
                state="waiting" if at > opened else "void",
            )
        )


def remind_due(now: datetime) -> int:
    """Send what is due of the open campaigns, up to 50 people a transaction; returns how many were told."""
    began, done = time.monotonic(), _reckon_due(now)
    statement = (
        select(CampaignReminder.id)
        .join(Campaign, Campaign.id == CampaignReminder.campaign_id)
        .where(CampaignReminder.state == "waiting", CampaignReminder.at <= now, Campaign.state == "open")
        .order_by(CampaignReminder.at, CampaignReminder.id)
    )
    for reminder_id in db.session.scalars(statement.limit(BATCH)).all():
        while told := _remind(reminder_id, now):
            done += told
            if time.monotonic() - began > BUDGET_SECONDS:
                return done
    return done


def _reckon_due(now: datetime) -> int:
    """Reckon reminders anew where the working calendar has changed since; returns how many campaigns."""
    rows = db.session.execute(
        select(Campaign.id, Campaign.institution_id, Campaign.calendar_version).where(Campaign.state == "open")
    ).all()
    versions = {institution_id: institution_calendar(institution_id).version for _id, institution_id, _v in rows}
    return sum(_reckon(row[0]) for row in rows if versions[row[1]] != row[2])


@transactional
def _reckon(campaign_id: int) -> int:
    campaign = locked_campaign(campaign_id)
    if campaign is None or campaign.state != "open":
        return 0
    zone, calendar = zone_of(campaign.institution_id), institution_calendar(campaign.institution_id)
    for reminder in queries.reminders(campaign_id):
        if reminder.state == "waiting" and reminder.span != OVERDUE:
            reminder.at = dates.reminder_at(reminder.span, campaign.ends_at, calendar, zone)
    campaign.calendar_version = calendar.version
    return 1


@transactional
def _remind(reminder_id: int, now: datetime) -> int:
    """Tell the next people of one reminder; 0 when it is done with."""
    statement = select(CampaignReminder).where(CampaignReminder.id == reminder_id).with_for_update(skip_locked=True)
    reminder = db.session.scalar(statement, execution_options={"populate_existing": True})
    if reminder is None or reminder.state != "waiting" or reminder.at > now:
        return 0
    campaign = db.session.get_one(Campaign, reminder.campaign_id)
    if reminder.span == OVERDUE:
        told = _tell_leads(campaign, now)
    else:
        found = db.session.scalars(_unfiled_applicants(campaign, reminder.cursor, now))
        people = [person for person in found if person is not None]
        for person in people:
            _tell_applicant(campaign, person, reminder.span, now)
        if people:
            reminder.cursor, reminder.told = people[-1], reminder.told + len(people)
            return len(people)
        told = _tell_reporters(campaign, reminder.span, now)
    reminder.state, reminder.told = "sent", reminder.told + told
    events.write("reminded", campaign, None, now, span=reminder.span, people=reminder.told)
    return max(told, 1)


def _unfiled(campaign: Campaign, now: datetime) -> Select[CampaignItem]:
    status = queries.status_of(campaign, now)
    return (
        select(CampaignItem)
        .outerjoin(ProcessInstance, ProcessInstance.id == CampaignItem.instance_id)
        .outerjoin(Filing, Filing.instance_id == CampaignItem.instance_id)
        .where(CampaignItem.campaign_id == campaign.id, status.in_(["unfiled", "overdue"]))
    )


def _unfiled_applicants(campaign: Campaign, after: int, now: datetime) -> Select[int | None]:
    statement = _unfiled(campaign, now).with_only_columns(CampaignItem.applicant_id).distinct()
    people = statement.where(CampaignItem.kind == "case", CampaignItem.applicant_id > after)
    return people.order_by(CampaignItem.applicant_id).limit(BATCH)


def _tell_applicant(campaign: Campaign, person: int, span: str, now: datetime) -> None:
    statement = _unfiled(campaign, now).where(CampaignItem.applicant_id == person).order_by(CampaignItem.id)
    items = db.session.scalars(statement.limit(MOST_NAMED + 1)).all()
    names = "、".join(f"「{item.name}」" for item in items[:MOST_NAMED]) + ("……" if len(items) > MOST_NAMED else "")
    subject = _("请在 %(day)s 前提交：%(name)s", day=campaign.last_day.isoformat(), name=title_of(campaign))
    body = _("还没有提交的：%(names)s。到待办中打开即可填写，去年的答案和登记内容已预先填好。", names=names)
    _tell_people(campaign, [person], subject, body, span, now, items[0].instance_id if items else None)


def _tell_reporters(campaign: Campaign, span: str, now: datetime) -> int:
    """The units that have nothing to file and have not said so yet; returns how many people were told."""
    zero = _unfiled(campaign, now).where(CampaignItem.kind == "zero")
    units = {item.unit_id for item in db.session.scalars(zero)}
    if not units:
        return 0
    day = local_day(now, zone_of(campaign.institution_id).key)
    found = holders_of(campaign.institution_id, _reporting_roles(campaign), day, units)
    people = {user.id for users in found.values() for user in users}
    subject = _("请在 %(day)s 前零报告：%(name)s", day=campaign.last_day.isoformat(), name=title_of(campaign))
    body = _("本单位没有需要提交的账号，请在“集中工作”页上确认零报告。")
    _tell_people(campaign, sorted(people), subject, body, f"{span}:zero", now, None)
    return len(people)


def _reporting_roles(campaign: Campaign) -> tuple[str, ...]:
    assert campaign.definition_id is not None
    return reporting_roles(pinned(campaign.definition_id).bundle.pack, entry_of(campaign))


def _tell_leads(campaign: Campaign, now: datetime) -> int:
    """Tell the lead office how many are overdue; nobody when none is."""
    found = queries.figures(None, campaign, now)
    count = found.of(*queries.NOT_FILED)
    if not count:
        return 0
    day = local_day(now, zone_of(campaign.institution_id).key)
    people = [user.id for user in leads(campaign.institution_id, entry_of(campaign).manage_roles, day)]
    subject = _("已截止，%(count)s 项逾期：%(name)s", count=count, name=title_of(campaign))
    units = sum(1 for unit_id in found.by_unit if found.of(*queries.NOT_FILED, unit_id=unit_id))
    body = ngettext(
        "%(day)s 已截止，还有 %(count)s 项没有提交，涉及 %(num)s 个单位，请在“集中工作”页上查看。",
        "%(day)s 已截止，还有 %(count)s 项没有提交，涉及 %(num)s 个单位，请在“集中工作”页上查看。",
        units,
        day=campaign.last_day.isoformat(),
        count=count,
    )
    _tell_people(campaign, people, subject, body, OVERDUE, now, None)
    return len(people)


def title_of(campaign: Campaign) -> str:
    """The campaign as a message names it."""
    return f"{campaign.name_zh}（{campaign.period}）"


def _tell_people(
    campaign: Campaign,
    people: Sequence[int],
    subject: str,
    body: str,
    span: str,
    now: datetime,
    instance_id: int | None,
) -> None:
    tell(
        campaign.institution_id,
        people,
        subject,
        body,
        instance_id=instance_id,
        now=now,
        key=f"campaign:{campaign.id}:{span}",
        text_key="campaign_reminder",
        kind="reminder",
    )
