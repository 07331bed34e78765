"""Unary tests (DMN 1.3 section 7.3): the content of table cells and of the right side of `in`.

A test is a function of the state and the value tested; it gives true, false, or null when that is not known.
"""

from collections.abc import Callable, Sequence

from webapp.engine.errors import FeelError
from webapp.engine.feel.compiler import Compiler, parts, tokens
from webapp.engine.feel.expression import Evaluate, Test
from webapp.engine.feel.grammar import Node
from webapp.engine.feel.limits import Json, State
from webapp.engine.feel.operators import both
from webapp.engine.feel.values import equal, member_of, mismatch, ordering

Order = Callable[[Json, Json], bool | None]


def anything(state: State, value: Json) -> bool | None:
    """The cell `-`."""
    return True


def cell(compiler: Compiler, node: Node) -> Test:
    """The tests of a whole cell: one or several, or `not(...)` of them. Raises FeelSyntaxError."""
    listed = parts(node)
    if len(listed) == 1 and listed[0].data == "negation":
        compiler.count(listed[0])
        return _inverted(any_of(compiler, parts(parts(listed[0])[0]), about_subject=True))
    return any_of(compiler, listed, about_subject=True)


def any_of(compiler: Compiler, nodes: Sequence[Node], *, about_subject: bool = False) -> Test:
    """The test passed by what passes one of `nodes`. `about_subject`: the value tested is the one `?` stands for."""
    tests = [_test(compiler, node, about_subject) for node in nodes]
    if len(tests) == 1:
        return tests[0]

    def run(state: State, value: Json) -> bool | None:
        known = True
        for test in tests:
            passed = test(state, value)
            if passed:
                return True
            known = known and passed is not None
        return False if known else None

    return run


def within_range(compiler: Compiler, node: Node) -> Test:
    """`[low..high]`; a bracket turned outward, or a parenthesis, leaves its bound out."""
    opening, _, closing = tokens(node)
    low_node, high_node = parts(node)
    low, high = compiler.compile(low_node), compiler.compile(high_node)
    above, below = ordering("<=" if opening == "[" else "<"), ordering("<=" if closing == "]" else "<")
    if low_node.data == high_node.data == "literal":
        _refuse_empty(compiler, node, low(State({}, {})), high(State({}, {})))

    def run(state: State, value: Json) -> bool | None:
        return both(above(low(state), value), below(value, high(state)))

    return run


def in_list(items: Evaluate) -> Test:
    """Whether the value is an entry of the list; null for no list."""

    def run(state: State, value: Json) -> bool | None:
        listed = items(state)
        if isinstance(listed, list):
            return member_of(value, listed, state)
        if listed is None:
            return None
        raise mismatch("in", value, listed)

    return run


def _refuse_empty(compiler: Compiler, node: Node, low: Json, high: Json) -> None:
    try:
        empty = ordering(">")(low, high)
    except FeelError as error:
        raise compiler.refuse(
            node, "范围的两端要同为数字或同为文字", "both bounds of a range must be numbers, or both texts"
        ) from error
    if empty:
        raise compiler.refuse(
            node, "范围的下限大于上限，请对调", "the lower bound of the range exceeds the upper; swap them"
        )


def _test(compiler: Compiler, node: Node, about_subject: bool) -> Test:
    if node.data == "range":
        compiler.count(node)
        return within_range(compiler, node)
    if node.data == "compared":
        compiler.count(node)
        return _compared(str(tokens(node)[0]), compiler.compile(parts(node)[0]))
    before = compiler.subjects
    run = compiler.compile(node)
    if compiler.subjects == before:
        return _equals(run)
    if not about_subject:
        raise compiler.refuse(node, "in ( ) 中不能写 ?", "? cannot stand in the list after in")
    return _holds(run)


def _compared(symbol: str, operand: Evaluate) -> Test:
    if symbol == "=":
        return lambda state, value: equal(value, operand(state), state)
    if symbol == "!=":
        return lambda state, value: not equal(value, operand(state), state)
    order = ordering(symbol)
    return lambda state, value: order(value, operand(state))


def _equals(run: Evaluate) -> Test:
    """A plain value: passed by what equals it, and by the entries of a list."""

    def test(state: State, value: Json) -> bool | None:
        expected = run(state)
        if isinstance(expected, list) and not isinstance(value, list):
            return member_of(value, expected, state)
        return equal(value, expected, state)

    return test


def _holds(run: Evaluate) -> Test:
    """An expression about `?`: passed when it is true."""

    def test(state: State, value: Json) -> bool | None:
        passed = run(state)
        if passed is None or isinstance(passed, bool):
            return passed
        raise FeelError("单元格中含 ? 的表达式结果不是真或假", "an expression with ? is neither true nor false")

    return test


def _inverted(test: Test) -> Test:
    def run(state: State, value: Json) -> bool | None:
        passed = test(state, value)
        return None if passed is None else not passed

    return run
