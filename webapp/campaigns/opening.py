"""Opening: one item and one case for each target, up to 50 in a transaction, from where the last one stopped.

The cursor moves in the transaction that opens the cases, and an item is unique for its target: a worker killed
anywhere leaves none out and makes none twice, and two workers take turns at the campaign's row.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from traceback import format_exception
from typing import Any, cast

import structlog
from flask_babel import gettext as _
from sqlalchemy import Table, insert, select, update
from sqlalchemy.exc import OperationalError

from webapp.campaigns import events, queries
from webapp.campaigns.commands import locked_campaign
from webapp.campaigns.facts import campaign_facts
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.reminding import arm, entry_of, title_of
from webapp.campaigns.targets import (
    Prefill,
    Target,
    already_there,
    expected,
    filers,
    known_answers,
    last_answers,
    next_targets,
    of_unit,
    targets_of,
    units_without_items,
)
from webapp.definitions.queries import Pinned, pinned
from webapp.engine import feel
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.notifications.commands import tell
from webapp.workflow.openings import Opening, start_many

BATCH = 50
BUDGET_SECONDS = 5.0
_ITEMS = insert(cast(Table, CampaignItem.__table__))
_log = structlog.get_logger(__name__)


def open_due(now: datetime) -> int:
    """Open what is opening, for five seconds at most; returns how many targets were looked at."""
    began, done = time.monotonic(), 0
    waiting = select(Campaign.id).where(Campaign.state == "opening").order_by(Campaign.id)
    for campaign_id in db.session.scalars(waiting.limit(BATCH)).all():
        while looked_at := _next(campaign_id, now):
            done += looked_at
            if time.monotonic() - began > BUDGET_SECONDS:
                return done
    return done


def _next(campaign_id: int, now: datetime) -> int:
    """The next batch; where it fails, each of its targets by itself, so that one that fails is not in the way."""
    try:
        return _batch(campaign_id, BATCH, now)
    except Exception as error:  # noqa: BLE001 - a diagram or an expression of the pack may raise anything
        _pass_on(error)
    done = 0
    for _place in range(BATCH):
        try:
            found = _batch(campaign_id, 1, now)
        except Exception as error:  # noqa: BLE001 - as above
            _pass_on(error)
            _log.warning("a case of a campaign could not be opened", campaign=campaign_id, error=repr(error))
            found = _stuck(campaign_id, now, error)
        done += found
        if not found:
            break
    return done


def _pass_on(error: Exception) -> None:
    """A database that is gone, locked or full is no target's fault."""
    for found in (error, error.__cause__):
        if isinstance(found, OperationalError):
            raise found


@dataclass(frozen=True)
class _Work:
    """What is next: targets never looked at (`items` empty), or those whose items wait for a case."""

    targets: list[Target]
    items: list[CampaignItem]


@transactional
def _batch(campaign_id: int, limit: int, now: datetime) -> int:
    campaign = locked_campaign(campaign_id, skip=True)
    if campaign is None or campaign.state != "opening":
        return 0
    found = pinned(cast(int, campaign.definition_id))
    if not campaign.scanned and not campaign.cursor:
        campaign.expected = expected(campaign)
    work = _work(campaign, found, limit)
    if not work.targets:
        _finish(campaign, now)
        return 1
    wanted = work.targets if work.items else [target for target in work.targets if _is_meant(campaign, target)]
    made = _open(campaign, found, wanted, now)
    if work.items:
        for item in work.items:
            row = made[item.target]
            item.applicant_id, item.instance_id, item.problem = row["applicant_id"], row["instance_id"], row["problem"]
    else:
        if made:
            db.session.execute(_ITEMS, list(made.values()))
        campaign.cursor = work.targets[-1].id
    return len(work.targets)


def _work(campaign: Campaign, found: Pinned, limit: int) -> _Work:
    if not campaign.scanned:
        return _Work(next_targets(campaign, found.bundle.pack, campaign.cursor, limit), [])
    waiting = select(CampaignItem).where(
        CampaignItem.campaign_id == campaign.id,
        CampaignItem.kind == "case",
        CampaignItem.instance_id.is_(None),
        CampaignItem.problem == "",
    )
    items = list(db.session.scalars(waiting.order_by(CampaignItem.id).limit(limit)))
    targets = targets_of(campaign, items)
    return _Work([targets[item.id] for item in items], items)


