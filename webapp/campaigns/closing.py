"""Closing: a case is asked for of each target that has not filed, then the bulletin is published."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from webapp.bulletins.commands import publish
from webapp.campaigns import events, queries
from webapp.campaigns.commands import begin_closing, locked_campaign
from webapp.campaigns.models import Campaign, CampaignItem, CampaignReminder
from webapp.campaigns.planning import zone_of
from webapp.campaigns.reminding import entry_of, title_of
from webapp.campaigns.targets import Prefill, last_answers, targets_of
from webapp.definitions.campaign_entries import Unfiled
from webapp.definitions.queries import pinned
from webapp.errors import Invalid
from webapp.extensions import db, transactional, work_waits
from webapp.faults.commands import report
from webapp.organization.models import Unit, User
from webapp.organization.queries import local_day
from webapp.workflow.requests import request_case

BATCH = 50
BUDGET_SECONDS = 5.0
_log = structlog.get_logger(__name__)


def close_due(now: datetime) -> int:
    """Close what is over and done, and go on with what is closing; returns how much was done."""
    began, done = time.monotonic(), 0
    over = select(Campaign.id).where(Campaign.state == "open", Campaign.ends_at < now).order_by(Campaign.id)
    for campaign_id in db.session.scalars(over.limit(BATCH)).all():
        done += 0 if queries.unfinished(campaign_id) else _finish_by_itself(campaign_id, now)
    closing = select(Campaign.id).where(Campaign.state == "closing").order_by(Campaign.id)
    for campaign_id in db.session.scalars(closing.limit(BATCH)).all():
        try:
            while settled := _settle(campaign_id, now):
                done += settled
                if time.monotonic() - began > BUDGET_SECONDS:
                    return done
        except OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - one campaign that cannot be closed must not hold up the others
            _log.warning("a campaign could not be closed", campaign=campaign_id, error=repr(error))
            _failed(campaign_id, str(getattr(error, "sentence", "") or type(error).__name__), now)
    return done


@transactional
def _failed(campaign_id: int, why: str, now: datetime) -> None:
    campaign = db.session.get_one(Campaign, campaign_id)
    sentence = _("“%(name)s”没能结束：%(why)s", name=campaign.name_zh, why=why)
    report(campaign.institution_id, kind="campaign", sentence=sentence, now=now, element=f"campaign:{campaign_id}")


@transactional
def _finish_by_itself(campaign_id: int, now: datetime) -> int:
    campaign = locked_campaign(campaign_id, skip=True)
    if campaign is None or campaign.state != "open" or campaign.ends_at >= now or queries.unfinished(campaign_id):
        return 0
    begin_closing(campaign, None, now)
    return 1


@transactional
def _settle(campaign_id: int, now: datetime) -> int:
    """The next unfiled targets, or the end; 0 when there is nothing left to do."""
    campaign = locked_campaign(campaign_id, skip=True)
    if campaign is None or campaign.state != "closing":
        return 0
    unfiled = entry_of(campaign).on_close.unfiled
    items = _unsettled(campaign, now) if unfiled else []
    if unfiled and items:
        _request(campaign, unfiled, items, now)
        return len(items)
    _end(campaign, now)
    return 1


def _unsettled(campaign: Campaign, now: datetime) -> Sequence[CampaignItem]:
    statement = queries.joined(select(CampaignItem)).where(
        CampaignItem.campaign_id == campaign.id,
        CampaignItem.kind == "case",
        CampaignItem.settled.is_(False),
        queries.status_of(campaign, now).in_(queries.NOT_FILED),
    )
    return db.session.scalars(statement.order_by(CampaignItem.id).limit(BATCH)).all()


def _request(campaign: Campaign, unfiled: Unfiled, items: Sequence[CampaignItem], now: datetime) -> None:
    targets = targets_of(campaign, items)
    prefill = Prefill(unfiled.answers, campaign, now)
    last = last_answers(campaign, list(targets.values())) if prefill.reads_last else {}
    cause = {"process": campaign.process, "reference": title_of(campaign)}
    for item in items:
        request_case(
            campaign.institution_id,
            f"campaign:{campaign.id}:{item.target}",
            unfiled.process,
            account_id=item.account_id,
            unit_id=item.unit_id,
            answers=prefill.of(targets[item.id].facts, last.get(item.target)),
            open=unfiled.open,
            cause={**cause, "reason": unfiled.reason_zh},
            instance_id=item.instance_id,
            now=now,
        )
    ids = [item.id for item in items]
    db.session.execute(update(CampaignItem).where(CampaignItem.id.in_(ids)).values(settled=True))
    work_waits()


def _end(campaign: Campaign, now: datetime) -> None:
    assert campaign.definition_id is not None
    campaign.state, campaign.closed_at = "closed", now
    void = update(CampaignReminder).where(
        CampaignReminder.campaign_id == campaign.id, CampaignReminder.state == "waiting"
    )
    db.session.execute(void.values(state="void"))
    pack = pinned(campaign.definition_id).bundle.pack
    text = entry_of(campaign).on_close.bulletin
    series = pack.series("bulletin")
    actor = db.session.get(User, campaign.closed_by_id) if campaign.closed_by_id else None
    if text is not None and series is None:
        raise Invalid(_("流程包没有编号序列“%(series)s”。", series="bulletin"))
    if text is not None and series is not None:
        row = publish(
            campaign.institution_id,
            text,
            pack.texts,
            bulletin_values(campaign, now),
            kind="bulletin",
            number_format=series.format,
            year=local_day(now, zone_of(campaign.institution_id).key).year,
            actor=actor,
            now=now,
        )
        campaign.bulletin_id = row.id
    events.write("finished", campaign, actor, now, bulletin_id=campaign.bulletin_id)


def bulletin_values(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """What the text of the bulletin may name: the campaign's name and days, and figures in all and by unit."""
    found = queries.figures(None, campaign, now)
    units = {
        unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(found.by_unit)).order_by(Unit.code))
    }
    counts = _counts(found, None)
    lines = [(unit, _counts(found, unit_id)) for unit_id, unit in units.items()]
    return {
        "name": campaign.name_zh,
        "name_en": campaign.name_en or campaign.name_zh,
        "period": campaign.period,
        "opens_on": campaign.opens_on.isoformat(),
        "last_day": campaign.last_day.isoformat(),
        **counts,
        "late": found.late,
        "units": "\n".join(_line("zh", unit, row) for unit, row in lines),
        "units_en": "\n".join(_line("en", unit, row) for unit, row in lines),
    }


def _counts(found: queries.Figures, unit_id: int | None) -> dict[str, int]:
    everything = queries.STATUSES
    return {
        "total": found.of(*everything, unit_id=unit_id),
        "filed": found.of(*queries.FILED, unit_id=unit_id),
        "unfiled": found.of(*queries.NOT_FILED, unit_id=unit_id),
        "passed": found.of("passed", unit_id=unit_id),
        "failed": found.of("failed", unit_id=unit_id),
        "zero": found.of("zero", unit_id=unit_id),
    }


def _line(locale: str, unit: Unit, row: Mapping[str, int]) -> str:
    """One unit's figures in a language; a bulletin has both, whoever closes the campaign."""
    with force_locale(locale):
        name = (unit.name_en or unit.name_zh) if locale == "en" else unit.name_zh
        if row["zero"] and row["zero"] == row["total"]:
            return str(_("%(unit)s：零报告", unit=name))
        return str(
            _(
                "%(unit)s：应报 %(total)s，已报 %(filed)s，未报 %(unfiled)s，通过 %(passed)s，未通过 %(failed)s",
                unit=name,
                **{key: row[key] for key in ("total", "filed", "unfiled", "passed", "failed")},
            )
        )
