"""The entry `campaigns` of `pack.yaml` as typed data: what opens when, for which targets, and what closing brings."""

from __future__ import annotations

from calendar import monthrange
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from webapp.workdays import WorkdaysError, span

Targets = Literal["accounts", "units"]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MonthDay(_Entry):
    """A day of every year; 29 February means the last day of February."""

    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)

    @model_validator(mode="after")
    def _is_there(self) -> MonthDay:
        if self.day > monthrange(2024, self.month)[1]:
            raise ValueError(f"no month {self.month} has a day {self.day}")
        return self


class Recurrence(MonthDay):
    """Opens by itself on this day, every year or every so many months from there."""

    every_months: int = Field(12, ge=1, le=120)


class LastDay(_Entry):
    """The last day to file: a day of the year, or so many days after the opening."""

    month: int | None = None
    day: int | None = None
    days: int | None = Field(None, ge=0, le=1000)

    @model_validator(mode="after")
    def _one_way(self) -> LastDay:
        dated = self.month is not None and self.day is not None
        if (self.month is None) != (self.day is None) or dated == (self.days is not None):
            raise ValueError("say either month and day, or days")
        if dated:
            MonthDay(month=self.month or 0, day=self.day or 0)
        return self

    @property
    def date(self) -> MonthDay | None:
        return MonthDay(month=self.month, day=self.day) if self.month and self.day else None


class CampaignWindow(_Entry):
    """A stretch within the campaign; both ends are days counted from the opening, or days of the year."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    name_zh: str
    name_en: str = ""
    days: tuple[int | MonthDay, int | MonthDay]
    article: str = ""
    reason_zh: str = ""
    reason_en: str = ""


class Unfiled(_Entry):
    """The case that is started for each target that has not filed when the campaign closes."""

    process: str
    answers: dict[str, str] = {}
    reason_zh: str = ""
    reason_en: str = ""
    article: str = ""
    open: bool = True


class OnClose(_Entry):
    bulletin: str | None = None
    unfiled: Unfiled | None = None
    article: str = ""


class CampaignEntry(_Entry):
    """One campaign a pack declares. `where` and `answers` are expressions.

    `zero_report_roles` file a unit's zero report; none named means every role that is not that of one unit only.
    """

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    process: str
    name_zh: str
    name_en: str = ""
    article: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    targets: Targets = "accounts"
    where: str = "true"
    recurs: Recurrence | None = None
    last_day: LastDay
    period: str = "{year}"
    reminders: tuple[str, ...] = ()
    windows: tuple[CampaignWindow, ...] = ()
    answers: dict[str, str] = {}
    applicant_role: str = "unit_head"
    zero_report: bool = False
    zero_report_roles: tuple[str, ...] = ()
    on_close: OnClose = OnClose()
    manage_roles: tuple[str, ...] = Field(min_length=1)

    @field_validator("reminders")
    @classmethod
    def _spans(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                span(text)
            except WorkdaysError as error:
                raise ValueError(error.sentence_en) from None
        return value

    def name(self, locale: str) -> str:
        return (self.name_en or self.name_zh) if locale == "en" else self.name_zh
