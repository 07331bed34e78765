from __future__ import annotations

from datetime import date

from webapp.registry.lifeline import MOST_COLUMNS, State, lifeline

ROWS = [("名称", lambda data: str(data.get("name", "")))]


def test_a_value_is_one_band_until_it_changes_and_the_last_is_live() -> None:
    states = [State(date(2019, 3, 11), {"name": "甲"}), State(date(2021, 3, 2), {"name": "甲"})]
    states.append(State(date(2023, 9, 18), {"name": "乙"}))
    life = lifeline(states, ROWS, date(2026, 11, 20))
    assert life is not None
    (label, bands), *_ = life.rows
    assert label == "名称"
    assert [(band.text, band.live) for band in bands] == [("甲", False), ("乙", True)]
    assert (bands[0].since, bands[0].until) == (date(2019, 3, 11), date(2023, 9, 18))


def test_columns_are_as_wide_as_the_life_needs_and_every_row_fills_them() -> None:
    for first in (date(2026, 11, 1), date(2025, 9, 1), date(2022, 1, 1), date(2019, 3, 1), date(2012, 1, 1)):
        life = lifeline([State(first, {"name": "甲"})], ROWS, date(2026, 11, 20))
        assert life is not None
        assert 1 <= life.columns <= MOST_COLUMNS
        assert sum(columns for _year, columns in life.years) == life.columns
        assert all(sum(band.span for band in bands) == life.columns for _label, bands in life.rows)


def test_changes_within_one_column_keep_the_last_and_the_width() -> None:
    states = [State(date(2020, 1, 5), {"name": "甲"}), State(date(2020, 1, 9), {"name": "乙"})]
    life = lifeline(states, ROWS, date(2026, 11, 20))
    assert life is not None
    assert [band.text for band in life.rows[0][1]] == ["乙"]
    assert life.rows[0][1][0].span == life.columns


def test_without_a_version_there_is_no_life_and_a_row_without_a_value_is_left_out() -> None:
    assert lifeline([], ROWS, date(2026, 11, 20)) is None
    life = lifeline([State(date(2026, 1, 1), {})], ROWS, date(2026, 11, 20))
    assert life is not None
    assert life.rows == []
