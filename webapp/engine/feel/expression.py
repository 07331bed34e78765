"""Compiled expressions and unary tests, ready to be evaluated any number of times by any number of threads."""

from collections.abc import Callable
from dataclasses import dataclass, field

from webapp.engine.errors import FeelError
from webapp.engine.feel.limits import Functions, Json, Names, State

Evaluate = Callable[[State], Json]
Test = Callable[[State, Json], bool | None]

_NO_FUNCTIONS: Functions = {}


@dataclass(frozen=True)
class Reads:
    """What a text asks its surroundings for.

    `names`: top-level names ("UnitOpinion"); `paths`: the same with their members ("UnitOpinion.decision");
    `functions`: called functions that are not built in.
    """

    names: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Expression:
    """An expression of the FEEL subset; made by `feel.compile`."""

    text: str
    reads: Reads = field(compare=False)
    run: Evaluate = field(repr=False, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """Top-level names the expression reads."""
        return self.reads.names

    @property
    def paths(self) -> frozenset[str]:
        """Dotted paths the expression reads, each beginning with one of `names`."""
        return self.reads.paths

    @property
    def functions(self) -> frozenset[str]:
        """Called functions that are not built in; the caller must supply them."""
        return self.reads.functions

    def evaluate(self, names: Names, functions: Functions = _NO_FUNCTIONS) -> Json:
        """The value over `names`. It may share lists and objects with them: do not change it.

        Raises FeelError (an unknown name, types that do not fit) or BudgetExceeded.
        """
        return self.run(State(names, functions))

    def condition(self, names: Names, functions: Functions = _NO_FUNCTIONS) -> bool:
        """The value as a condition: true or false, null counting as false; anything else is a FeelError."""
        return truth(self.run(State(names, functions)), self.text)


@dataclass(frozen=True)
class UnaryTests:
    """The tests of one cell of a decision table; made by `feel.compile_unary`."""

    text: str
    reads: Reads = field(compare=False)
    run: Test = field(repr=False, compare=False)

    @property
    def names(self) -> frozenset[str]:
        """Top-level names the cell reads."""
        return self.reads.names

    @property
    def functions(self) -> frozenset[str]:
        """Called functions that are not built in."""
        return self.reads.functions

    def matches(self, value: Json, names: Names, functions: Functions = _NO_FUNCTIONS) -> bool:
        """Whether `value` passes; a test that is neither true nor false (null compared with a number) does not.

        Raises FeelError or BudgetExceeded.
        """
        return self.run(State(names, functions, value), value) is True


def truth(value: Json, text: str) -> bool:
    """`value` as the outcome of the condition `text`; FeelError when it is neither true, false nor null."""
    if value is True:
        return True
    if value is False or value is None:
        return False
    raise FeelError(f"条件“{text}”的结果不是真或假", f'the condition "{text}" is neither true nor false')
