"""Closures of the operators. Each takes the closures of its operands and gives the closure of the whole."""

from collections.abc import Callable, Sequence

from webapp.engine.errors import FeelError
from webapp.engine.feel.expression import Evaluate
from webapp.engine.feel.limits import Json, State, checked
from webapp.engine.feel.values import entry, equal, kind_of, member

Binary = Callable[[Json, Json], Json]


def constant(value: Json) -> Evaluate:
    """A literal."""
    return lambda state: value


def subject(state: State) -> Json:
    """`?`: the value a cell is tested against."""
    return state.subject


def local(slot: int) -> Evaluate:
    """A quantifier's variable."""
    return lambda state: state.locals[slot]


def name(key: str) -> Evaluate:
    """A top-level name; FeelError when the caller gave none such."""

    def run(state: State) -> Json:
        try:
            value = state.names[key]
        except KeyError:
            raise FeelError(f"没有名为“{key}”的数据", f'there is no data named "{key}"') from None
        return checked(value, key)

    return run


def member_of(owner: Evaluate, key: str) -> Evaluate:
    """`owner.key`."""
    return lambda state: member(owner(state), key, state)


def entry_of(owner: Evaluate, position: Evaluate) -> Evaluate:
    """`owner[position]`."""
    return lambda state: entry(owner(state), position(state))


def chain(first: Evaluate, rest: Sequence[tuple[Binary, Evaluate]]) -> Evaluate:
    """`first + a - b ...`, from left to right."""
    if len(rest) == 1:
        operate, operand = rest[0]
        return lambda state: operate(first(state), operand(state))

    def run(state: State) -> Json:
        value = first(state)
        for operate, operand in rest:
            value = operate(value, operand(state))
        return value

    return run


def unary(operate: Callable[[Json], Json], operand: Evaluate) -> Evaluate:
    """`operate operand`."""
    return lambda state: operate(operand(state))


def ordered(compare: Callable[[Json, Json], bool | None], left: Evaluate, right: Evaluate) -> Evaluate:
    """`left < right` and its like."""
    return lambda state: compare(left(state), right(state))


def equality(left: Evaluate, right: Evaluate, *, negated: bool) -> Evaluate:
    """`left = right`, or `left != right` when `negated`."""
    if negated:
        return lambda state: not equal(left(state), right(state), state)
    return lambda state: equal(left(state), right(state), state)


def equals_text(operand: Evaluate, text: str, *, negated: bool) -> Evaluate:
    """`operand = "text"`, the commonest condition by far, without the general comparison."""
    if negated:
        return lambda state: operand(state) != text
    return lambda state: operand(state) == text


def between(value: Evaluate, low: Evaluate, high: Evaluate, at_most: Callable[[Json, Json], bool | None]) -> Evaluate:
    """`value between low and high`, both included; null when a side is not known and the other does not decide."""

    def run(state: State) -> Json:
        tested = value(state)
        return both(at_most(low(state), tested), at_most(tested, high(state)))

    return run


def both(left: bool | None, right: bool | None) -> bool | None:
    """Three-valued `and`."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def conjunction(operands: Sequence[Evaluate]) -> Evaluate:
    """`a and b ...`: false as soon as one is false; null when none is false and one is null."""

    def run(state: State) -> Json:
        known = True
        for operand in operands:
            value = operand(state)
            if value is False:
                return False
            if value is not True:
                _must_be_null(value, "and")
                known = False
        return True if known else None

    return run


def disjunction(operands: Sequence[Evaluate]) -> Evaluate:
    """`a or b ...`: true as soon as one is true; null when none is true and one is null."""

    def run(state: State) -> Json:
        known = True
        for operand in operands:
            value = operand(state)
            if value is True:
                return True
            if value is not False:
                _must_be_null(value, "or")
                known = False
        return False if known else None

    return run


def negation(operand: Evaluate) -> Evaluate:
    """`not(operand)`; null stays null."""

    def run(state: State) -> Json:
        value = operand(state)
        if value is True:
            return False
        if value is False:
            return True
        _must_be_null(value, "not")
        return None

    return run


def choice(condition: Evaluate, then: Evaluate, otherwise: Evaluate) -> Evaluate:
    """`if condition then .. else ..`; null counts as false."""

    def run(state: State) -> Json:
        value = condition(state)
        if value is True:
            return then(state)
        if value is not False:
            _must_be_null(value, "if")
        return otherwise(state)

    return run


def quantified(items: Evaluate, body: Evaluate, slot: int, *, wanted: bool, cost: int, word: str) -> Evaluate:
    """`some` (wanted True) and `every` (wanted False); null is the empty list, a null body counts as false.

    `cost`: steps one entry takes.
    """

    def run(state: State) -> Json:
        entries = items(state)
        if entries is None:
            return not wanted
        if not isinstance(entries, list):
            zh, en = kind_of(entries)
            raise FeelError(f"{word} … in 之后需要列表，得到的是{zh}", f"{word} ... in needs a list, not {en}")
        for item in entries:
            state.spend(cost)
            state.locals[slot] = checked(item, word)
            value = body(state)
            if value is not True and value is not False:
                _must_be_null(value, "satisfies")
            if (value is True) is wanted:
                return wanted
        return not wanted

    return run


def new_list(items: Sequence[Evaluate]) -> Evaluate:
    """`[a, b]`."""
    return lambda state: [item(state) for item in items]


def new_context(entries: Sequence[tuple[str, Evaluate]]) -> Evaluate:
    """`{a: 1}`."""
    return lambda state: {key: value(state) for key, value in entries}


def _must_be_null(value: Json, word: str) -> None:
    if value is not None:
        zh, en = kind_of(value)
        raise FeelError(f"{word} 需要真假条件，得到的是{zh}", f"{word} needs a condition, not {en}")
