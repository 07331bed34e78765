"""The filter of the ledger page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class LedgerFilter:
    """What was asked for, as typed; a date that is none is left out. Days are days of the institution's zone."""

    who: str = ""
    action: str = ""
    case: str = ""
    since: date | None = None
    until: date | None = None
    object_type: str = ""
    object_id: str = ""

    @classmethod
    def read(cls, asked: Mapping[str, str]) -> LedgerFilter:
        """From the address."""
        return cls(
            who=asked.get("who", "").strip()[:80],
            action=asked.get("action", "").strip()[:100],
            case=asked.get("case", "").strip()[:60],
            since=_day(asked.get("since", "")),
            until=_day(asked.get("until", "")),
            object_type=asked.get("object", "").strip()[:60],
            object_id=asked.get("id", "").strip()[:100],
        )

    def address(self) -> dict[str, str]:
        """The parameters that ask for the same again."""
        given = {
            "who": self.who,
            "action": self.action,
            "case": self.case,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "object": self.object_type,
            "id": self.object_id,
        }
        return {key: value for key, value in given.items() if value}

    def span(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """First instant and the instant after the last, in UTC; both days are included."""
        return _start(self.since, zone), _start(self.until + timedelta(days=1) if self.until else None, zone)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _start(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, zone).astimezone(UTC) if day else None
