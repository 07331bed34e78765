"""Entries of `pack.yaml` as typed data: processes (who starts what, about what, by which day), and the small ones."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

AccountState = Literal["active", "rectification", "suspended", "deregistered"]
OPEN_STATES: tuple[AccountState, ...] = ("active", "rectification", "suspended")


class Entry(BaseModel):
    """Anything of `pack.yaml`: frozen, and without members nobody reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Cited(Entry):
    """What rests on clauses, or says why the text is silent."""

    article: str = ""
    reason_zh: str = ""
    reason_en: str = ""


class Named(Cited):
    name_zh: str
    name_en: str = ""

    def name(self, locale: str) -> str:
        return (self.name_en or self.name_zh) if locale == "en" else self.name_zh


class Start(Entry):
    """Who may start a process by hand; empty: the system only."""

    kinds: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


class ReferenceNumber(Entry):
    series: str
    format: str


class FixedDay(Entry):
    """A last day the regulation names itself."""

    last_day: date
    when: str | None = None


class FilingDeadline(Cited):
    """By when an application is to be filed: `n` `unit`s after the answer `since`, or on a day of its own (`fixed`).

    `when` is FEEL over the answers and `case`; of several entries the first that holds counts.
    """

    n: int | None = Field(None, ge=0)
    unit: Literal["working_days", "days", "weeks", "months"] = "working_days"
    since: str = ""
    fixed: FixedDay | None = None
    when: str | None = None

    @property
    def condition(self) -> str | None:
        return self.when or (self.fixed.when if self.fixed else None)

    @model_validator(mode="after")
    def _one_way(self) -> FilingDeadline:
        counted = self.n is not None and bool(self.since)
        if counted == (self.fixed is not None) or (self.n is None) != (not self.since):
            raise ValueError("say either n, unit and since, or fixed")
        return self


class ProcessEntry(Named):
    """One process. `about: account` makes its start form's field `account` the account the case concerns."""

    key: str
    diagram: str
    summary_zh: str = ""
    summary_en: str = ""
    start: Start
    number: ReferenceNumber
    title_zh: str
    title_en: str = ""
    unit_field: str = "unit"
    same_person_two_roles: bool = False
    about: Literal["account"] | None = None
    account_states: tuple[AccountState | None, ...] = OPEN_STATES
    one_open: bool | None = None
    period_field: str | None = None
    deadline: tuple[FilingDeadline, ...] = ()

    @field_validator("deadline", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _about_account(self) -> ProcessEntry:
        if self.about is None and (self.one_open or self.period_field):
            raise ValueError("one_open and period_field need `about: account`")
        return self

    @property
    def one_open_case(self) -> bool:
        """Whether an account may have but one open case of this process."""
        return self.about == "account" and self.one_open is not False


class InactivityEntry(Cited):
    """After how many months without an update an account counts as idle, and the process that is started then."""

    months: int = Field(ge=1, le=120)
    process: str | None = None


class RegisterEntry(Named):
    """A field of the register that is kept for a clause."""

    field: str
    article: str = Field(min_length=1)


class PageEntry(Cited):
    """A page of the program that carries out a clause."""

    page: Literal["directory", "public_report", "bulletins", "campaigns", "account", "measures"]
    article: str = Field(min_length=1)


# What the public form asks; expressions read them under `report`.
REPORTED = frozenset({"kind", "name", "platform", "place", "found_on", "description", "contact"})


class PublicReportEntry(Cited):
    """Which process a report from the public starts, and its application's answers: FEEL over `report`."""

    process: str
    answers: dict[str, str]
