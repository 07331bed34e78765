"""How a case of a scenario begins by the system: a campaign, silence, a request, a report from the public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from webapp.bulletins.models import Bulletin
from webapp.campaigns import commands as campaigns
from webapp.campaigns import dates
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.definitions import queries as definitions
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.models import ProcessDefinition
from webapp.directory.commands import lodge
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.policy import has_role
from webapp.organization.queries import local_day, people, unit_by_code
from webapp.registry.models import Measure
from webapp.scenarios import clock
from webapp.scenarios.documents import Begins
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.posting import stored_answers
from webapp.workflow import binding
from webapp.workflow.deadlines import institution_calendar
from webapp.workflow.models import CaseRequest, ProcessInstance
from webapp.workflow.requests import request_case

if TYPE_CHECKING:
    from webapp.scenarios.runs import ScenarioRun

# What the page for the public asks.
REPORTED = ("kind", "name", "platform", "place", "found_on", "description", "contact")
# How far the clock may go until an account counts as silent.
_MOST_SILENT_MOMENTS = 60


@dataclass(frozen=True)
class Before:
    """The last rows that were there before the scenario's own."""

    instance: int
    bulletin: int
    measure: int


def before() -> Before:
    """What is there now."""
    last = [db.session.scalar(select(func.max(table.id))) or 0 for table in (ProcessInstance, Bulletin, Measure)]
    return Before(*last)


def begin(run: ScenarioRun, begins: Begins) -> ProcessInstance:
    """Let the case begin; returns the one to follow. Raises ScenarioFailed when none came of it."""
    if begins.campaign:
        found = _campaign(run, begins)
    elif begins.inactivity:
        found = _silence(run, run.account_id(begins.inactivity))
    elif begins.request:
        found = _request(run, begins)
    else:
        found = _public_report(run, begins.public_report or {})
    instance = db.session.get(ProcessInstance, found) if found else None
    if instance is None:
        raise ScenarioFailed("no case began")
    return instance


def _campaign(run: ScenarioRun, begins: Begins) -> int | None:
    campaign_id = open_campaign(run, begins.campaign or "", begins.by)
    if not begins.account and not begins.unit:
        raise ScenarioFailed("a campaign begins with the account or the unit whose case is followed")
    unit = unit_by_code(run.institution_id, begins.unit) if begins.unit else None
    target = f"account:{run.account_id(begins.account)}" if begins.account else f"unit:{unit.id if unit else 0}"
    wanted = (CampaignItem.campaign_id == campaign_id, CampaignItem.target == target)
    item = db.session.scalar(select(CampaignItem).where(*wanted))
    if item is None:
        raise ScenarioFailed(f"the campaign has no target {begins.account or begins.unit}")
    if item.problem:
        raise ScenarioFailed(f"the campaign opened no case of {item.name}: {item.problem}")
    return item.instance_id


def open_campaign(run: ScenarioRun, key: str, by: str | None) -> int:
    """Open a campaign of the pack on the scenario's day, with the days the pack proposes; returns its id."""
    entry = _entry(run.institution_id, key)
    day = local_day(run.now)
    proposal = dates.proposed(entry, day, institution_calendar(run.institution_id))
    lead = run._person(by) if by else _lead(run.institution_id, entry)
    wanted = campaigns.Wanted(opens_on=proposal.opens_on, last_day=proposal.last_day)
    campaign_id = campaigns.open_campaign(lead, key, wanted, run.now).id
    clock.work(run.institution_id, run.now)
    return campaign_id


def close_campaign(run: ScenarioRun, key: str, by: str | None) -> None:
    """Close the campaign that was opened last under this key, as its lead does."""
    statement = select(Campaign.id).where(Campaign.institution_id == run.institution_id, Campaign.key == key)
    campaign_id = db.session.scalar(statement.where(Campaign.state != "planned").order_by(Campaign.id.desc()).limit(1))
    if campaign_id is None:
        raise ScenarioFailed(f"no campaign {key} is open")
    lead = run._person(by) if by else _lead(run.institution_id, _entry(run.institution_id, key))
    campaigns.close(lead, campaign_id, run.now)
    clock.work(run.institution_id, run.now)


def report_zero(run: ScenarioRun, key: str, by: str) -> None:
    """File the zero report of the unit through which this person reports."""
    user = run._person(by)
    statement = select(CampaignItem).join(Campaign).where(Campaign.institution_id == run.institution_id)
    items = db.session.scalars(statement.where(Campaign.key == key, CampaignItem.kind == "zero")).all()
    item = next((item for item in items if item.unit_id == user.unit_id), None)
    if item is None:
        raise ScenarioFailed(f"the unit of {by} has no zero report to file")
    campaigns.report_zero(user, item.id, run.now)


