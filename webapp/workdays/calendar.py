"""Which days are worked: weekends, published holidays and make-up workdays (调休), and an administrator's overrides.

Source of the Chinese days: the State Council's yearly notices (国务院办公厅关于部分节假日安排的通知), as carried by the
`holidays` package. A year without a notice still has its statutory days, but no make-up workdays: it is provisional.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib.metadata import version as version_of
from typing import Protocol

from holidays import country_holidays
from holidays.countries.china import China

# The first year whose notice is looked for; every notice since has moved at least one weekend.
_FIRST_NOTICE = 2024
_PACKAGE = version_of("holidays")


@dataclass(frozen=True)
class SpecialDay:
    """A day that differs from the plain week: `works` true for a make-up workday, false for a day off."""

    works: bool
    name: str
    name_en: str


class YearOfDays(Protocol):
    """Gives the special days of one year."""

    def __call__(self, year: int, /) -> Mapping[date, SpecialDay]: ...


def _plain_year(year: int, /) -> Mapping[date, SpecialDay]:
    return {}


@dataclass(frozen=True)
class Calendar:
    """The days of an institution.

    `published_until` is the last day whose holidays are officially known; deadlines that reach past it are provisional.
    `version` changes whenever any answer of `is_workday` may change, and is stored with every deadline.
    """

    published_until: date = date.max
    version: str = "weekdays"
    year: YearOfDays = _plain_year
    overrides: Mapping[date, SpecialDay] = field(default_factory=dict)

    def special(self, day: date) -> SpecialDay | None:
        """What makes this day differ from the plain week, if anything does."""
        return self.overrides.get(day) or self.year(day.year).get(day)

    def is_workday(self, day: date) -> bool:
        """Whether the institution works on this day."""
        special = self.special(day)
        return special.works if special else day.weekday() < 5

    def next_workday(self, day: date) -> date:
        """The first working day on or after `day`; raises OverflowError past the year 9999."""
        while not self.is_workday(day):
            day += timedelta(days=1)
        return day


@lru_cache(maxsize=256)
def _china_year(year: int, /) -> Mapping[date, SpecialDay]:
    if not China.start_year <= year <= China.end_year:
        return {}
    chinese = country_holidays("CN", years=year, language="zh_CN")
    english = country_holidays("CN", years=year, language="en_US")
    days = {day: SpecialDay(False, name, english.get(day, name)) for day, name in chinese.items()}
    for day in chinese.weekend_workdays:
        days[day] = SpecialDay(True, "调休上班", "make-up workday")
    return days


@lru_cache(maxsize=1)
def _last_noticed_year() -> int:
    year = _FIRST_NOTICE
    while any(special.works for special in _china_year(year + 1).values()):
        year += 1
    return year


def china_calendar(
    overrides: Mapping[date, tuple[bool, str]] | None = None, *, published_year: int | None = None
) -> Calendar:
    """The Chinese calendar with an administrator's own days.

    `overrides` maps a day to (worked?, name) and wins over the notices: a school's own holiday, a storm day, or a new
    year's notice typed in before the package carries it; `published_year` then says how far the typed notices reach.
    """
    typed = {day: SpecialDay(works, name, name) for day, (works, name) in (overrides or {}).items()}
    year = max(_last_noticed_year(), published_year or 0)
    digest = hashlib.sha256(repr(sorted((d.isoformat(), s.works, s.name) for d, s in typed.items())).encode())
    version = f"cn-{_PACKAGE}-{year}" + (f"-{digest.hexdigest()[:8]}" if typed else "")
    return Calendar(date(year, 12, 31), version, _china_year, typed)
