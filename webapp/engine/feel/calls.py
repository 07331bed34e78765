"""Calls: built-in functions are bound when compiled, all others looked up among those the caller registers."""

from collections.abc import Callable, Sequence
from typing import Final

from webapp.engine.errors import FeelError, FeelSyntaxError
from webapp.engine.feel.compiler import Compiler, parts, position_of, tokens
from webapp.engine.feel.expression import Evaluate
from webapp.engine.feel.functions import BUILTINS, STANDARD_SPELLINGS
from webapp.engine.feel.grammar import Node
from webapp.engine.feel.limits import Json, State, bounded_list, bounded_number, bounded_string, checked
from webapp.engine.feel.mistakes import refused_call

# What a function raises when it is given values it was not made for; anything else is a fault of the program.
_UNFIT: Final = (TypeError, ValueError, LookupError, ArithmeticError, AttributeError)


def call(compiler: Compiler, node: Node) -> Evaluate:
    """`f(a, b)`. Raises FeelSyntaxError for Python's functions and a wrong number of values."""
    token = tokens(node)[0]
    function = STANDARD_SPELLINGS.get(str(token), str(token))
    refused = refused_call(compiler.text, position_of(token), function)
    if refused is not None:
        raise refused
    values = [compiler.compile(part) for part in parts(node)]
    builtin = BUILTINS.get(function)
    if builtin is None:
        compiler.calls(function)
        return _registered(function, values)
    if not builtin.least <= len(values) <= builtin.most:
        raise _wrong_count(compiler, node, function, builtin.least)
    return _built_in(builtin.run, values)


def _wrong_count(compiler: Compiler, node: Node, function: str, least: int) -> FeelSyntaxError:
    return compiler.refuse(
        node, f"{function}() 的参数个数不对，应为 {least} 个", f"{function}() takes {least} value(s)"
    )


def _built_in(run: Callable[..., Json], values: Sequence[Evaluate]) -> Evaluate:
    if len(values) == 1:
        only = values[0]
        return lambda state: run(state, only(state))
    return lambda state: run(state, *[value(state) for value in values])


def _registered(function: str, values: Sequence[Evaluate]) -> Evaluate:
    def run(state: State) -> Json:
        registered = state.functions.get(function)
        if registered is None:
            raise FeelError(f"没有函数“{function}”", f'there is no function "{function}"')
        arguments = [value(state) for value in values]
        try:
            result = registered(*arguments)
        except _UNFIT as error:
            raise FeelError(
                f"函数“{function}”不能处理所给的值", f'the function "{function}" cannot take the values given'
            ) from error
        return _bounded(checked(result, f"{function}()"))

    return run


def _bounded(value: Json) -> Json:
    if isinstance(value, str):
        return bounded_string(value)
    if isinstance(value, list):
        return bounded_list(value)
    if isinstance(value, int | float):
        return bounded_number(value)
    return value
