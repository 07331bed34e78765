"""The day-by-day arithmetic as cells a page can lay out (`.bn-cal`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .deadlines import Day, Deadline

_WEEKDAYS = {"zh": "一二三四五六日", "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")}
_MARKS = {
    "zh": {"start": "收到", "rest": "休", "holiday": "休", "paused": "停表", "end": "截止", "today": "今天"},
    "en": {"start": "In", "rest": "Off", "holiday": "Off", "paused": "Held", "end": "Due", "today": "Today"},
}
# The look's amber: the last day when it is at most this many days ahead.
_SOON = timedelta(days=2)


@dataclass(frozen=True)
class Cell:
    """One day: weekday, day of the month, a word under it, CSS state classes, and a title that says it all in words."""

    date: date
    weekday: str
    day: str
    mark: str
    classes: str
    title: str


_EVENT = {"zh": "发生", "en": "Event"}


def cells(deadline: Deadline, now: datetime, locale: str = "zh", *, event: bool = False) -> list[Cell]:
    """A cell for each day of the reckoning; an hours deadline has none. `now` is aware.

    `event`: it runs from the day something happened, not from the day something was received.
    """
    today = now.astimezone(ZoneInfo(deadline.zone)).date()
    language = "zh" if locale.startswith("zh") else "en"
    marks = {**_MARKS[language], "start": _EVENT[language]} if event else _MARKS[language]
    return [_cell(day, today, language, marks) for day in deadline.days]


def _cell(day: Day, today: date, language: str, marks: Mapping[str, str]) -> Cell:
    mark = marks.get(day.kind) or (f"第{day.number}日" if language == "zh" else f"Day {day.number}")
    if day.date == today and day.kind not in ("end", "start"):
        mark = marks["today"]
    name = day.name if language == "zh" else day.name_en
    title = " ".join(part for part in (day.date.isoformat(), mark, name) if part)
    return Cell(day.date, _WEEKDAYS[language][day.date.weekday()], str(day.date.day), mark, _classes(day, today), title)


def _classes(day: Day, today: date) -> str:
    states = {
        "is-past": day.date < today,
        "is-today": day.date == today,
        "is-rest": day.kind in ("rest", "holiday"),
        "is-paused": day.kind == "paused",
        "is-end": day.kind == "end",
        "is-soon": day.kind == "end" and today <= day.date <= today + _SOON,
    }
    return " ".join(name for name, holds in states.items() if holds)
