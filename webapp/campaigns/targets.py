"""The targets of a campaign: accounts or units, what expressions see of them, who files, and with which answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from webapp.campaigns.facts import campaign_facts
from webapp.campaigns.models import Campaign, CampaignItem
from webapp.campaigns.people import holders_of, place_of
from webapp.campaigns.planning import zone_of
from webapp.definitions.packs import Pack
from webapp.definitions.queries import Pinned, pinned
from webapp.engine import feel
from webapp.extensions import db
from webapp.organization.models import Unit, User
from webapp.organization.queries import local_day
from webapp.registry.models import Account, Filing
from webapp.registry.present import account_facts
from webapp.workflow.context import specs
from webapp.workflow.facts import unit_facts
from webapp.workflow.models import Answers, ProcessInstance
from webapp.workflow.openings import account_answer

Facts = dict[str, Any]
_NOT_STANDING = ("refused", "withdrawn", "terminated", "lapsed")
_FILERS = ("directly_responsible", "administrators", "first_responsible")


@dataclass(frozen=True)
class Target:
    """One account or unit. `facts` is what expressions see: {"account": …, "unit": …}."""

    id: int
    key: str
    name: str
    unit: Unit
    account: Account | None
    facts: Facts


def expected(campaign: Campaign) -> int:
    """How many accounts or units there are to look at."""
    noun = Account if campaign.targets == "accounts" else Unit
    statement = select(func.count()).select_from(noun).where(noun.institution_id == campaign.institution_id)
    return db.session.scalar(statement) or 0


def next_targets(campaign: Campaign, pack: Pack, after: int, limit: int) -> list[Target]:
    """The accounts or units with an id above `after`, in order."""
    if campaign.targets == "units":
        statement = select(Unit).where(Unit.institution_id == campaign.institution_id, Unit.active, Unit.id > after)
        return [of_unit(unit) for unit in db.session.scalars(statement.order_by(Unit.id).limit(limit))]
    rows = db.session.execute(
        select(Account, Unit)
        .join(Unit, Unit.id == Account.unit_id)
        .where(Account.institution_id == campaign.institution_id, Account.id > after)
        .order_by(Account.id)
        .limit(limit)
    )
    return [_of_account(account, unit, pack) for account, unit in rows]


def targets_of(campaign: Campaign, items: Sequence[CampaignItem]) -> dict[int, Target]:
    """The targets of these items as they stand now, by item id."""
    assert campaign.definition_id is not None
    pack = pinned(campaign.definition_id).bundle.pack
    units = {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_({i.unit_id for i in items})))}
    wanted = {item.account_id for item in items if item.account_id is not None}
    rows = db.session.execute(
        select(Account, Unit).join(Unit, Unit.id == Account.unit_id).where(Account.id.in_(wanted))
    ).all()
    accounts = {account.id: _of_account(account, unit, pack) for account, unit in rows}
    return {
        item.id: accounts[item.account_id] if item.account_id is not None else of_unit(units[item.unit_id])
        for item in items
    }


def of_unit(unit: Unit) -> Target:
    """A unit as a target."""
    return Target(unit.id, f"unit:{unit.id}", unit.name_zh, unit, None, {"account": None, "unit": unit_facts(unit)})


def _of_account(account: Account, unit: Unit, pack: Pack) -> Target:
    platform = pack.platform(account.platform)
    facts = account_facts(account, unit, group=platform.group if platform else False, zone=pack.institution.time_zone)
    key = f"account:{account.id}"
    return Target(account.id, key, account.name, unit, account, {"account": facts, "unit": facts["unit"]})


def filers(campaign: Campaign, role: str, targets: Sequence[Target], now: datetime) -> dict[str, User]:
    """Who files for each target, by its key; a target without anybody is missing.

    For an account the directly responsible person, else an administrator, else the first responsible; for a unit the
    first who holds `role` where it is found.
    """
    if campaign.targets == "units":
        day = local_day(now, zone_of(campaign.institution_id).key)
        pack = pinned(campaign.definition_id).bundle.pack if campaign.definition_id is not None else None
        places = {target.key: place_of(pack, role, target.unit) if pack else target.unit.id for target in targets}
        found = holders_of(campaign.institution_id, (role,), day, {place for place in places.values() if place})
        return {key: found[place][0] for key, place in places.items() if place in found}
    named = {target.key: list(_named(target.account)) for target in targets if target.account is not None}
    wanted = {person for people in named.values() for person in people}
    statement = select(User).where(User.id.in_(wanted), User.institution_id == campaign.institution_id, User.active)
    people = {user.id: user for user in db.session.scalars(statement)}
    first = {key: next((people[person] for person in ids if person in people), None) for key, ids in named.items()}
    return {key: user for key, user in first.items() if user is not None}


def _named(account: Account) -> Iterable[int]:
    for key in _FILERS:
        for row in getattr(account, key) or []:
            person = row.get("person") if isinstance(row.get("person"), dict) else row
            if isinstance(person.get("id"), int):
                yield person["id"]


class Prefill:
    """The pack's `answers`: expressions over campaign, account, unit and last, evaluated for one target after another.

    Raises FeelError where one cannot be evaluated.
    """

    def __init__(self, answers: Mapping[str, str], campaign: Campaign, now: datetime) -> None:
        self._expressions = {key: feel.compile(text) for key, text in answers.items()}
        self._campaign = campaign_facts(campaign)
        today = local_day(now, zone_of(campaign.institution_id).key).isoformat()
        self._functions = {"today": lambda: today}

    @property
    def reads_last(self) -> bool:
        """Whether any of them looks at last year's application."""
        return any("last" in expression.names for expression in self._expressions.values())

    def of(self, facts: Facts, last: Facts | None) -> dict[str, Any]:
        """The answers for one target; one that comes out null is left open."""
        names = {"campaign": self._campaign, **facts, "last": last}
        made = {key: found.evaluate(names, self._functions) for key, found in self._expressions.items()}
        return {key: value for key, value in made.items() if value is not None}


