"""The life of an account in columns of time: its name, who sponsored it, who answered for it, and until when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

# A column is a month, a quarter, half a year or a year: the first with which the whole life fits.
STEPS = (1, 3, 6, 12)
MOST_COLUMNS = 16


@dataclass(frozen=True)
class State:
    """One version: the day it began and the account's fields since."""

    day: date
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Band:
    """A value that held for `span` columns; `live`: it still holds. An empty text is a stretch without a value."""

    text: str
    span: int
    since: date
    until: date | None
    live: bool


@dataclass(frozen=True)
class Lifeline:
    """`years` are (year, columns); `rows` (label, bands); `columns` their number."""

    years: Sequence[tuple[int, int]]
    rows: Sequence[tuple[str, Sequence[Band]]]
    columns: int
    since: date


def lifeline(
    states: Sequence[State], rows: Sequence[tuple[str, Callable[[Mapping[str, Any]], str]]], today: date
) -> Lifeline | None:
    """`states` oldest first; each row is a label and how its value is read from a version. None without a state."""
    if not states:
        return None
    first, step = states[0].day, _step(states[0].day, today)
    start = _month(first) // step
    end = _month(today) // step + 1
    years: dict[int, int] = {}
    for column in range(start, end):
        year = column * step // 12
        years[year] = years.get(year, 0) + 1
    bands = [(label, _bands(states, read, start, end, step)) for label, read in rows]
    shown = [(label, row) for label, row in bands if any(band.text for band in row)]
    return Lifeline(list(years.items()), shown, end - start, first)


def _bands(
    states: Sequence[State], read: Callable[[Mapping[str, Any]], str], start: int, end: int, step: int
) -> list[Band]:
    runs: list[tuple[date, str]] = []
    for state in states:
        text = read(state.data)
        if not runs or runs[-1][1] != text:
            runs.append((state.day, text))
    bands = []
    for place, (since, text) in enumerate(runs):
        until = runs[place + 1][0] if place + 1 < len(runs) else None
        from_column = _month(since) // step if place else start
        to_column = _month(until) // step if until else end
        # A value that came and went within one column stays in the list of events only.
        if to_column > from_column:
            bands.append(Band(text, to_column - from_column, since, until, until is None))
    return bands


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _step(first: date, today: date) -> int:
    months = _month(today) - _month(first) + 1
    return next((step for step in STEPS if months <= step * (MOST_COLUMNS - 1)), STEPS[-1])
