"""Unary tests: the cells of decision tables."""

from typing import Any

import pytest

from webapp.engine import feel
from webapp.engine.errors import FeelError, FeelSyntaxError


@pytest.mark.parametrize(
    ("cell", "passing", "failing"),
    [
        ("", [1, None, "x", []], []),
        ("-", [1, None], []),
        ('"weibo"', ["weibo"], ["qq", None, 1]),
        ('"weibo","douyin"', ["weibo", "douyin"], ["qq", None]),
        ("[1..100]", [1, 100, 50.5], [0, 101, None]),
        ("]1..100[", [2, 99], [1, 100]),
        ("(0..1]", [1, 0.5], [0]),
        ("[(limit - 1)..limit]", [9, 10], [8, 11]),
        (">= 10000", [10_000, 10_001.5], [9_999, None]),
        ("< 5, > 9", [4, 10], [5, 7, 9]),
        ("!= 3", [4, None, "3"], [3]),
        ("= limit", [10], [9]),
        ('not("a","b")', ["c", None], ["a", "b"]),
        ("not([1..5], 9)", [6, 8], [3, 9]),
        ("not(< 5)", [5], [4, None]),
        ("not(null)", [1, False], [None]),
        ("null", [None], [0, "", False]),
        ("true", [True], [False, None, 1]),
        ("false", [False], [True, None, 0]),
        ('["a", "b"]', ["a", "b", ["a", "b"]], ["c"]),
        ("allowed", ["x", "y"], ["z"]),
        ('? in ["x"]', ["x"], ["y"]),
        ("? > 3 and ? < limit", [4], [3, 10]),
        ('contains(?, "职院")', ["温州职院"], ["温职", None]),
        ('not(contains(?, "职院"))', ["温职"], ["温州职院", None]),
        ("not(? = 1) and ? < 3", [2], [1, 3]),
        ('starts with(?, "温"), "x"', ["温职", "x"], ["y"]),
        ("-1", [-1], [1]),
    ],
)
def test_a_cell_lets_pass(cell: str, passing: list[Any], failing: list[Any]) -> None:
    tests = feel.compile_unary(cell)
    names: dict[str, Any] = {"limit": 10, "allowed": ["x", "y"]}
    assert [value for value in passing if not tests.matches(value, names)] == []
    assert [value for value in failing if tests.matches(value, names)] == []


@pytest.mark.parametrize(
    "cell", ["a b", "== 3", '"x', "[1..", "[9..1]", "not(", '"a",', "> 1 and", "True", "not a", "= "]
)
def test_a_cell_that_is_no_test_is_refused(cell: str) -> None:
    with pytest.raises(FeelSyntaxError):
        feel.compile_unary(cell)


@pytest.mark.parametrize(("cell", "value"), [(">= 10", "12"), ("[1..5]", "a"), ("? + 1", 1), ("? < 5", True)])
def test_a_value_the_cell_cannot_judge_is_an_error_not_a_miss(cell: str, value: Any) -> None:
    with pytest.raises(FeelError):
        feel.compile_unary(cell).matches(value, {})


def test_a_cell_tells_what_it_reads() -> None:
    cell = feel.compile_unary("< Application.followers, limit(?)")
    assert cell.names == {"Application"}
    assert cell.functions == {"limit"}
