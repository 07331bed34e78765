"""Instants as a person reads them: in the institution's zone and the page's language, and how much time is left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from flask_babel import get_locale

from webapp.organization.models import User
from webapp.workdays import Calendar, TimeLeft, time_left
from webapp.workflow.deadlines import institution_calendar
from webapp.workflow.seats import NEVER

_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}


def page_locale() -> str:
    """The language of this page: zh or en."""
    return "en" if str(get_locale() or "zh").startswith("en") else "zh"


@dataclass
class Moments:
    """`now` is aware UTC; every method takes aware instants. The calendar is read when it is first needed."""

    institution_id: int
    zone: ZoneInfo
    locale: str
    now: datetime

    @classmethod
    def of(cls, user: User, now: datetime | None = None) -> Moments:
        """Those of a person's institution, at this moment."""
        return cls(user.institution_id, ZoneInfo(user.institution.time_zone), page_locale(), now or datetime.now(UTC))

    @cached_property
    def calendar(self) -> Calendar:
        return institution_calendar(self.institution_id)

    @property
    def today(self) -> date:
        """The institution's date."""
        return self.now.astimezone(self.zone).date()

    def minute(self, at: datetime | None) -> str:
        """ "11-17 10:05", with the year when it is another one; "" for None."""
        return f"{self.day(at, weekday=False)} {at.astimezone(self.zone):%H:%M}" if at else ""

    def clock(self, at: datetime) -> str:
        """ "15:08"."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def day(self, at: datetime | None, *, weekday: bool = True) -> str:
        """ "11-24 周二", with the year when it is another one; "" for None or never."""
        if at is None or at >= NEVER:
            return ""
        local = at.astimezone(self.zone)
        text = f"{local:%m-%d}" if local.year == self.today.year else f"{local:%Y-%m-%d}"
        if not weekday:
            return text
        name = _WEEKDAYS[self.locale][local.weekday()]
        return f"{text} 周{name}" if self.locale == "zh" else f"{name} {text}"

    def date(self, at: datetime | None) -> str:
        """ "2026-11-05"."""
        return f"{at.astimezone(self.zone):%Y-%m-%d}" if at else ""

    def today_text(self) -> str:
        """The date at the head of the home page."""
        day = self.today
        name = _WEEKDAYS[self.locale][day.weekday()]
        return f"{day.year} 年 {day.month} 月 {day.day} 日　星期{name}" if self.locale == "zh" else f"{name} {day}"

    def left(self, due_at: datetime | None) -> TimeLeft | None:
        """What is left until a deadline; None where there is none."""
        if due_at is None or due_at >= NEVER:
            return None
        return time_left(self.now, due_at, self.calendar, self.zone)