def last_answers(campaign: Campaign, targets: Sequence[Target]) -> dict[str, Facts]:
    """The application of this process filed last for each target, by the target's key."""
    column = Filing.account_id if campaign.targets == "accounts" else Filing.unit_id
    keys = {(target.account.id if target.account else target.unit.id): target.key for target in targets}
    newest = (
        select(func.max(Answers.id))
        .join(Filing, Filing.instance_id == Answers.instance_id)
        .where(Filing.institution_id == campaign.institution_id, Filing.kind == campaign.process, column.in_(keys))
        .where(Answers.element == "Application")
        .group_by(column)
    )
    rows = db.session.execute(
        select(column, Answers.data)
        .join(Filing, Filing.instance_id == Answers.instance_id)
        .where(Answers.id.in_(newest))
    )
    return {keys[account]: case for account, case in rows if account is not None and case is not None}


def known_answers(found: Pinned, target: Target) -> dict[str, Any]:
    """The account and the unit, where the application asks for them."""
    bundle = found.bundle
    element = bundle.definition(found.key, specs()).elements["Application"]
    keys = {spec.key for spec in bundle.form(element.form_key or "").top}
    known: dict[str, Any] = {}
    if target.account is not None and "account" in keys:
        known["account"] = account_answer(target.account)
    if bundle.process(found.key).unit_field in keys:
        unit = target.unit
        known[bundle.process(found.key).unit_field] = {"id": unit.id, "code": unit.code, "name": unit.name_zh}
    return known


def already_there(campaign: Campaign, targets: Sequence[Target]) -> dict[str, int]:
    """Case ids of targets that have a case already: one of this process about the account is open, or was filed for
    this period by hand before the campaign opened."""
    keys = {target.account.id: target.key for target in targets if target.account is not None}
    if not keys:
        return {}
    stands = or_(
        ProcessInstance.state.in_(["running", "suspended"]),
        and_(Filing.period == campaign.period, or_(Filing.outcome.is_(None), Filing.outcome.not_in(_NOT_STANDING))),
    )
    rows = db.session.execute(
        select(Filing.account_id, Filing.instance_id)
        .join(ProcessInstance, ProcessInstance.id == Filing.instance_id)
        .where(Filing.institution_id == campaign.institution_id, Filing.account_id.in_(keys), stands)
        .where(Filing.kind == campaign.process)
        .order_by(Filing.id)
    )
    return {keys[account]: case for account, case in rows if account is not None and case is not None}


def units_without_items(campaign: Campaign) -> Sequence[Unit]:
    """Active units, below the institution itself, that have nothing in the campaign."""
    with_items = select(CampaignItem.unit_id).where(CampaignItem.campaign_id == campaign.id)
    statement = select(Unit).where(
        Unit.institution_id == campaign.institution_id,
        Unit.active,
        Unit.parent_id.is_not(None),
        Unit.id.not_in(with_items),
    )
    return db.session.scalars(statement.order_by(Unit.id)).all()
