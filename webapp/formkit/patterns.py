"""Regular expressions of forms: bounded, so that no typed value can keep the server matching for long."""

import importlib
import math
import re
import warnings
from typing import Any, Final

MAX_PATTERN = 200  # characters of a pattern
MAX_VALUE = 200  # characters of a value matched against one
MAX_BITS = 23.0  # log2 of the ways a match may be tried: three unbounded repeats over MAX_VALUE characters

_REFUSED: Final = {
    "GROUPREF": ("反向引用", "a back reference"),
    "GROUPREF_EXISTS": ("条件分组", "a conditional group"),
    "ASSERT": ("环视断言", "a look-around"),
    "ASSERT_NOT": ("环视断言", "a look-around"),
}


class UnsafePattern(ValueError):
    """A pattern formkit will not run; the arguments are the reason in Chinese and in English."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh, self.en = zh, en


def safe(text: str) -> re.Pattern[str]:
    """Compile a pattern of a form (ASCII classes, as in the browser); raises UnsafePattern.

    A pattern is anchored with ^ and $ and the number of ways to match MAX_VALUE characters is bounded, which rules
    out nested repeats such as `(a+)+`.
    """
    if len(text) > MAX_PATTERN:
        raise UnsafePattern(f"正则超过 {MAX_PATTERN} 个字符", f"the pattern is longer than {MAX_PATTERN} characters")
    if not (text.startswith("^") and text.endswith("$") and not text.endswith("\\$")):
        raise UnsafePattern("正则须以 ^ 开头、以 $ 结尾", "the pattern must begin with ^ and end with $")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            compiled = re.compile(text, re.ASCII)
            # The standard library's own parser: the only one that reads exactly what re.compile reads.
            tree = importlib.import_module("re._parser").parse(text, re.ASCII)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise UnsafePattern(f"正则写错了：{error}", f"not a regular expression: {error}") from None
    if (bits := _bits(tree)) > MAX_BITS:
        raise UnsafePattern(
            "正则匹配可能极慢（重复套重复，或重复太多）：用字符类如 [a-z0-9]{1,20} 改写，不限次数的重复最多三处",
            f"matching could take forever (2^{bits:.0f} ways): write character classes such as [a-z0-9]{{1,20}}, "
            "no repeat inside a repeat, at most three unbounded repeats",
        )
    return compiled


def _bits(tree: Any) -> float:
    """log2 of an upper bound of the ways the parsed pattern can be tried on MAX_VALUE characters."""
    return sum(_bits_of(str(op), argument) for op, argument in tree)


def _bits_of(op: str, argument: Any) -> float:
    if op in _REFUSED:
        zh, en = _REFUSED[op]
        raise UnsafePattern(f"正则里不能用{zh}", f"{en} is not allowed in a pattern")
    if op in {"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"}:
        least, most, inner = argument
        most = min(int(most), MAX_VALUE)
        return math.log2(max(most - int(least), 0) + 1) + most * _bits(inner)
    if op == "BRANCH":
        return math.log2(len(argument[1])) + sum(_bits(branch) for branch in argument[1])
    if op == "SUBPATTERN":
        return _bits(argument[3])
    if op == "ATOMIC_GROUP":
        return _bits(argument)
    return 0.0
