"""Scenarios: answers in; path, decisions and register out. Written beside each diagram by its process owner."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from webapp.definitions.packs import read_yaml
from webapp.engine import DefinitionError, Finding


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _exactly_one(entry: BaseModel, names: tuple[str, ...], what: str) -> None:
    given = [name for name in names if getattr(entry, name) not in (None, False)]
    if len(given) != 1:
        raise ValueError(f"{what} says exactly one of {', '.join(names)}; found {', '.join(given) or 'none'}")


class GivenAccount(_Entry):
    """An account that is registered already when the scenario begins; people by login, the unit by code.

    An administrator is a login or `{person: login, kind: staff/student, until: date}`.
    """

    key: str = ""
    platform: str
    name: str
    unit: str
    state: str = "active"
    registered_on: date | None = None
    last_update_on: date | None = None
    platform_account_id: str = ""
    url: str = ""
    purpose: str = ""
    audience: str = ""
    tier: str | None = None
    payment: bool = False
    partner: str | None = None
    followers: int | None = None
    verification: str | None = None
    first_responsible: str | None = None
    directly_responsible: str | None = None
    leader_in_charge: str | None = None
    administrators: tuple[str | dict[str, Any], ...] = ()
    details: dict[str, Any] = {}


class GivenMeasure(_Entry):
    """A measure taken before the scenario begins, e.g. a unit's earlier breach in the same year."""

    kind: str
    on: date
    note: str = ""
    account: str | None = None
    unit: str | None = None
    article: str | None = None


class GivenReview(_Entry):
    """An account's review of an earlier period."""

    account: str
    period: str
    result: str


class Given(_Entry):
    accounts: tuple[GivenAccount, ...] = ()
    measures: tuple[GivenMeasure, ...] = ()
    reviews: tuple[GivenReview, ...] = ()


class Begins(_Entry):
    """How the case begins when its applicant does not file it: exactly one of the first four.

    `campaign` with the `account` or `unit` whose case is followed; `inactivity` of an account; `request` of a process
    (with `account`, `unit`, `answers`, `open`); `public_report` with what the public form says.
    """

    campaign: str | None = None
    inactivity: str | None = None
    request: str | None = None
    public_report: dict[str, Any] | None = None
    account: str | None = None
    unit: str | None = None
    answers: dict[str, Any] = {}
    open: bool = True
    by: str | None = None

    @model_validator(mode="after")
    def _one_beginning(self) -> Begins:
        _exactly_one(self, ("campaign", "inactivity", "request", "public_report"), "begins")
        return self


ACTS = ("task", "cancel", "wait", "update", "follow", "close_campaign", "zero_report")


class ScenarioStep(_Entry):
    """One act: a task answered, sent back or refused on the form; another case begun; an update; time passing; …"""

    task: str | None = None
    process: str | None = None
    by: str | None = None
    answers: dict[str, Any] = {}
    decision: str = "submit"
    opinion: str = ""
    grounds: tuple[str, ...] = ()
    return_to: str | None = None
    refused: dict[str, str] | None = None
    cancel: bool = False
    wait: str | None = None
    update: str | None = None
    on: date | None = None
    follow: str | None = None
    account: str | None = None
    close_campaign: str | None = None
    zero_report: str | None = None
    at: datetime | None = None

    @model_validator(mode="after")
    def _one_act(self) -> ScenarioStep:
        _exactly_one(self, ACTS, "a step")
        return self

    @property
    def named(self) -> str:
        """What the step does, for a failure's sentence."""
        act = next((act for act in ACTS if getattr(self, act)), "")
        return self.task or ("cancel" if self.cancel else f"{act} {getattr(self, act)}")


class ExpectedNotice(_Entry):
    to: str
    text: str


class ExpectedCase(_Entry):
    """What must have come of one case; a field left out is not looked at."""

    state: str | None = None
    path: tuple[str, ...] | None = None
    open: tuple[str, ...] | None = None
    account: dict[str, Any] | None = None
    decisions: dict[str, str] = {}
    notices: tuple[ExpectedNotice, ...] = ()
    late: bool | None = None
    last_day: date | None = None


class ExpectedAlso(ExpectedCase):
    """Another case of the scenario: the newest of `process` (about the account with that key, or of that unit)."""

    process: str
    about: str | None = None
    unit: str | None = None


class Expected(ExpectedCase):
    """What must have come of the case in focus at the end, and of the register; what is left out is not looked at.

    Entries of `measures` need only name what is compared; `accounts` goes by a given key or by an account's name.
    """

    state: str
    accounts: dict[str, dict[str, Any]] = {}
    measures: tuple[dict[str, Any], ...] | None = None
    bulletins: tuple[str, ...] | None = None
    requested: tuple[str, ...] | None = None
    review: dict[str, Any] | None = None
    assessment: dict[str, Any] | None = None
    also: tuple[ExpectedAlso, ...] = ()


class Scenario(_Entry):
    key: str
    title_zh: str
    title_en: str = ""
    clauses: tuple[str, ...] = ()
    applicant: str = ""
    at: datetime
    given: Given = Given()
    begins: Begins | None = None
    steps: tuple[ScenarioStep, ...] = ()
    expect: Expected

    @model_validator(mode="after")
    def _somebody_begins(self) -> Scenario:
        if not self.begins and not (self.applicant and self.steps):
            raise ValueError("a scenario has an applicant and steps, or says how it begins")
        return self


class ScenarioFile(_Entry):
    process: str
    scenarios: tuple[Scenario, ...]


def parse_scenarios(content: bytes, file: str) -> ScenarioFile:
    """A scenario file as data. Raises DefinitionError naming each wrong entry."""
    try:
        return ScenarioFile.model_validate(_texts(read_yaml(content, file)))
    except ValidationError as error:
        places = [(".".join(str(part) for part in problem["loc"]), problem["msg"]) for problem in error.errors()]
        raise DefinitionError(
            tuple(Finding(file, place, "scenario", f"“{place}”不合要求：{text}", text) for place, text in places)
        ) from None


def _texts(data: Any) -> Any:
    """The data with every member named by a text: YAML reads `on:` as true, and `1:` as a number."""
    if isinstance(data, dict):
        return {_member(key): _texts(value) for key, value in data.items()}
    return [_texts(item) for item in data] if isinstance(data, list) else data


def _member(key: Any) -> str:
    if isinstance(key, bool):
        return "on" if key else "off"
    return str(key)