def _entry(institution_id: int, key: str) -> CampaignEntry:
    deployment = definitions.current_deployment(institution_id)
    entry = definitions.bundle(deployment).pack.campaign(key) if deployment else None
    if entry is None:
        raise ScenarioFailed(f"pack.yaml has no campaign {key}")
    return entry


def _lead(institution_id: int, entry: CampaignEntry) -> User:
    """Somebody who may open and close it."""
    for user in people(institution_id):
        if has_role(user, *entry.manage_roles):
            return user
    raise ScenarioFailed(f"nobody of demo.yaml holds a role that manages {entry.key}")


def _silence(run: ScenarioRun, account_id: int) -> int | None:
    """The case an account's silence asks for; the clock goes on until it is silent for long enough."""
    wanted = select(CaseRequest.instance_id).where(
        CaseRequest.account_id == account_id, CaseRequest.since.is_not(None), CaseRequest.instance_id.is_not(None)
    )
    clock.work(run.institution_id, run.now)
    for _moment in range(_MOST_SILENT_MOMENTS):
        found = db.session.scalar(wanted.order_by(CaseRequest.id.desc()).limit(1))
        coming = clock.next_moment(run.institution_id, run.now) if found is None else None
        if coming is None:
            return found
        run.now = coming
        clock.work(run.institution_id, run.now)
    return None


def _request(run: ScenarioRun, begins: Begins) -> int | None:
    unit = unit_by_code(run.institution_id, begins.unit) if begins.unit else None
    process = begins.request or ""
    definition = definitions.newest(run.institution_id, process)
    if definition is None:
        raise ScenarioFailed(f"no process {process}")
    bundle = definitions.bundle(definition.deployment)
    schema = bundle.form(binding.start_element(bundle, process).form_key or "")
    row = request_case(
        run.institution_id,
        f"scenario:{run.scenario.key}",
        process,
        account_id=run.account_id(begins.account) if begins.account else None,
        unit_id=unit.id if unit else None,
        answers=stored_answers(schema, begins.answers, run.institution_id, run.accounts),
        open=begins.open,
        cause={"process": "", "reference": "", "reason": ""},
        now=run.now,
    )
    clock.work(run.institution_id, run.now)
    return db.session.scalar(select(CaseRequest.instance_id).where(CaseRequest.id == row.id))


def _public_report(run: ScenarioRun, report: dict[str, Any]) -> int:
    """A report from the public, as its page takes it."""
    if strange := set(report) - set(REPORTED):
        raise ScenarioFailed(f"the public's report has no {', '.join(sorted(strange))}; it has {', '.join(REPORTED)}")
    said = {name: str(report.get(name, "")) for name in REPORTED}
    return lodge(run.institution_id, said, run.now).id


def following(run: ScenarioRun, process: str, account_id: int | None) -> int:
    """The case of `process` that the system started from the one in focus, else the scenario's newest of it."""
    asked = select(CaseRequest.instance_id).where(
        CaseRequest.process == process,
        CaseRequest.requested_by_id == run.instance_id,
        CaseRequest.instance_id.is_not(None),
    )
    if account_id is not None:
        asked = asked.where(CaseRequest.account_id == account_id)
    found = db.session.scalar(asked.order_by(CaseRequest.id.desc()).limit(1))
    found = found or next((row.id for row in cases_of(run, process, account_id)), None)
    if found is None:
        raise ScenarioFailed(f"no case of {process} was started")
    return found


def cases_of(run: ScenarioRun, process: str, account_id: int | None = None) -> list[ProcessInstance]:
    """The scenario's cases of a process (about an account), newest first."""
    statement = (
        select(ProcessInstance)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .where(ProcessInstance.institution_id == run.institution_id, ProcessDefinition.key == process)
        .where(ProcessInstance.id > run.first.instance)
        .order_by(ProcessInstance.id.desc())
    )
    rows = db.session.scalars(statement).all()
    return [row for row in rows if account_id is None or account_of(row) == account_id]


def account_of(instance: ProcessInstance) -> int | None:
    """The account a case concerns."""
    account = (instance.about or {}).get("account") or {}
    found = account.get("id") if isinstance(account, dict) else None
    return found if isinstance(found, int) else None
