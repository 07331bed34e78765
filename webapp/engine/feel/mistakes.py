"""Sentences for what people write by habit from Python, JavaScript or a Chinese keyboard: what to write instead."""

import re
from dataclasses import dataclass

from webapp.engine.errors import FeelSyntaxError


@dataclass(frozen=True)
class _Habit:
    pattern: re.Pattern[str]
    sentence: str
    sentence_en: str


def _habit(pattern: str, sentence: str, sentence_en: str) -> _Habit:
    return _Habit(re.compile(pattern), sentence, sentence_en)


# Tried over the text with its strings blanked; of all that occur the leftmost is named, at equal places the first here.
_HABITS = (
    _habit("[“”‘’]", '请使用半角双引号 "…"', 'use plain double quotes "…"'),
    _habit("[（），；：＝＜＞！【】｛｝＋－。、？]", "请使用半角标点", "use half-width punctuation"),
    _habit("'", '文字请用双引号 "…"', 'put text in double quotes "…"'),
    _habit(
        '"', "引号没有配对，或文字中有不支持的转义", "a quotation mark is missing, or the text has an unknown escape"
    ),
    _habit("===?", "比较相等请写 =", "write = to compare"),
    _habit(":=", "表达式不能赋值", "an expression cannot assign"),
    _habit("=>", "不能写函数；大于等于请写 >=", "functions cannot be written; for greater or equal write >="),
    _habit("=<", "小于等于请写 <=", "write <= for less or equal"),
    _habit("<>", "不等于请写 !=", "write != for not equal"),
    _habit("&&?", "并且请写 and", "write and"),
    _habit(r"\|\|?", "或者请写 or", "write or"),
    _habit("!(?!=)", "否定请写 not(…)", "write not(…)"),
    _habit(r"\bnot\s+in\b", "不在其中请写 not(x in …)", "write not(x in …)"),
    _habit(r"\bnot\b(?!\s*\()", "not 后面要加括号：not(…)", "not needs parentheses: not(…)"),
    _habit(r"\*\*|\^", "不支持乘方", "powers are not supported"),
    _habit("%", "不支持取余", "remainders are not supported"),
    _habit(r"//|/\*|#|<!--", "表达式中不能写注释", "an expression cannot hold a comment"),
    _habit(r"\$\{|#\{", "不要写 ${…}，直接写表达式", "leave out ${…} and write the expression itself"),
    _habit(r"__\w+", "名称不能以两个下划线开头", "a name cannot begin with two underscores"),
    _habit(
        r"\b(?:lambda|import|from|def|class|exec|global|nonlocal|yield|await|async|while|return|raise|try|with|del|assert"
        r"|for|function|var|let|new|typeof)\b",
        "只能写表达式，不能写程序语句；列表请用 some … in … satisfies 或 every … in … satisfies",
        "only expressions are allowed, no program statements; for lists use some/every … in … satisfies",
    ),
    _habit(r"\b(?:AND|OR|NOT|IF|THEN|ELSE|IN|And|Or|Not|If)\b", "关键字请用小写", "write keywords in lower case"),
    _habit(r"\bis\b", "比较请写 =", "write = to compare"),
    _habit(r"\bif\b(?!.*\bthen\b)", "条件取值请写 if … then … else …", "write if … then … else …"),
    _habit(
        r"\.\s*\w+\s*\(",
        "不能调用值的方法，请用函数，例如 upper(x)",
        "values have no methods; use a function such as upper(x)",
    ),
    _habit(r"\?(?=[^?]*:)", "条件取值请写 if … then … else …", "write if … then … else …"),
    _habit(
        r"\.\.",
        "范围只能写在 in 之后或决策表单元格中，且上限后不能再有运算",
        "a range stands only after in or in a table cell, its upper bound a plain value",
    ),
    _habit("[;{}\\\\@~`$]", "此处有不支持的符号", "this symbol is not supported"),
)

_CHAINED = re.compile(r"\s*(?:<=|>=|!=|=|<|>)")
_TEXTS = re.compile(r'"(?:[^"\\\n]|\\.)*"')

NAMES = {
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
    **dict.fromkeys(("None", "NULL", "Null", "nil", "undefined"), "null"),
}
CALLS = {
    "len": "count",
    "size": "count",
    "str": "string",
    "int": "number",
    "float": "number",
    "startswith": "starts_with",
    "endswith": "ends_with",
    "strip": "is_blank",
}
_PYTHON = frozenset(
    {
        "eval", "exec", "compile", "open", "input", "print", "getattr", "setattr", "delattr", "hasattr",
        "globals", "locals", "vars", "dir", "type", "object", "super", "id", "help", "breakpoint",
        "memoryview", "bytes", "bytearray", "classmethod", "staticmethod", "property", "iter", "next", "map",
        "filter", "range",
    }
)  # fmt: skip


def refuse(text: str, position: int, sentence: str, sentence_en: str) -> FeelSyntaxError:
    """The error for what stands in `text` at `position` (counted from 0; people are told from 1)."""
    shown = min(position, len(text)) + 1
    return FeelSyntaxError(
        f"第 {shown} 个字符处：{sentence}", f"at character {shown}: {sentence_en}", text=text, position=position
    )


def explain(text: str, position: int) -> FeelSyntaxError:
    """The error for a `text` the parser gave up on at `position`: names a known habit, else points at the place."""
    blanked = _TEXTS.sub(lambda found: " " * len(found[0]), text)
    found = [(match.start(), habit) for habit in _HABITS if (match := habit.pattern.search(blanked))]
    if found:
        start, habit = min(found, key=lambda pair: pair[0])
        return refuse(text, start, habit.sentence, habit.sentence_en)
    if position >= len(text):
        return refuse(text, len(text), "表达式不完整", "the expression is incomplete")
    if _CHAINED.match(text, position):
        return refuse(
            text,
            position,
            "一次只能比较两个值，请用 and 连接，或写 x in [1..5]",
            "compare two values at a time: join with and, or write x in [1..5]",
        )
    return refuse(text, position, f"“{text[position]}”不应出现在这里", f'"{text[position]}" cannot stand here')


def refused_name(text: str, position: int, name: str) -> FeelSyntaxError | None:
    """The error for a `name` nobody may use, None when it is an ordinary one."""
    if name.startswith("__"):
        return refuse(text, position, "名称不能以两个下划线开头", "a name cannot begin with two underscores")
    if name in NAMES:
        return refuse(text, position, f"请写 {NAMES[name]}", f"write {NAMES[name]}")
    return None


def refused_call(text: str, position: int, name: str) -> FeelSyntaxError | None:
    """The error for calling a function known from Python, None when `name` may be one of ours."""
    if name in CALLS:
        return refuse(text, position, f"没有 {name}，请用 {CALLS[name]}", f"there is no {name}; use {CALLS[name]}")
    if name in _PYTHON:
        return refuse(text, position, f"不能调用 {name}", f"{name} cannot be called")
    return refused_name(text, position, name)
