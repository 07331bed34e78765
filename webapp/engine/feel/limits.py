"""What one expression may cost, and the state of one evaluation.

An expression without quantifiers and list functions does at most MAX_NODES operations, so only those two spend steps.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from webapp.engine.errors import BudgetExceeded, FeelError

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
Names: TypeAlias = Mapping[str, Json]
Functions: TypeAlias = Mapping[str, Callable[..., Json]]

MAX_LENGTH = 2000  # characters of one expression
MAX_NODES = 250  # operators, operands and members of one expression
MAX_DEPTH = 40  # nesting of one expression, and of values compared with each other
MAX_STEPS = 20_000  # list entries visited by one evaluation
MAX_STRING = 20_000  # characters of any text made
MAX_LIST = 5_000  # entries of any list visited or made
MAX_NUMBER = 10**15  # largest number; every integer up to it is exact in a browser as well

_JSON_TYPES = frozenset({str, int, float, bool, type(None), list, dict})


class State:
    """One evaluation: the names and functions it sees, the value `?` stands for, and the steps left."""

    __slots__ = ("functions", "locals", "names", "steps", "subject")

    def __init__(self, names: Names, functions: Functions, subject: Json = None) -> None:
        self.names = names
        self.functions = functions
        self.subject = subject
        self.steps = MAX_STEPS
        self.locals: dict[int, Json] = {}

    def spend(self, steps: int) -> None:
        """Take `steps` from the budget; raises BudgetExceeded when it is used up."""
        self.steps -= steps
        if self.steps < 0:
            raise BudgetExceeded("表达式运算步数过多，请简化", "the expression takes too many steps; simplify it")


def checked(value: object, name: str) -> Json:
    """`value` when its own type (contents unseen) is a JSON type, subclasses excluded; else FeelError naming `name`."""
    if type(value) in _JSON_TYPES:
        return value  # type: ignore[return-value]
    raise FeelError(f"“{name}”的值不是表单数据", f'the value of "{name}" is not form data')


def bounded_number(value: int | float) -> int | float:
    """`value` when it lies within plus or minus MAX_NUMBER; NaN and infinities do not. Raises BudgetExceeded."""
    if -MAX_NUMBER <= value <= MAX_NUMBER:
        return value
    raise BudgetExceeded("数字过大", "the number is too large")


def bounded_string(value: str) -> str:
    """`value` when it has at most MAX_STRING characters. Raises BudgetExceeded."""
    if len(value) <= MAX_STRING:
        return value
    raise BudgetExceeded("文字过长", "the text is too long")


def bounded_list(value: list[Json]) -> list[Json]:
    """`value` when it has at most MAX_LIST entries. Raises BudgetExceeded."""
    if len(value) <= MAX_LIST:
        return value
    raise BudgetExceeded("列表过长", "the list is too long")
