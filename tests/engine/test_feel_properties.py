"""What holds for every text and every value."""

import contextlib
import json
import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.engine import feel
from webapp.engine.errors import BudgetExceeded, FeelError, FeelSyntaxError
from webapp.engine.feel.limits import MAX_NUMBER

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)
VOCABULARY = """
a b c . , ? - + * / = != < <= ( ) [ ] { } : .. and or not in if then else some every satisfies between true null 1 2
0.5 "x" "a" count sum min max contains lower date is_blank number string distinct append list_contains f starts with
__x True == && ' “ （ @
"""
SOUP = st.lists(st.sampled_from(VOCABULARY.split()), max_size=14).map(" ".join)
PLAIN = st.integers(-1000, 1000)


@st.composite
def sums(draw: st.DrawFn, depth: int = 3) -> tuple[str, int, int]:
    """Arithmetic as text, its value, and the largest number met on the way."""
    if depth == 0 or draw(st.booleans()):
        number = draw(PLAIN)
        return str(number), number, abs(number)
    left, left_value, left_peak = draw(sums(depth - 1))
    right, right_value, right_peak = draw(sums(depth - 1))
    sign = draw(st.sampled_from("+-*"))
    value = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign](left_value, right_value)
    return f"({left} {sign} {right})", value, max(left_peak, right_peak, abs(value))


SHAPES = """
({} + {})|({} - {})|({} * {})|({} / {})|({} = {})|({} < {})|(if ({}) = 1 then {} else {})|(({}) and ({} = {}))
not(({}) != {})|({} between {} and {})|(({}) in ({}, {}))|[{}, {}]|(some x in {} satisfies (x = {}))
(every x in {} satisfies x.a > {})|({}).a|({})[{}]|sum({}, {})|max({}, {})|count({})|distinct({})|append({}, {})
contains({}, {})|string({})|number({})|lower({})|date({})|list_contains({}, {})|is_blank({})
"""
LEAVES = 'a|b|a.b|c[1]|1|2.5|"x"|true|null|[]|[1, a]|{a: b}'


@st.composite
def well_formed(draw: st.DrawFn, depth: int = 3) -> str:
    """Expressions the grammar accepts, whatever their values do."""
    if depth == 0:
        return draw(st.sampled_from(LEAVES.split("|")))
    parts = [draw(well_formed(depth - 1)) for _ in range(3)]
    return draw(st.sampled_from(SHAPES.strip().replace("\n", "|").split("|"))).format(*parts)


def _evaluate(text: str, data: dict[str, Any]) -> Any:
    return feel.compile(text).evaluate(data)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | SOUP, VALUES)
def test_no_text_raises_anything_but_our_errors(text: str, value: Any) -> None:
    with contextlib.suppress(FeelSyntaxError, FeelError):
        _evaluate(text, {"a": value, "b": value, "c": [value]})
    with contextlib.suppress(FeelSyntaxError, FeelError):
        assert feel.compile_unary(text).matches(value, {"a": value, "b": 1, "c": "x"}) in (True, False)


@settings(max_examples=400, deadline=None)
@given(well_formed(), VALUES, VALUES)
def test_no_value_raises_anything_but_our_errors(text: str, first: Any, second: Any) -> None:
    with contextlib.suppress(FeelSyntaxError, FeelError):
        json.dumps(_evaluate(text, {"a": first, "b": second, "c": [second]}))


@settings(max_examples=300, deadline=None)
@given(sums())
def test_arithmetic_agrees_with_whole_numbers(case: tuple[str, int, int]) -> None:
    text, value, peak = case
    if peak <= MAX_NUMBER:
        assert _evaluate(text, {}) == value
    else:
        with pytest.raises(BudgetExceeded):
            _evaluate(text, {})


@given(PLAIN, PLAIN, PLAIN)
def test_ranges_agree_with_chained_comparison(value: int, low: int, high: int) -> None:
    data = {"v": value, "low": low, "high": high}
    assert _evaluate("v in [low..high]", data) == (low <= value <= high)
    assert _evaluate("v in ]low..high[", data) == (low < value < high)
    assert _evaluate("v in (low..high]", data) == (low < value <= high)
    assert _evaluate("v between low and high", data) == (low <= value <= high)


@given(VALUES, VALUES)
def test_equality_is_symmetric_and_keeps_types_apart(first: Any, second: Any) -> None:
    data = {"a": first, "b": second}
    assert _evaluate("a = b", data) == _evaluate("b = a", data)
    assert _evaluate("a != b", data) is not _evaluate("a = b", data)
    if isinstance(first, bool) is not isinstance(second, bool):
        assert _evaluate("a = b", data) is False


@given(st.lists(st.sampled_from([True, False, None]), min_size=2, max_size=5))
def test_and_or_follow_three_valued_logic(values: list[bool | None]) -> None:
    data: dict[str, Any] = {f"v{index}": value for index, value in enumerate(values)}
    expected_and = False if False in values else None if None in values else True
    expected_or = True if True in values else None if None in values else False
    assert _evaluate(" and ".join(data), data) is expected_and
    assert _evaluate(" or ".join(data), data) is expected_or
