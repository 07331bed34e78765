"""What is no expression, and how the person is told."""

import time
from typing import Any

import pytest

from webapp.engine import feel
from webapp.engine.errors import EngineError, FeelError, FeelSyntaxError
from webapp.engine.feel.limits import MAX_DEPTH, MAX_LENGTH, MAX_NODES


@pytest.mark.parametrize(
    ("text", "advice", "advice_en"),
    [
        ("a == 1", "请写 =", "write ="),
        ("a === 1", "请写 =", "write ="),
        ("a <> 1", "!=", "!="),
        ("a =< 1", "<=", "<="),
        ("a => 1", ">=", ">="),
        ("a && b", "and", "and"),
        ("a || b", "or", "or"),
        ("!a", "not(…)", "not("),
        ("not a", "not(…)", "not("),
        ("a not in b", "not(x in …)", "not(x in"),
        ("a AND b", "小写", "lower case"),
        ("a is b", "=", "="),
        ("True", "true", "true"),
        ("a = False", "false", "false"),
        ("a = None", "null", "null"),
        ("undefined", "null", "null"),
        ("a = 'x'", "双引号", "double quotes"),
        ("a = “x”", "半角双引号", "plain double quotes"),
        ("count（a）", "半角", "half-width"),
        ('a = "x', "引号", "quotation mark"),
        ("1 < a < 5", "and", "and"),
        ('a = "x" or "y"', 'x in ("a", "b")', 'x in ("a", "b")'),
        ("a and 1", "真假条件", "condition"),
        ("not(a, b)", "x in", "x in"),
        ("a ? 1 : 2", "if … then", "if … then"),
        ("1 if a else 2", "if … then", "if … then"),
        ("?", "单元格", "table cells"),
        ("lambda: 1", "程序语句", "statements"),
        ("import os", "程序语句", "statements"),
        ("for x in a return x", "some", "some"),
        ("a.upper()", "upper(x)", "upper(x)"),
        ("len(a)", "count", "count"),
        ("str(a)", "string", "string"),
        ("eval(a)", "eval", "eval"),
        ("a.__class__", "两个下划线", "underscores"),
        ("__import__", "两个下划线", "underscores"),
        ("2 ** 3", "乘方", "powers"),
        ("a % 2", "取余", "remainders"),
        ("a // 2", "注释", "comment"),
        ("${a}", "${…}", "${"),
        ("(1..5)", "in 之后", "after in"),
        ("a in [5..1]", "对调", "swap"),
        ('a in [1.."x"]', "两端", "both bounds"),
        ("a =", "不完整", "incomplete"),
        ("  ", "空", "empty"),
        ("{a: 1, a: 2}", "两次", "twice"),
        ("count()", "参数", "takes"),
        ("a in (? > 1)", "?", "?"),
        ("a b", "不应出现", "cannot stand"),
        ("9999999999999999999", "过大", "too large"),
        ('"\\ud800"', "编码", "half a character"),
    ],
)
def test_a_usual_mistake_is_answered_with_what_to_write(text: str, advice: str, advice_en: str) -> None:
    with pytest.raises(FeelSyntaxError) as caught:
        feel.compile(text)
    assert advice in caught.value.sentence
    assert advice_en in caught.value.sentence_en


@pytest.mark.parametrize(
    "text",
    [
        "x" * (MAX_LENGTH + 1),
        "-" * (MAX_DEPTH + 1) + "1",
        "not(" * (MAX_DEPTH + 1) + "true" + ")" * (MAX_DEPTH + 1),
        "[" * 900 + "]" * 900,
        "(" * 999 + "1",
        " + ".join(["1"] * MAX_NODES),
        "a" + ".k" * 900,
        "a" + "[1]" * 600,
        "if a then " * 150 + "1",
    ],
)
def test_a_text_beyond_measure_is_refused_at_once(text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(FeelSyntaxError):
        feel.compile(text)
    assert time.perf_counter() - began < 0.5


def test_many_parentheses_around_one_value_are_harmless() -> None:
    assert feel.compile("(" * 900 + "1" + ")" * 900).evaluate({}) == 1


# Ways out of a sandbox that is Python underneath, and ways to exhaust one. The names are given so that no refusal
# is owed to a missing name alone.
ESCAPES = [
    "__import__('os').system('touch /tmp/x')",
    '__import__("os").system("touch /tmp/x")',
    'eval("1")',
    'exec("x = 1")',
    'compile("1", "", "eval")',
    'open("/etc/passwd").read()',
    'open("/etc/passwd")',
    "globals()",
    "vars()",
    "dir(s)",
    "type(s)",
    'getattr(s, "upper")',
    'setattr(s, "x", 1)',
    "().__class__.__base__.__subclasses__()",
    "[].__class__",
    '"".__class__.__mro__[2]',
    "s.__class__",
    "d.__class__",
    "d.__init__.__globals__",
    "rows.__class__",
    "s.format",
    's.format("{0.__class__}")',
    '"{0.__class__}".format(s)',
    'f"{s.__class__}"',
    '"%s" % s',
    "n.real",
    "s.upper()",
    "l.append(1)",
    "d.items()",
    "lambda: 1",
    "(lambda f: f(f))(lambda f: f(f))",
    "[x for x in l]",
    "{x: x for x in l}",
    "(x for x in l)",
    "(x := 5)",
    "x = 5; y = 6",
    "import os",
    "from os import system",
    "def f(): pass",
    "class A: pass",
    "await s",
    "yield s",
    "del s",
    "while True: pass",
    "raise s",
    "{**d}",
    "max(*l)",
    "max(**d)",
    "l[0:2]",
    "l[::1]",
    "d[s]",
    's["__class__"]',
    "b'abc'",
    "1j",
    "0x10",
    "1e9",
    "...",
    "{1, 2}",
    "~n",
    "n @ n",
    "n << 99",
    "n ^ n",
    "9**9**9",
    "'x' * 99999999",
    '"x" * 99999999',
    "[0] * 99999999",
    "l * l",
    "print(1)",
    "breakpoint()",
    "help()",
    "input()",
    "not_registered(1)",
    "count.__self__",
    "count",
    "functions",
    "names",
    "state",
    "self",
    "true.real",
    "null.__class__",
    "\\x41",
    "s\x00",
    "`id`",
    "$(id)",
    "<!-- x -->",
    "&lt;",
    "${7*7}",
    "{{7*7}}",
    "#{7*7}",
    "T(java.lang.Runtime).getRuntime()",
    'new Function("return 1")()',
    "this.constructor",
]
EVERYTHING: dict[str, Any] = {"s": "abc", "n": 5, "l": [1, 2, 3], "d": {"k": 1}, "rows": [{"v": 1}], "x": 1, "y": 1}


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_out_is_evaluated_as_an_expression(text: str) -> None:
    with pytest.raises((FeelSyntaxError, FeelError)):
        feel.compile(text).evaluate(EVERYTHING)


@pytest.mark.parametrize("text", ESCAPES)
def test_no_way_out_is_evaluated_as_a_cell(text: str) -> None:
    for cell in (text, f"? = 0 or {text}", f"not({text})", f"[0..{text}]", f"< {text}"):
        with pytest.raises((FeelSyntaxError, FeelError)):
            feel.compile_unary(cell).matches(1, EVERYTHING)


def test_every_refusal_speaks_both_languages() -> None:
    for text in ESCAPES:
        with pytest.raises(EngineError) as caught:
            feel.compile(text).evaluate(EVERYTHING)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.sentence)
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.sentence_en)
