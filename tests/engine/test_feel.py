"""What expressions mean."""

import json
import re
from typing import Any

import pytest

from webapp.engine import feel
from webapp.engine.errors import BudgetExceeded, FeelError, FeelSyntaxError

DATA: dict[str, Any] = {
    "a": 5,
    "half": 0.5,
    "text": "温州职院",
    "blank": None,
    "yes": True,
    "items": [1, 2, 3],
    "UnitOpinion": {"decision": "approve", "opinion": "同意"},
    "rows": [{"kind": "staff", "n": 1}, {"kind": "student", "n": 7}],
    "申请": {"名称": "职院青年"},
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('UnitOpinion.decision = "approve"', True),
        ('= UnitOpinion.decision = "reject"', False),
        ('申请.名称 != "职院"', True),
        ("UnitOpinion.missing", None),
        ("blank.anything.at.all", None),
        ("a + 2 * 3 - 1", 10),
        ("(a + 2) * 3", 21),
        ("-a + 1", -4),
        ("6 / 3", 2),
        ("1 / 4", 0.25),
        ("0.1 + 0.2 = 0.3", True),
        ("half + half", 1),
        ('text + "青年"', "温州职院青年"),
        ("blank + 1", None),
        ("blank < 1", None),
        ("blank = null", True),
        ("1 = true", False),
        ('1 = "1"', False),
        ("[1, 2, 3] = items", True),
        ('{decision: "approve", "opinion": "同意"} = UnitOpinion', True),
        ('"2026-03-01" < "2026-10-01"', True),
        ("a between 1 and 5", True),
        ("a between 6 and blank", False),
        ("a in [1..5]", True),
        ("a in [1..5[", False),
        ("a in ]5..9]", False),
        ("a in (4..6)", True),
        ("a in [4..(a + 1)]", True),
        ("a in [1, 5]", True),
        ("a in items", False),
        ("a in blank", None),
        ("a in (< 3, 5)", True),
        ('text in ("x", "温州职院")', True),
        ("a in (items, [4..6])", True),
        ("yes and blank", None),
        ("not(yes) and blank", False),
        ("yes or blank", True),
        ("not(blank)", None),
        ("not(a in (1, 2))", True),
        ('if a > 3 then "大" else "小"', "大"),
        ('if blank then "x" else "y"', "y"),
        ("items[1]", 1),
        ("items[-1]", 3),
        ("items[4]", None),
        ("items[0]", None),
        ("blank[1]", None),
        ("rows[2].n", 7),
        ("rows.n", [1, 7]),
        ('some r in rows satisfies r.kind = "student"', True),
        ("every r in rows satisfies r.n > 1", False),
        ("some r in blank satisfies r = 1", False),
        ("every r in [] satisfies r = 1", True),
        ("some r in rows satisfies (every i in items satisfies i < r.n)", True),
        ("{a: a, b: [1]}.b", [1]),
        ('"引\\"号\\n\\u4e2d"', '引"号\n中'),
    ],
)
def test_an_expression_has_the_value_feel_gives_it(text: str, expected: object) -> None:
    value = feel.compile(text).evaluate(DATA)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(items)", 3),
        ("count(blank)", 0),
        ("sum(rows.n)", 8),
        ("sum(1, 2)", 3),
        ("sum([])", 0),
        ("sum([1, null])", None),
        ("min(items)", 1),
        ("max(1, 2.5)", 2.5),
        ("max([])", None),
        ('max(["2026-01-01", "2026-02-01"])', "2026-02-01"),
        ('contains(text, "职院")', True),
        ('contains(blank, "职院")', None),
        ('starts_with(text, "温")', True),
        ('starts with(text, "州")', False),
        ('ends_with(text, "院")', True),
        ('lower("WZPT")', "wzpt"),
        ('upper case("wzpt")', "WZPT"),
        ("string_length(text)", 4),
        ('date("2026-03-01")', "2026-03-01"),
        ('date("")', None),
        ('days_between("2026-02-10", "2026-03-02")', 20),
        ('days_between("2026-03-02", "2026-02-10")', -20),
        ('days_between(blank, "2026-02-10")', None),
        ('days_between("2026-03-02T09:00:00+08:00", "2026-03-03")', 1),
        ('months_between("2026-01-10", "2026-03-09")', 1),
        ('months_between("2026-01-10", "2026-03-10")', 2),
        ('months_between("2025-12-31", "2026-02-28")', 2),
        ('months_between("2026-03-10", "2026-01-10")', -2),
        ("months_between(null, blank)", None),
        ('year_of("2026-03-01")', 2026),
        ('year_of("2025-12-31") + 1', 2026),
        ("year_of(null)", None),
        ("is_blank(blank)", True),
        ('is_blank(" \u3000")', True),
        ("is_blank([])", True),
        ("is_blank(0)", False),
        ('number("12.50")', 12.5),
        ('number("十二")', None),
        ("string(6 / 2)", "3"),
        ("string(true)", "true"),
        ("list_contains(items, 2)", True),
        ("list_contains([true], 1)", False),
        ('distinct([1, true, 1.0, "1", [1], [1]])', [1, True, "1", [1]]),
        ("append(items, 4, 5)", [1, 2, 3, 4, 5]),
        ("append(blank, 4)", [4]),
    ],
)
def test_a_built_in_function_gives(text: str, expected: object) -> None:
    assert feel.compile(text).evaluate(DATA) == expected


