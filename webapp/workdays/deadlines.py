"""A deadline as a value: when it is, the days it was reckoned over, and the sentence that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .errors import WorkdaysError
from .wording import sentence

UNITS = ("working_days", "days", "weeks", "months", "hours")
_FORMAT = 1


@dataclass(frozen=True)
class Day:
    """One day of the reckoning.

    kind: "start" (the day it began, never counted), "counted", "makeup" (a weekend day worked and counted),
    "rest" (weekend), "holiday", "paused" (the clock stood still), "end" (the last day).
    `number` is the day's place in the count;
    `name` is the holiday's name in Chinese, `name_en` in English, else empty.
    """

    date: date
    kind: str
    number: int | None = None
    name: str = ""
    name_en: str = ""


@dataclass(frozen=True)
class Deadline:
    """When something is due (`at`, aware UTC) and how that was found.

    `provisional`: it reaches past the last published year of holidays. `paused`: the clock stands still now, so `at` is
    the earliest it can become. `paused_for` is the time the clock stood still (hours only; days show it in `days`).
    """

    at: datetime
    unit: str
    n: int
    since: datetime
    days: tuple[Day, ...]
    provisional: bool
    calendar_version: str
    zone: str
    paused: bool = False
    paused_for: timedelta = timedelta(0)

    def count(self, kind: str) -> int:
        """How many days of the reckoning are of this kind."""
        return sum(1 for day in self.days if day.kind == kind)

    def sentence(self, locale: str = "zh", *, event: bool = False) -> str:
        """One sentence of working, in Chinese ("zh...") or English; `event`: it runs from something that happened."""
        return sentence(self, locale, event=event)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` reads it back unchanged."""
        return {
            "format": _FORMAT,
            "at": self.at.isoformat(),
            "unit": self.unit,
            "n": self.n,
            "since": self.since.isoformat(),
            "days": [[d.date.isoformat(), d.kind, d.number, d.name, d.name_en] for d in self.days],
            "provisional": self.provisional,
            "calendar_version": self.calendar_version,
            "zone": self.zone,
            "paused": self.paused,
            "paused_seconds": self.paused_for.total_seconds(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Deadline":
        """Read what `as_json` gave; WorkdaysError when it was stored in a format not known here."""
        if stored.get("format") != _FORMAT:
            raise WorkdaysError(
                "存储的时限格式无法识别。", "The stored deadline is in a format this version can't read."
            )
        return cls(
            at=datetime.fromisoformat(stored["at"]).astimezone(UTC),
            unit=stored["unit"],
            n=stored["n"],
            since=datetime.fromisoformat(stored["since"]).astimezone(UTC),
            days=tuple(Day(date.fromisoformat(d), *rest) for d, *rest in stored["days"]),
            provisional=stored["provisional"],
            calendar_version=stored["calendar_version"],
            zone=stored["zone"],
            paused=stored["paused"],
            paused_for=timedelta(seconds=stored["paused_seconds"]),
        )

    def local(self) -> datetime:
        """`at` in the institution's zone, for display."""
        return self.at.astimezone(ZoneInfo(self.zone))
