"""Built-in functions. Null counts as the empty list for list functions, and passes through text functions."""

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from webapp.engine.errors import FeelError
from webapp.engine.feel.limits import Json, State, bounded_list, bounded_string
from webapp.engine.feel.values import NUMBERS, add, kind_of, member_of, number, ordering

_less = ordering("<")
_NUMBER_TEXT = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_DATE_TEXT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True)
class Builtin:
    """One function: called with the state and `least` to `most` values; `summary` is for the documentation."""

    run: Callable[..., Json]
    least: int
    most: int
    summary: str


def _wrong(name: str, value: Json, wanted: str, wanted_en: str) -> FeelError:
    zh, en = kind_of(value)
    return FeelError(f"{name}() 需要{wanted}，得到的是{zh}", f"{name}() needs {wanted_en}, not {en}")


def _entries(name: str, value: Json, state: State) -> list[Json]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(name, value, "列表", "a list")
    state.spend(len(value))
    return bounded_list(value)


def _either(name: str, values: tuple[Json, ...], state: State) -> list[Json]:
    """`f(list)` and `f(a, b, ...)` mean the same."""
    return _entries(name, values[0], state) if len(values) == 1 else list(values)


def _text(name: str, value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise _wrong(name, value, "文字", "a text")


def _texts(name: str, first: Json, second: Json) -> tuple[str, str] | None:
    left, right = _text(name, first), _text(name, second)
    return None if left is None or right is None else (left, right)


def _count(state: State, value: Json) -> Json:
    return len(_entries("count", value, state))


def _sum(state: State, *values: Json) -> Json:
    total: Json = 0
    for value in _either("sum", values, state):
        if isinstance(value, str):
            raise _wrong("sum", value, "数字", "numbers")
        total = add(total, value)
    return total


def _least(name: str, values: list[Json], pick_second: Callable[[Json, Json], bool | None]) -> Json:
    best: Json = None
    for index, value in enumerate(values):
        if value is None:
            return None
        if type(value) not in NUMBERS and not isinstance(value, str):
            raise _wrong(name, value, "数字或文字", "numbers or texts")
        if index == 0 or pick_second(best, value):
            best = value
    return best


def _min(state: State, *values: Json) -> Json:
    return _least("min", _either("min", values, state), lambda best, value: _less(value, best))


def _max(state: State, *values: Json) -> Json:
    return _least("max", _either("max", values, state), _less)


def _contains(state: State, text: Json, part: Json) -> Json:
    if isinstance(text, list):
        raise FeelError(
            "contains() 查找文字；列表请用 list_contains()", "contains() searches a text; use list_contains()"
        )
    pair = _texts("contains", text, part)
    return None if pair is None else pair[1] in pair[0]


def _starts_with(state: State, text: Json, part: Json) -> Json:
    pair = _texts("starts_with", text, part)
    return None if pair is None else pair[0].startswith(pair[1])


def _ends_with(state: State, text: Json, part: Json) -> Json:
    pair = _texts("ends_with", text, part)
    return None if pair is None else pair[0].endswith(pair[1])


def _lower(state: State, text: Json) -> Json:
    value = _text("lower", text)
    return None if value is None else bounded_string(bounded_string(value).lower())


def _upper(state: State, text: Json) -> Json:
    value = _text("upper", text)
    return None if value is None else bounded_string(bounded_string(value).upper())


def _string_length(state: State, text: Json) -> Json:
    value = _text("string_length", text)
    return None if value is None else len(value)


def _date(state: State, text: Json) -> Json:
    # A moment with a time is refused: its day depends on the time zone, which is the caller's to say.
    value = _text("date", text)
    if not value:
        return None
    try:
        if _DATE_TEXT.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError as error:
        raise FeelError("没有这一天", "there is no such day") from error
    raise FeelError("日期请写成 2026-03-01 的样子", "write a date like 2026-03-01")


def _day(name: str, value: Json) -> date | None:
    """The day a text begins with: a moment counts as the day written in it."""
    text = _text(name, value)
    if not text:
        return None
    try:
        if _DATE_TEXT.fullmatch(text[:10]) and (len(text) == 10 or text[10] == "T"):
            return date.fromisoformat(text[:10])
    except ValueError as error:
        raise FeelError("没有这一天", "there is no such day") from error
    raise FeelError("日期请写成 2026-03-01 的样子", "write a date like 2026-03-01")


def _days_between(state: State, first: Json, last: Json) -> Json:
    start, end = _day("days_between", first), _day("days_between", last)
    return None if start is None or end is None else (end - start).days


def _months_between(state: State, first: Json, last: Json) -> Json:
    """Whole months; one is over on the same day of the month, or on the last day of a shorter one."""
    start, end = _day("months_between", first), _day("months_between", last)
    if start is None or end is None:
        return None
    if end < start:
        return -_whole_months(end, start)
    return _whole_months(start, end)


def _whole_months(start: date, end: date) -> int:
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if end.day >= min(start.day, monthrange(end.year, end.month)[1]) else months - 1


def _year_of(state: State, text: Json) -> Json:
    day = _day("year_of", text)
    return None if day is None else day.year


def _is_blank(state: State, value: Json) -> Json:
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == [] or value == {}


def _number(state: State, value: Json) -> Json:
    if value is None or type(value) in NUMBERS:
        return value
    if not isinstance(value, str):
        raise _wrong("number", value, "文字或数字", "a text or a number")
    text = value.strip() if len(value) <= 100 else ""
    if not _NUMBER_TEXT.fullmatch(text):
        return None
    return number(float(text) if "." in text else int(text))


def _string(state: State, value: Json) -> Json:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(number(value))
    raise _wrong("string", value, "文字、数字或真假值", "a text, a number, true or false")


def _list_contains(state: State, items: Json, value: Json) -> Json:
    return member_of(value, _entries("list_contains", items, state), state)


def _distinct(state: State, items: Json) -> Json:
    seen: set[tuple[bool, Json]] = set()  # with "is true or false", because to Python True and 1 are one
    nested: list[Json] = []
    kept: list[Json] = []
    for item in _entries("distinct", items, state):
        if isinstance(item, list | dict):
            if not member_of(item, nested, state):
                nested.append(item)
                kept.append(item)
        elif (key := (isinstance(item, bool), item)) not in seen:
            seen.add(key)
            kept.append(item)
    return kept


def _append(state: State, items: Json, *more: Json) -> Json:
    return bounded_list([*_entries("append", items, state), *more])


_MANY: Final = 50

BUILTINS: Final[dict[str, Builtin]] = {
    "count": Builtin(_count, 1, 1, "number of entries of a list"),
    "sum": Builtin(_sum, 1, _MANY, "sum of a list or of the values given; null when one is null"),
    "min": Builtin(_min, 1, _MANY, "smallest of a list or of the values given; null when empty or one is null"),
    "max": Builtin(_max, 1, _MANY, "largest of a list or of the values given; null when empty or one is null"),
    "contains": Builtin(_contains, 2, 2, "whether a text contains another"),
    "starts_with": Builtin(_starts_with, 2, 2, "whether a text begins with another"),
    "ends_with": Builtin(_ends_with, 2, 2, "whether a text ends with another"),
    "lower": Builtin(_lower, 1, 1, "the text in lower case"),
    "upper": Builtin(_upper, 1, 1, "the text in upper case"),
    "string_length": Builtin(_string_length, 1, 1, "number of characters of a text"),
    "date": Builtin(_date, 1, 1, "the day written YYYY-MM-DD, checked; null for an empty text"),
    "days_between": Builtin(_days_between, 2, 2, "days from the first date to the second"),
    "months_between": Builtin(_months_between, 2, 2, "whole months from the first date to the second"),
    "year_of": Builtin(_year_of, 1, 1, "the year of a date, as a number"),
    "is_blank": Builtin(_is_blank, 1, 1, "whether null, only spaces, or an empty list or object"),
    "number": Builtin(_number, 1, 1, "the number a text shows; null when it shows none"),
    "string": Builtin(_string, 1, 1, "a number, true or false as text"),
    "list_contains": Builtin(_list_contains, 2, 2, "whether a list has an entry equal to the value"),
    "distinct": Builtin(_distinct, 1, 1, "the list without repeated entries"),
    "append": Builtin(_append, 2, _MANY, "the list followed by the values given"),
}

# Names with a space are the standard's spelling (DMN 1.3 section 10.3.4), which dmn-js and form-js offer.
STANDARD_SPELLINGS: Final = {
    "starts with": "starts_with",
    "ends with": "ends_with",
    "string length": "string_length",
    "list contains": "list_contains",
    "lower case": "lower",
    "upper case": "upper",
    "is blank": "is_blank",
}
