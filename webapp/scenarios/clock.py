"""A scenario's clock: it jumps from one moment at which something is due to the next, and does what is due there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, bindparam, func, select

from webapp import jobs
from webapp.campaigns.models import Campaign, CampaignReminder
from webapp.campaigns.planning import plan_next
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db, transactional
from webapp.organization.models import Institution
from webapp.registry.models import Account
from webapp.registry.present import add_months, silent_since
from webapp.scenarios.errors import ScenarioFailed
from webapp.workflow.models import CaseRequest, Timer, UserTask

# Telling people, signing the log and tidying up change no case; campaigns are planned by `plan_campaigns`.
_APART = ("announce_due", "gather_due", "sign_due", "forget_answered", "discard_old_uploads", "plan_due")
_MOST_ROUNDS = 200
# A clock that is asked to pass more moments than this runs in a circle.
_MOST_MOMENTS = 2000


def work(institution_id: int, now: datetime) -> None:
    """Do everything that is due, until nothing is. Raises ScenarioFailed when it never ends."""
    due = [job for job in jobs.JOBS if job.__name__ not in _APART]
    for _round in range(_MOST_ROUNDS):
        # Asking what is due costs one statement, running every job for nothing some twenty.
        coming = next_moment(institution_id, None)
        if coming is None or coming > now or not sum(job(now) for job in due):
            return
    raise ScenarioFailed("the background work does not come to an end")


@transactional
def plan_campaigns(institution_id: int, now: datetime) -> None:
    """Plan what recurs in this institution's pack, so that it opens when the scenario's time comes to its day."""
    deployment = current_deployment(institution_id)
    for entry in bundle(deployment).pack.campaigns if deployment else ():
        plan_next(institution_id, entry, now)


def pass_time(institution_id: int, now: datetime, until: datetime) -> None:
    """Let the time from `now` to `until` pass, doing what is due at each moment, the last one included."""
    at = now
    for _moment in range(_MOST_MOMENTS):
        coming = next_moment(institution_id, at)
        if coming is None or coming > until:
            return work(institution_id, until)
        at = coming
        work(institution_id, at)
    raise ScenarioFailed(f"more than {_MOST_MOMENTS} moments at which something is due")


def next_moment(institution_id: int, after: datetime | None) -> datetime | None:
    """The next moment after `after` (None: since ever) at which something of the institution is due by itself."""
    asked = {"institution": institution_id, **({"after": after} if after else {})}
    found = [at.astimezone(UTC) for at in db.session.execute(_earliest(after is not None), asked).one() if at]
    found += _silent_moments(institution_id, after)
    return min(found, default=None)


@dataclass(frozen=True)
class _Moment:
    """A column that says when a row is due, among the rows that still wait. `later`: it may lie in the future."""

    column: Any
    waiting: Any
    later: bool = True

    def earliest(self, later: bool) -> Any:
        of_institution = self.column.class_.institution_id == bindparam("institution")
        statement = select(func.min(self.column)).where(of_institution, self.waiting)
        return (statement.where(self.column > bindparam("after")) if later else statement).scalar_subquery()


_MOMENTS = (
    _Moment(Timer.next_at, Timer.state == "armed"),
    _Moment(UserTask.remind_at, UserTask.state == "open"),
    _Moment(UserTask.escalate_at, UserTask.state == "open"),
    _Moment(CaseRequest.next_at, CaseRequest.state == "waiting"),
    _Moment(Campaign.opens_at, Campaign.state == "planned"),
    _Moment(Campaign.ends_at, Campaign.state == "open"),
    _Moment(CampaignReminder.at, CampaignReminder.state == "waiting"),
    # What goes on until it is done, whenever it began.
    _Moment(Campaign.opened_at, Campaign.state.in_(["opening", "closing"]), later=False),
    _Moment(UserTask.opened_at, and_(UserTask.state == "open", UserTask.completed_by.is_not(None)), later=False),
)


@cache
def _earliest(later: bool) -> Select[Any]:
    """The earliest moment of each kind, since ever or, where `later`, after a given one."""
    return select(*(moment.earliest(later) for moment in _MOMENTS if moment.later or not later))


def _silent_moments(institution_id: int, after: datetime | None) -> list[datetime]:
    """When accounts in operation will have been silent for as long as the pack's `inactivity` says."""
    deployment = current_deployment(institution_id)
    rule = bundle(deployment).pack.inactivity if deployment else None
    if rule is None or not rule.process:
        return []
    zone = ZoneInfo(db.session.get_one(Institution, institution_id).time_zone)
    running = select(Account).where(Account.institution_id == institution_id, Account.state == "active")
    days = [add_months(silent_since(account, zone.key), rule.months) for account in db.session.scalars(running)]
    over = [datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) for day in days]
    return [moment for moment in over if after is None or moment > after]
