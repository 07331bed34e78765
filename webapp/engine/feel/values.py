"""Operators over JSON values: equality, order, arithmetic. Null is "not known": it passes through all but equality."""

import operator
from collections.abc import Callable
from typing import Any, Final

from webapp.engine.errors import BudgetExceeded, FeelError
from webapp.engine.feel.limits import MAX_DEPTH, Json, State, bounded_list, bounded_number, bounded_string, checked

NUMBERS: Final = frozenset({int, float})
_ORDERED: Final = frozenset({int, float, str})
_TESTS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_KINDS: Final = {
    str: ("文字", "a text"),
    int: ("数字", "a number"),
    float: ("数字", "a number"),
    bool: ("真假值", "true or false"),
    list: ("列表", "a list"),
    dict: ("对象", "an object"),
    type(None): ("空值", "null"),
}


def kind_of(value: Json) -> tuple[str, str]:
    """What to call the type of `value`, in Chinese and English."""
    return _KINDS.get(type(value), ("未知数据", "unknown data"))


def equal(left: Json, right: Json, state: State, depth: int = 0) -> bool:
    """Equality of JSON values: types differ, not equal (1 = 1.0 holds, 1 = true does not); spends steps in lists."""
    kind, other = type(left), type(right)
    if kind is not other:
        return kind in NUMBERS and other in NUMBERS and left == right
    if depth > MAX_DEPTH:
        raise BudgetExceeded("数据嵌套过深", "the data is nested too deep")
    if isinstance(left, list) and isinstance(right, list):
        state.spend(len(left))
        return len(left) == len(right) and all(equal(a, b, state, depth + 1) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        state.spend(len(left))
        return left.keys() == right.keys() and all(equal(left[key], right[key], state, depth + 1) for key in left)
    return left == right


def member_of(value: Json, items: list[Json], state: State) -> bool:
    """Whether `value` equals one of `items`."""
    state.spend(len(items))
    return any(equal(value, item, state) for item in items)


def ordering(symbol: str) -> Callable[[Json, Json], bool | None]:
    """The comparison written `symbol` (< <= > >=): two numbers or two texts; null with anything gives null."""
    test = _TESTS[symbol]

    def compare(left: Json, right: Json) -> bool | None:
        kind, other = type(left), type(right)
        if (kind is other and kind in _ORDERED) or (kind in NUMBERS and other in NUMBERS):
            return test(left, right)
        if left is None or right is None:
            return None
        raise mismatch(symbol, left, right)

    return compare


def mismatch(symbol: str, left: Json, right: Json) -> FeelError:
    """The error for operands that `symbol` cannot join."""
    (zh, en), (other_zh, other_en) = kind_of(left), kind_of(right)
    return FeelError(f"{zh}与{other_zh}之间不能用“{symbol}”", f'"{symbol}" cannot join {en} and {other_en}')


def number(value: int | float) -> int | float:
    """A result as a number of ours: bounded, whole numbers as int, else rounded to 15 digits (0.1 + 0.2 = 0.3)."""
    bounded_number(value)
    if isinstance(value, int):
        return value
    rounded = float(f"{value:.15g}")
    return int(rounded) if rounded.is_integer() else rounded


def add(left: Json, right: Json) -> Json:
    """`left + right`: numbers are added, texts joined."""
    if isinstance(left, str) and isinstance(right, str):
        return bounded_string(left + right)
    return _calculate("+", operator.add, left, right)


def subtract(left: Json, right: Json) -> Json:
    """`left - right` of numbers."""
    return _calculate("-", operator.sub, left, right)


def multiply(left: Json, right: Json) -> Json:
    """`left * right` of numbers."""
    return _calculate("*", operator.mul, left, right)


def divide(left: Json, right: Json) -> Json:
    """`left / right` of numbers; dividing by zero is a FeelError (in FEEL null, which would hide the fault)."""
    if type(right) in NUMBERS and right == 0 and left is not None:
        raise FeelError("除数为零", "division by zero")
    if isinstance(left, int) and type(right) is int and right and left % right == 0:
        return _calculate("/", operator.floordiv, left, right)
    return _calculate("/", operator.truediv, left, right)


def negate(value: Json) -> Json:
    """`-value` of a number."""
    return _calculate("-", operator.sub, 0, value)


def _calculate(symbol: str, operate: Callable[..., int | float], left: Json, right: Json) -> Json:
    if type(left) in NUMBERS and type(right) in NUMBERS:
        bounded_number(left)  # type: ignore[arg-type]  # bounded first: a huge int does not even convert to float
        bounded_number(right)  # type: ignore[arg-type]
        return number(operate(left, right))
    if (left is None and (right is None or type(right) in _ORDERED)) or (right is None and type(left) in _ORDERED):
        return None
    raise mismatch(symbol, left, right)


def member(value: Json, key: str, state: State) -> Json:
    """`value.key`: null where value or member is missing; of a list, the member of every entry."""
    if isinstance(value, dict):
        return checked(value.get(key), key)
    if value is None:
        return None
    if isinstance(value, list):
        state.spend(len(value))
        return [None if isinstance(item, list) else member(item, key, state) for item in bounded_list(value)]
    zh, en = kind_of(value)
    raise FeelError(f"{zh}没有“{key}”这一项", f'{en} has no member "{key}"')


def entry(value: Json, position: Json) -> Json:
    """`value[position]`: counted from 1, from the end when negative; null outside the list or for null."""
    if value is None or position is None:
        return None
    if not isinstance(value, list):
        zh, en = kind_of(value)
        raise FeelError(f"{zh}不能用 [序号] 取值", f"{en} has no numbered entries")
    if not isinstance(position, int) or isinstance(position, bool):
        raise FeelError(
            "[ ] 中只能写序号（从 1 起）；按条件查找请用 some … in … satisfies",
            "write a number (from 1) in [ ]; to search by condition use some … in … satisfies",
        )
    if position == 0 or abs(position) > len(value):
        return None
    return checked(value[position - 1 if position > 0 else position], str(position))