def _is_meant(campaign: Campaign, target: Target) -> bool:
    return feel.compile(entry_of(campaign).where).condition(target.facts)


def _open(campaign: Campaign, found: Pinned, targets: Sequence[Target], now: datetime) -> dict[str, dict[str, Any]]:
    """Open the cases of these targets; the items' rows by target. A target that has its case already keeps it."""
    entry = entry_of(campaign)
    people = filers(campaign, entry.applicant_role, targets, now)
    there = already_there(campaign, targets)
    prefill = Prefill(entry.answers, campaign, now)
    last = last_answers(campaign, targets) if prefill.reads_last else {}
    facts = campaign_facts(campaign)
    fresh = [target for target in targets if target.key in people and target.key not in there]
    openings = [
        Opening(
            definition_id=cast(int, campaign.definition_id),
            applicant_id=people[target.key].id,
            unit_id=target.unit.id,
            account_id=target.account.id if target.account else None,
            prefill={**known_answers(found, target), **prefill.of(target.facts, last.get(target.key))},
            campaign=facts,
            key=f"campaign:{campaign.id}:{target.key}",
        )
        for target in fresh
    ]
    cases = start_many(openings, now) if openings else []
    ids = {**there, **{target.key: case.id for target, case in zip(fresh, cases, strict=True)}}
    told = sorted({opening.applicant_id for opening in openings})
    if told:
        _invite(campaign, told, now)
    rows = {target.key: _row(campaign, target) for target in targets}
    for key, row in rows.items():
        row["applicant_id"] = people[key].id if key in people else None
        row["instance_id"], row["problem"] = ids.get(key), "" if key in ids else "nobody"
    return rows


def _row(campaign: Campaign, target: Target) -> dict[str, Any]:
    """The item of a target, before it has a case."""
    return {
        "institution_id": campaign.institution_id,
        "campaign_id": campaign.id,
        "kind": "case",
        "target": target.key,
        "name": target.name[:120],
        "platform": target.account.platform if target.account else "",
        "account_id": target.account.id if target.account else None,
        "unit_id": target.unit.id,
        "problem": "",
    }


def _invite(campaign: Campaign, people: Sequence[int], now: datetime) -> None:
    """Tell each person once that there is something to file, however many accounts are theirs."""
    subject = _("请在 %(day)s 前提交：%(name)s", day=campaign.last_day.isoformat(), name=title_of(campaign))
    body = _("已为您负责的每个账号开好申请，登记内容和上次的答案已预先填好，请到待办中核对后提交。")
    tell(
        campaign.institution_id,
        people,
        subject,
        body,
        instance_id=None,
        now=now,
        key=f"campaign:{campaign.id}:opened",
        text_key="campaign_opened",
        kind="task",
    )


def _finish(campaign: Campaign, now: datetime) -> None:
    """All targets have been looked at: units without one are asked for a zero report, the reminders are armed."""
    first = not campaign.scanned
    if first and entry_of(campaign).zero_report:
        rows = [{**_row(campaign, of_unit(unit)), "kind": "zero"} for unit in units_without_items(campaign)]
        if rows:
            db.session.execute(_ITEMS, rows)
    campaign.scanned, campaign.state = True, "open"
    if first:
        arm(campaign, now)
    db.session.flush()
    events.write("ready", campaign, None, now, items=queries.count_items(campaign.id))


@transactional
def _stuck(campaign_id: int, now: datetime, error: Exception) -> int:
    """Note that the next target's case could not be opened, tell the administrator, and go on."""
    campaign = locked_campaign(campaign_id)
    if campaign is None or campaign.state != "opening":
        return 0
    found = pinned(cast(int, campaign.definition_id))
    work = _work(campaign, found, 1)
    if not work.targets:
        return 0
    (target,) = work.targets
    if work.items:
        stuck = update(CampaignItem).where(CampaignItem.id == work.items[0].id)
        db.session.execute(stuck.values(problem="failed"))
    else:
        db.session.execute(_ITEMS, {**_row(campaign, target), "problem": "failed"})
        campaign.cursor = target.id
    why = str(getattr(error, "sentence", "") or type(error).__name__)
    report(
        campaign.institution_id,
        kind="campaign",
        sentence=_("“%(campaign)s”没能为“%(name)s”开启：%(why)s", campaign=campaign.name_zh, name=target.name, why=why),
        detail="".join(format_exception(error)),
        element=f"campaign:{campaign.id}:{target.key}",
        now=now,
    )
    return 1
