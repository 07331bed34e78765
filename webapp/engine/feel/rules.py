"""How each node of the grammar becomes a closure."""

import json
from collections.abc import Callable
from typing import Final

from lark import Token

from webapp.engine.feel import operators, unary
from webapp.engine.feel.calls import call
from webapp.engine.feel.compiler import Compiler, Rule, parts, tokens
from webapp.engine.feel.expression import Evaluate
from webapp.engine.feel.grammar import Node
from webapp.engine.feel.limits import MAX_NUMBER, Json
from webapp.engine.feel.values import add, divide, multiply, negate, number, ordering, subtract

_ARITHMETIC: Final = {"+": add, "-": subtract, "*": multiply, "/": divide}
_NEVER_TRUE: Final = frozenset({"sum", "product", "negative", "list", "context"})
_CONSTANTS: Final[dict[str, Json]] = {"TRUE": True, "FALSE": False, "NULL": None}


def condition(compiler: Compiler, node: Node) -> Evaluate:
    """The closure of an operand that has to be true, false or null; refuses what can never be."""
    if node.data in _NEVER_TRUE or (node.data == "literal" and tokens(node)[0].type not in _CONSTANTS):
        raise compiler.refuse(
            node,
            '这里需要真假条件；与多个值比较请写 x in ("a", "b")',
            'a condition is needed here; to compare with several values write x in ("a", "b")',
        )
    return compiler.compile(node)


def _literal(compiler: Compiler, node: Node) -> Evaluate:
    return operators.constant(_value(compiler, tokens(node)[0]))


def _value(compiler: Compiler, token: Token) -> Json:
    if token.type == "NUMBER":
        value = float(token) if "." in token else int(token)
        if value > MAX_NUMBER:
            raise compiler.refuse(token, "数字过大", "the number is too large")
        return number(value)
    if token.type == "STRING":
        return _string(compiler, token)
    return _CONSTANTS[token.type]


def _string(compiler: Compiler, token: Token) -> str:
    text: str = json.loads(token, strict=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise compiler.refuse(token, "文字中有不成字的编码", "the text holds half a character") from error
    return text


def _name(compiler: Compiler, node: Node) -> Evaluate:
    key = compiler.spelled(tokens(node)[0])
    slot = compiler.slot(key)
    if slot is not None:
        return operators.local(slot)
    compiler.reads_path(key)
    return operators.name(key)


def _path(compiler: Compiler, node: Node) -> Evaluate:
    first, *trailers = parts(node)
    read = ""
    if first.data == "name" and compiler.slot(str(tokens(first)[0])) is None:
        compiler.count(first)
        read = compiler.spelled(tokens(first)[0])
        run = operators.name(read)
    else:
        run = compiler.compile(first)
    still_dotted = bool(read)
    for trailer in trailers:
        compiler.count(trailer)
        if trailer.data == "member":
            key = compiler.spelled(tokens(trailer)[0])
            run = operators.member_of(run, key)
            read = f"{read}.{key}" if still_dotted else read
        else:
            run = operators.entry_of(run, compiler.compile(parts(trailer)[0]))
            still_dotted = False
    if read:
        compiler.reads_path(read)
    return run


def _subject(compiler: Compiler, node: Node) -> Evaluate:
    if not compiler.in_cell:
        raise compiler.refuse(
            node,
            "? 只能写在决策表的单元格中；条件取值请写 if … then … else …",
            "? stands only in table cells; to choose a value write if … then … else …",
        )
    compiler.subjects += 1
    return operators.subject


def _chain(compiler: Compiler, node: Node) -> Evaluate:
    first, *rest = [compiler.compile(part) for part in parts(node)]
    signs = [_ARITHMETIC[str(token)] for token in tokens(node)]
    return operators.chain(first, list(zip(signs, rest, strict=True)))


def _negative(compiler: Compiler, node: Node) -> Evaluate:
    return operators.unary(negate, compiler.compile(parts(node)[0]))


def _compare(compiler: Compiler, node: Node) -> Evaluate:
    left_node, right_node = parts(node)
    symbol = str(tokens(node)[0])
    left, right = compiler.compile(left_node), compiler.compile(right_node)
    if symbol not in ("=", "!="):
        return operators.ordered(ordering(symbol), left, right)
    negated = symbol == "!="
    if right_node.data == "literal" and tokens(right_node)[0].type == "STRING":
        return operators.equals_text(left, _string(compiler, tokens(right_node)[0]), negated=negated)
    return operators.equality(left, right, negated=negated)


def _between(compiler: Compiler, node: Node) -> Evaluate:
    value, low, high = [compiler.compile(part) for part in parts(node)]
    return operators.between(value, low, high, ordering("<="))


def _within(compiler: Compiler, node: Node) -> Evaluate:
    value_node, among = parts(node)
    value = compiler.compile(value_node)
    if among.data == "range":
        test = unary.within_range(compiler, among)
    elif among.data == "tests":
        test = unary.any_of(compiler, parts(among))
    else:
        test = unary.in_list(compiler.compile(among))
    return lambda state: test(state, value(state))


def _negation(compiler: Compiler, node: Node) -> Evaluate:
    tests = parts(parts(node)[0])
    if len(tests) != 1 or tests[0].data in ("range", "compared"):
        raise compiler.refuse(
            node,
            "not( ) 中只能写一个条件；排除多个值请写 not(x in (…))",
            "not( ) takes one condition; to exclude several values write not(x in (…))",
        )
    return operators.negation(condition(compiler, tests[0]))


def _choice(compiler: Compiler, node: Node) -> Evaluate:
    tested, then, otherwise = parts(node)
    return operators.choice(condition(compiler, tested), compiler.compile(then), compiler.compile(otherwise))


def _quantified(compiler: Compiler, node: Node) -> Evaluate:
    word, variable = tokens(node)
    items_node, body_node = parts(node)
    items = compiler.compile(items_node)
    before = compiler.nodes
    with compiler.variable(compiler.spelled(variable)) as slot:
        body = condition(compiler, body_node)
    return operators.quantified(items, body, slot, wanted=word == "some", cost=compiler.nodes - before, word=str(word))


def _joined(join: Callable[[list[Evaluate]], Evaluate]) -> Rule:
    return lambda compiler, node: join([condition(compiler, part) for part in parts(node)])


def _list(compiler: Compiler, node: Node) -> Evaluate:
    return operators.new_list([compiler.compile(part) for part in parts(node)])


def _context(compiler: Compiler, node: Node) -> Evaluate:
    entries: dict[str, Evaluate] = {}
    for part in parts(node):
        token = tokens(part)[0]
        key = _string(compiler, token) if token.type == "STRING" else compiler.spelled(token)
        if key in entries:
            raise compiler.refuse(token, f"“{key}”写了两次", f'"{key}" stands twice')
        entries[key] = compiler.compile(parts(part)[0])
    return operators.new_context(list(entries.items()))


RULES: Final[dict[str, Rule]] = {
    "literal": _literal,
    "name": _name,
    "path": _path,
    "subject": _subject,
    "call": call,
    "list": _list,
    "context": _context,
    "negative": _negative,
    "sum": _chain,
    "product": _chain,
    "compare": _compare,
    "between": _between,
    "within": _within,
    "negation": _negation,
    "conjunction": _joined(operators.conjunction),
    "disjunction": _joined(operators.disjunction),
    "choice": _choice,
    "quantified": _quantified,
}
