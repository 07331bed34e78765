"""Numbers have no gap and no double, the first of a year included."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask

from tests.support.records_world import World
from webapp.extensions import db, transactional
from webapp.registry.numbers import NumberFormatError, format_number, give_number


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("备〔{year}〕{n:04d}", "备〔2026〕0007"),
        ("{n}", "7"),
        ("{year}-{n:03d}号", "2026-007号"),
    ],
)
def test_a_number_is_formatted_as_the_pack_says(pattern: str, expected: str) -> None:
    assert format_number(pattern, 2026, 7) == expected


@pytest.mark.parametrize("pattern", ["备{year}", "{n.__class__}", "{n!r}", "{0}", "{n:>9}", "{n", "{month}{n}"])
def test_a_format_with_anything_else_is_refused(pattern: str) -> None:
    with pytest.raises(NumberFormatError):
        format_number(pattern, 2026, 7)


def test_series_years_and_institutions_count_apart(world: World) -> None:
    assert give_number(world.institution, "account", "{n}", 2026) == "1"
    assert give_number(world.institution, "account", "{n}", 2026) == "2"
    assert give_number(world.institution, "account", "{n}", 2027) == "1"
    assert give_number(world.institution, "group", "{n}", 2026) == "1"
    assert give_number(world.other_institution, "account", "{n}", 2026) == "1"


def test_a_rolled_back_number_is_given_again(world: World) -> None:
    @transactional
    def fail() -> None:
        give_number(world.institution, "account", "{n}", 2026)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert give_number(world.institution, "account", "{n}", 2026) == "1"


def test_the_first_numbers_of_a_year_taken_at_once_are_all_different(app: Flask, world: World) -> None:
    people = 8
    barrier = Barrier(people)
    db.session.remove()

    def take(_number: int) -> str:
        with app.app_context():
            barrier.wait()
            try:
                return give_number(world.institution, "account", "{n}", 2027)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(people) as pool:
        given = list(pool.map(take, range(people)))
    assert sorted(given, key=int) == [str(number) for number in range(1, people + 1)]
