"""Numbers given in order: filing numbers, case references."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import case
from sqlalchemy.dialects import postgresql, sqlite

from webapp.extensions import db, transactional
from webapp.registry.models import NumberSeries

_PLACE = re.compile(r"\{(year|n)(?::0?(\d{1,2})d)?\}")


class NumberFormatError(ValueError):
    """A number format that names something other than {year} and {n}, or lacks {n}."""


def format_number(pattern: str, year: int, number: int) -> str:
    """`备〔{year}〕{n:04d}` -> 备〔2026〕0007. Only {year} and {n}, each with an optional width, mean anything."""
    rest = _PLACE.sub("", pattern)
    if "{" in rest or "}" in rest or not re.search(r"\{n[:}]", pattern):
        raise NumberFormatError(f"a number format holds {{n}} or {{n:03d}} and perhaps {{year}}: {pattern}")
    values = {"year": year, "n": number}
    return _PLACE.sub(lambda place: str(values[place[1]]).zfill(int(place[2] or 0)), pattern)


def give_number(institution_id: int, key: str, pattern: str, year: int) -> str:
    """The next number of a series in a year, formatted."""
    return give_numbers(institution_id, key, pattern, year, 1)[0]


@transactional
def give_numbers(institution_id: int, key: str, pattern: str, year: int, count: int) -> list[str]:
    """The next `count` numbers of a series in a year, formatted.

    One statement that inserts the year's first row or raises the last number; it holds the row's lock until the
    commit, so numbers of committed work have no gap and no double, the first of a year included.
    """
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(NumberSeries).values(institution_id=institution_id, key=key, year=year, last=count)
    statement = statement.on_conflict_do_update(
        index_elements=["institution_id", "key", "year"], set_={"last": NumberSeries.last + count}
    ).returning(NumberSeries.last)
    last: int = db.session.execute(statement).scalar_one()
    return [format_number(pattern, year, number) for number in range(last - count + 1, last + 1)]


def read_number(pattern: str, text: str) -> tuple[int | None, int] | None:
    """The year (None where the format has none) and the number behind a formatted number; None for any other text."""
    parts = re.split(r"\{(?:year|n)(?::0?\d{1,2}d)?\}", pattern)
    places = [match[1] for match in _PLACE.finditer(pattern)]
    shape = re.escape(parts[0]) + "".join(
        f"(?P<{name}>[0-9]{{1,9}}){re.escape(part)}" for name, part in zip(places, parts[1:], strict=True)
    )
    match = re.fullmatch(shape, text)
    if match is None or "n" not in match.groupdict():
        return None
    return int(match["year"]) if "year" in match.groupdict() else None, int(match["n"])


@transactional
def count_on_from(institution_id: int, key: str, year: int, least: int) -> None:
    """Let the series of a year go on behind `least`: numbers up to it were given elsewhere."""
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(NumberSeries).values(institution_id=institution_id, key=key, year=year, last=least)
    higher = case((NumberSeries.last > least, NumberSeries.last), else_=least)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["institution_id", "key", "year"], set_={"last": higher})
    )
