"""Cases the system opens, many in one transaction, each with its application left to its applicant.

Statements are few on purpose: instances, filings, tasks and seats are each written together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from webapp.definitions import queries as definitions
from webapp.definitions.process_entries import ProcessEntry
from webapp.errors import NotFound
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import Unit, User
from webapp.registry.lodging import lodge_many
from webapp.registry.models import Account, Filing
from webapp.registry.numbers import give_numbers
from webapp.workdays import Calendar
from webapp.workflow.deadlines import Clock, institution_calendar
from webapp.workflow.facts import account_of_case, case_facts
from webapp.workflow.lodging import period
from webapp.workflow.models import ProcessInstance
from webapp.workflow.stepping import Step, write_history
from webapp.workflow.titles import titles

Row = TypeVar("Row", User, Unit, Account)


@dataclass(frozen=True)
class Opening:
    """One case to be opened on a process definition, for an applicant and a unit, perhaps about an account.

    `prefill` is what its application starts from. `campaign` and `cause` are what expressions read as `case.campaign`
    and `case.cause`. The same `key` (64 characters at most) opens one case however often it is asked.
    """

    definition_id: int
    applicant_id: int
    unit_id: int
    account_id: int | None = None
    prefill: Mapping[str, Any] = field(default_factory=dict)
    campaign: Mapping[str, Any] | None = None
    cause: Mapping[str, Any] | None = None
    key: str | None = None


@transactional
def start_many(openings: Sequence[Opening], now: datetime) -> list[ProcessInstance]:
    """Open the cases, in order; each waits at its application, held by the applicant. Nobody is told.

    One whose key has opened a case gives that case. Whether an account may have another case is the caller's to ask.
    Raises NotFound for people, units or accounts that are not there,
    EngineError where a diagram cannot begin; then none is opened.
    """
    made = _made(openings)
    known = [made.get(opening.key) if opening.key else None for opening in openings]
    fresh = [opening for opening, case in zip(openings, known, strict=True) if case is None]
    opened = iter(_open(fresh, now) if fresh else ())
    return [case or next(opened) for case in known]


def _made(openings: Sequence[Opening]) -> dict[str, ProcessInstance]:
    """The cases that earlier openings of these keys have made."""
    keys = [opening.key for opening in openings if opening.key]
    if not keys:
        return {}
    rows = db.session.scalars(select(ProcessInstance).where(ProcessInstance.submission_key.in_(keys)))
    return {row.submission_key: row for row in rows if row.submission_key}


def _open(openings: Sequence[Opening], now: datetime) -> list[ProcessInstance]:
    people = _rows(User, {opening.applicant_id for opening in openings})
    units = _rows(Unit, {opening.unit_id for opening in openings})
    accounts = _rows(Account, {opening.account_id for opening in openings if opening.account_id is not None})
    references = _references(openings, units, now)
    cases = []
    for opening, reference in zip(openings, references, strict=True):
        about = {**_about(opening, accounts), "started_at": now.isoformat()}
        bundle = definitions.pinned(opening.definition_id).bundle
        zh, en = titles(_process(opening), bundle, _named(about, units[opening.unit_id], opening))
        cases.append(
            ProcessInstance(
                institution_id=units[opening.unit_id].institution_id,
                definition_id=opening.definition_id,
                reference=reference,
                title_zh=zh,
                title_en=en,
                applicant_id=opening.applicant_id,
                unit_id=opening.unit_id,
                account_id=opening.account_id,
                requested=True,
                filed_at=now,
                submission_key=opening.key,
                about=about,
                prefill=dict(opening.prefill),
                round=1,
                version=0,
                history_length=0,
                state="running",
            )
        )
    db.session.add_all(cases)
    db.session.flush()
    filings = [
        Filing(
            institution_id=case.institution_id,
            instance_id=case.id,
            reference=case.reference,
            kind=definitions.pinned(opening.definition_id).key,
            unit_id=opening.unit_id,
            account_id=opening.account_id,
            filed_by_id=opening.applicant_id,
            filed_at=now,
            period=period(_process(opening), opening.prefill),
        )
        for opening, case in zip(openings, cases, strict=True)
    ]
    lodge_many(filings)
    calendars: dict[int, Calendar] = {}
    history: list[dict[str, Any]] = []
    steps = []
    for case, filing in zip(cases, filings, strict=True):
        step = Step(case, None, now, filing_id=filing.id, history=history)
        if case.institution_id not in calendars:
            calendars[case.institution_id] = institution_calendar(case.institution_id)
        zone = ZoneInfo(step.bundle.pack.institution.time_zone)
        step.clock = Clock(case.institution_id, zone, now, case, calendars[case.institution_id])
        people_of = (units[case.unit_id], people[case.applicant_id])
        step.begin({"case": case_facts(case, *people_of, step.bundle.pack.institution.code)})
        with db.session.no_autoflush:
            token = step.run.open_tasks()[0]
            task = step.open_task(token)
            task.announced = True  # who asks for the cases tells their applicants, once for them all
        _record(step)
        step.settle({token.id: task})
        steps.append(step)
    write_history(history)
    for step in steps:
        step.report_deserted()
    return cases


def _process(opening: Opening) -> ProcessEntry:
    pinned = definitions.pinned(opening.definition_id)
    return pinned.bundle.process(pinned.key)


def _rows(noun: type[Row], ids: set[int]) -> dict[int, Row]:
    statement = select(noun).where(noun.id.in_(ids))
    if noun is User:
        statement = statement.options(joinedload(User.unit))
    found = {row.id: row for row in db.session.scalars(statement)}
    if absent := ids - found.keys():
        raise NotFound(_("没有编号为 %(id)s 的人员、单位或账号。", id=min(absent)))
    return found


def _about(opening: Opening, accounts: Mapping[int, Account]) -> dict[str, Any]:
    """What the case knows beside its people: an application that is left open counts as not filed yet."""
    account = accounts[opening.account_id] if opening.account_id is not None else None
    pack = definitions.pinned(opening.definition_id).bundle.pack
    return {
        "account": account_of_case(account, pack) if account else None,
        "campaign": dict(opening.campaign) if opening.campaign else None,
        "cause": dict(opening.cause) if opening.cause else None,
        "unfiled": True,
    }


def account_answer(account: Account | Mapping[str, Any]) -> dict[str, Any]:
    """The answer of a form field of kind account."""
    names = ("id", "filing_number", "name", "platform")
    given = account if isinstance(account, Mapping) else {name: getattr(account, name) for name in names}
    return {name: given[name] for name in names}


def _named(about: Mapping[str, Any], unit: Unit, opening: Opening) -> dict[str, Any]:
    """What a title may name before anything is answered."""
    named: dict[str, Any] = {"unit": {"id": unit.id, "name": unit.name_zh}}
    if account := about["account"]:
        named |= {"account": account_answer(account), "name": account["name"], "platform": account["platform"]}
    return {**named, **opening.prefill}


def _references(openings: Sequence[Opening], units: Mapping[int, Unit], now: datetime) -> list[str]:
    """A number for each, those of one series taken together."""
    wanted: dict[tuple[int, str, str, int], list[int]] = {}
    for place, opening in enumerate(openings):
        pinned = definitions.pinned(opening.definition_id)
        number = _process(opening).number
        year = now.astimezone(ZoneInfo(pinned.bundle.pack.institution.time_zone)).year
        series = (units[opening.unit_id].institution_id, number.series, number.format, year)
        wanted.setdefault(series, []).append(place)
    found = [""] * len(openings)
    for (institution_id, key, pattern, year), places in sorted(wanted.items()):
        given = give_numbers(institution_id, key, pattern, year, len(places))
        for place, reference in zip(places, given, strict=True):
            found[place] = reference
    return found


def _record(step: Step) -> None:
    case, about = step.instance, step.instance.about or {}
    campaign = about.get("campaign") or {}
    record(
        db.session(),
        institution_id=case.institution_id,
        action="workflow:case:opened",
        actor_id=None,
        actor_label="system",
        object_type="process_instance",
        object_id=case.id,
        kept={
            "reference": case.reference,
            "process": step.process.key,
            "unit_id": case.unit_id,
            "account_id": (about.get("account") or {}).get("id"),
            "campaign": f"{campaign.get('key')} {campaign.get('period')}" if campaign else None,
        },
        erasable={"title": case.title_zh, "cause": about.get("cause")},
        at=case.filed_at,
        instance_id=case.id,
        deployment_hash=step.bundle.hash,
    )