def test_every_built_in_function_is_exercised_above() -> None:
    marks = test_a_built_in_function_gives.pytestmark  # type: ignore[attr-defined]
    called = {name for case in marks[0].args[1] for name in feel.BUILTINS if f"{name}(" in case[0].replace(" case", "")}
    assert called == set(feel.BUILTINS)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("nobody = 1", "nobody"),
        ('a < "x"', "<"),
        ('a + "x"', "+"),
        ("yes + 1", "+"),
        ("yes and a", "and"),
        ("not(text)", "not"),
        ("if text then 1 else 2", "if"),
        ("1 / 0", "除数"),
        ("text.length", "length"),
        ("items[yes]", "序号"),
        ('UnitOpinion["decision"]', "序号"),
        ("some r in a satisfies r", "列表"),
        ("a in text", "in"),
        ('contains(items, "x")', "list_contains"),
        ('date("2026-02-30")', "没有这一天"),
        ('date("2026-03-01T08:00:00Z")', "2026-03-01"),
        ("stranger(1)", "stranger"),
        ("sum([[1]])", "+"),
        ("string(items)", "string"),
    ],
)
def test_values_that_do_not_fit_are_an_error_that_says_so(text: str, part: str) -> None:
    with pytest.raises(FeelError) as caught:
        feel.compile(text).evaluate(DATA)
    assert part in caught.value.sentence
    assert not re.search("[\u4e00-\u9fff]", caught.value.sentence_en.replace("职院", ""))


def test_a_condition_counts_null_as_false_and_refuses_other_values() -> None:
    assert feel.compile("a > 1").condition(DATA) is True
    assert feel.compile("blank > 1").condition(DATA) is False
    with pytest.raises(FeelError, match="neither true nor false"):
        feel.compile("a").condition(DATA)


def test_an_expression_tells_what_it_reads() -> None:
    text = 'some r in Application.rows satisfies r.n > limit and due(3, case.filed_at) and contains(r.x, "y")'
    compiled = feel.compile(text)
    assert compiled.names == {"Application", "limit", "case"}
    assert compiled.paths == {"Application.rows", "limit", "case.filed_at"}
    assert compiled.functions == {"due"}


def test_a_variable_of_a_quantifier_is_unknown_outside_it() -> None:
    with pytest.raises(FeelError, match="r"):
        feel.compile("(some r in items satisfies r = 1) and r = 1").evaluate(DATA)


def test_a_variable_hides_a_name_only_inside() -> None:
    assert feel.compile("(some a in items satisfies a = 1) and a = 5").evaluate(DATA) is True


def test_a_registered_function_gets_values_and_gives_json() -> None:
    functions: dict[str, Any] = {"due": lambda n, unit: f"{n} {unit}", "odd": lambda: object()}
    assert feel.compile('due(5, "working_days")').evaluate({}, functions) == "5 working_days"
    with pytest.raises(FeelError) as caught:
        feel.compile("due(5)").evaluate({}, functions)
    assert isinstance(caught.value.__cause__, TypeError)
    with pytest.raises(FeelError, match="not form data"):
        feel.compile("odd()").evaluate({}, functions)


def test_objects_that_are_not_json_never_enter() -> None:
    class Sly(str):
        __slots__ = ()

    for value in (object(), Sly("x"), (1, 2), b"x"):
        with pytest.raises(FeelError):
            feel.compile("x").evaluate({"x": value})  # type: ignore[dict-item]
        with pytest.raises(FeelError):
            feel.compile("x.y").evaluate({"x": {"y": value}})  # type: ignore[dict-item]


def test_the_same_text_is_compiled_once() -> None:
    assert feel.compile("a + 1") is feel.compile("a + 1")


def test_evaluation_leaves_the_data_alone() -> None:
    before = json.dumps(DATA)
    feel.compile("append(items, 4)").evaluate(DATA)
    assert json.dumps(DATA) == before


def test_the_position_of_an_error_counts_in_the_text_as_written() -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        feel.compile(" = a == 1")
    assert caught.value.position == 5
    assert caught.value.text[caught.value.position] == "="


@pytest.mark.parametrize(
    "text",
    [
        "n + n",
        "n * n",
        "n / 0.001",
        "big + big",
        "upper(big + text)",
        "append(long, 1)",
        "long.x",
        "every i in half_long satisfies (every j in half_long satisfies i = j or i != j)",
        "deep = other_deep",
        "1000000000000000 + huge",
        "huge * 1.5",
        "string(infinite)",
        "string(not_a_number)",
    ],
)
def test_a_computation_without_end_or_measure_is_stopped(text: str) -> None:
    deep: Any = 1
    other_deep: Any = 1
    for _ in range(5000):
        deep, other_deep = [deep], [other_deep]
    data = {
        "n": 999_999_999_999_999,
        "big": "x" * 15_000,
        "text": "x" * 10_000,
        "long": [1] * 5_000,
        "half_long": list(range(2_000)),
        "deep": deep,
        "other_deep": other_deep,
        "huge": 10**400,
        "infinite": float("inf"),
        "not_a_number": float("nan"),
    }
    if text == "long.x":
        data["long"] = [{"x": 1}] * 5_001
    with pytest.raises(BudgetExceeded):
        feel.compile(text).evaluate(data)
