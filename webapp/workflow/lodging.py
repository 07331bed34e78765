"""What an application says about its own case: the account it is about, its period, and its last day to file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from webapp.definitions.process_entries import FilingDeadline, ProcessEntry
from webapp.engine import feel
from webapp.errors import Invalid
from webapp.organization.queries import local_day
from webapp.registry.entry import state_name
from webapp.registry.models import Account
from webapp.workdays import Calendar, Deadline, WorkdaysError, due
from webapp.workflow import account_cases
from webapp.workflow.deadlines import institution_calendar

ACCOUNT = "account"
Answers = Mapping[str, Any]


@dataclass(frozen=True)
class LastDay:
    """By when an application is to be filed: the entry of the pack that says so, and how the day was reckoned.

    `event_on` is the day it runs from and `deadline` its arithmetic; both None where the regulation names the day.
    """

    entry: FilingDeadline
    day: date
    event_on: date | None = None
    deadline: Deadline | None = None

    def late(self, filed_on: date) -> bool:
        return filed_on > self.day


def reckon(
    process: ProcessEntry,
    answers: Answers,
    case: Mapping[str, Any],
    institution_id: int,
    zone: ZoneInfo,
    filed_at: datetime,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an application filed at that moment says of its last day: (what the case keeps, the filing's columns).
    Where the process has none of its own, it is that of the campaign the case belongs to.

    Raises FeelError when a condition of the pack cannot be evaluated.
    """
    found = last_day(process, answers, case, institution_id=institution_id, zone=zone, now=filed_at)
    if found is None:
        day = _of_campaign(case)
        late = day is not None and local_day(filed_at, zone.key) > day
        return (
            {"event_on": None, "last_day": day.isoformat() if day else None, "late": late, "reckoned": None},
            {"event_on": None, "last_day": day, "late": late},
        )
    late = found.late(local_day(filed_at, zone.key))
    said = {
        "event_on": found.event_on.isoformat() if found.event_on else None,
        "last_day": found.day.isoformat(),
        "late": late,
        "reckoned": found.deadline.as_json() if found.deadline else None,
        "deadline_article": found.entry.article,
    }
    return said, {"event_on": found.event_on, "last_day": found.day, "late": late}


def _of_campaign(case: Mapping[str, Any]) -> date | None:
    campaign = case.get("campaign")
    return _day(campaign.get("last_day")) if isinstance(campaign, Mapping) else None


def last_day(
    process: ProcessEntry,
    answers: Answers,
    case: Mapping[str, Any],
    *,
    institution_id: int,
    zone: ZoneInfo,
    now: datetime,
) -> LastDay | None:
    """The last day to file an application with these answers; None when no entry holds, or its date is not there yet.

    Raises FeelError when a condition cannot be evaluated.
    """
    entry = _entry(process, answers, case, local_day(now, zone.key))
    if entry is None:
        return None
    if entry.fixed is not None:
        return LastDay(entry, entry.fixed.last_day)
    event_on = _day(answers.get(entry.since))
    if event_on is None:
        return None
    return _reckoned(entry, event_on, institution_calendar(institution_id), zone)


def drivers(process: ProcessEntry) -> set[str]:
    """Keys of the fields the last day depends on."""
    return (_names(process) | {entry.since for entry in process.deadline}) - {"", "case"}


def _entry(process: ProcessEntry, answers: Answers, case: Mapping[str, Any], today: date) -> FilingDeadline | None:
    names = {**dict.fromkeys(_names(process)), **answers, "case": dict(case)}
    functions = {"today": today.isoformat}
    for entry in process.deadline:
        if entry.condition is None or feel.compile(entry.condition).condition(names, functions):
            return entry
    return None


def _names(process: ProcessEntry) -> set[str]:
    """Every answer the conditions read: one that was not asked counts as null."""
    texts = [entry.condition for entry in process.deadline if entry.condition]
    return {name for text in texts for name in feel.compile(text).names}


def _reckoned(entry: FilingDeadline, event_on: date, calendar: Calendar, zone: ZoneInfo) -> LastDay | None:
    since = datetime.combine(event_on, time(12), zone).astimezone(UTC)
    try:
        found = due(entry.n or 0, entry.unit, since, calendar, zone=zone)
    except WorkdaysError:
        return None
    return LastDay(entry, found.local().date(), event_on, found)


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def period(process: ProcessEntry, answers: Answers) -> str | None:
    """What the application says it is for, such as a year; None where the process knows no period."""
    value = answers.get(process.period_field) if process.period_field else None
    if isinstance(value, dict):
        value = value.get("name")
    return None if value in (None, "") else str(value)[:40]


def account_id(answers: Answers) -> int | None:
    """The id of the account picked in the field `account`."""
    picked = answers.get(ACCOUNT)
    found = picked.get("id") if isinstance(picked, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else None


def demand(process: ProcessEntry, account: Account | None, answers: Answers) -> None:
    """Raise Invalid, at the field `account`, unless a case of the process may be begun about this account.

    Lock the account first where it must still hold at the commit.
    """
    refuse(objection(process, account, answers))


def refuse(sentence: str) -> None:
    """Raise Invalid with a sentence at the field `account`; "" is no objection."""
    if sentence:
        raise Invalid(sentence, ((ACCOUNT, sentence),))


def objection(
    process: ProcessEntry, account: Account | None, answers: Answers, *, apart_from: int | None = None
) -> str:
    """Why no case of the process may be begun about this account; "" when one may. `apart_from` is a case's id."""
    if process.about != "account":
        return ""
    if account is None:
        optional = None in process.account_states or "account_states" not in process.model_fields_set
        return "" if optional else str(_("请选定这项申报所涉及的账号。"))
    if account.state not in process.account_states:
        return str(
            _("“%(name)s”现为“%(state)s”，不能办理这项申报。", name=account.name, state=state_name(account.state))
        )
    about = (account.institution_id, process.key, account.id)
    if process.one_open_case and (reference := account_cases.open_case(*about, apart_from=apart_from)):
        return str(
            _("“%(name)s”已有一件在办（%(reference)s），办结后才能再申报。", name=account.name, reference=reference)
        )
    return period_objection(process, account, answers, apart_from=apart_from)


def period_objection(
    process: ProcessEntry, account: Account, answers: Answers, *, apart_from: int | None = None
) -> str:
    """Why the account may not file for the period these answers name; "" when it may."""
    said = period(process, answers)
    if said is None:
        return ""
    about = (account.institution_id, process.key, account.id)
    reference = account_cases.case_for_period(*about, said, apart_from=apart_from)
    if reference is None:
        return ""
    values = {"name": account.name, "period": said, "reference": reference}
    return str(_("“%(name)s”%(period)s期的已经申报过（%(reference)s），同一期不再申报。", **values))
