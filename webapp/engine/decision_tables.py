"""Decision tables (DMN 1.3 chapter 8): what they hold, and what they decide. `dmn.load` reads them from XML.

Hit policies: UNIQUE (two matching rules are an error), FIRST, COLLECT (a list, or SUM, MIN, MAX, COUNT of it).
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from webapp.engine.errors import DecisionError, FeelError
from webapp.engine.feel import BUILTINS, Expression, Functions, Json, Names, UnaryTests
from webapp.engine.feel.limits import State

HitPolicy = Literal["UNIQUE", "FIRST", "COLLECT"]
Aggregation = Literal["SUM", "MIN", "MAX", "COUNT"]

_NO_FUNCTIONS: Final[Functions] = {}


@dataclass(frozen=True)
class Input:
    """A column of conditions; `allowed`, when given, must pass for every value that is not null."""

    id: str
    label: str
    expression: Expression
    allowed: UnaryTests | None = None


@dataclass(frozen=True)
class Output:
    """A column of results; `name` is the key of its value when the table has several."""

    id: str
    label: str
    name: str
    allowed: UnaryTests | None = None


@dataclass(frozen=True)
class Row:
    """One rule as written, for display: cell texts by column, what is said about it, the clauses it rests on."""

    number: int
    id: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    description: str
    articles: tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One rule, compiled."""

    row: Row
    tests: tuple[UnaryTests, ...] = field(repr=False)
    values: tuple[Expression, ...] = field(repr=False)


@dataclass(frozen=True)
class Verdict:
    """A decision and the rows that made it (none when no rule matched)."""

    value: Json
    rows: tuple[Row, ...]

    @property
    def articles(self) -> tuple[str, ...]:
        """Clauses of the rows that made the decision, each once."""
        return tuple(dict.fromkeys(article for row in self.rows for article in row.articles))


@dataclass(frozen=True)
class DecisionTable:
    """A decision table. `articles`: clauses the whole table rests on; those of single rules are in `rows`."""

    id: str
    name: str
    hit_policy: HitPolicy
    aggregation: Aggregation | None
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    description: str = ""
    articles: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[Row, ...]:
        """The rules as written, in order."""
        return tuple(rule.row for rule in self.rules)

    @property
    def names(self) -> frozenset[str]:
        """Top-level names the table reads."""
        return frozenset[str]().union(*(part.names for part in self._parts()))

    @property
    def functions(self) -> frozenset[str]:
        """Functions the caller must supply."""
        return frozenset[str]().union(*(part.functions for part in self._parts()))

    def evaluate(self, names: Names, functions: Functions = _NO_FUNCTIONS) -> Json:
        """The decision over `names`: one output gives its value, several an object by output name.

        No matching rule gives null; COLLECT gives a list, empty when none matches, or its aggregate (SUM and COUNT
        of nothing are 0, MIN and MAX null). Raises DecisionError, which names table and rules.
        """
        return self.decide(names, functions).value

    def decide(self, names: Names, functions: Functions = _NO_FUNCTIONS) -> Verdict:
        """As `evaluate`, with the rows that matched. The whole table shares one budget of steps."""
        state = State(names, functions)
        asked = [self._asked(column, state) for column in self.inputs]
        matched = self._matched(asked, state)
        results = [self._result(rule, state) for rule in matched]
        rows = tuple(rule.row for rule in matched)
        if self.hit_policy != "COLLECT":
            return Verdict(results[0] if results else None, rows)
        if self.aggregation is None:
            return Verdict(results, rows)
        if self.aggregation == "COUNT":
            return Verdict(len(results), rows)
        try:
            return Verdict(BUILTINS[self.aggregation.lower()].run(state, results), rows)
        except FeelError as error:
            raise self._failed("汇总结果", "the aggregate", error, *rows) from error

    def _parts(self) -> list[Expression | UnaryTests]:
        found: list[Expression | UnaryTests] = [column.expression for column in self.inputs]
        columns: tuple[Input | Output, ...] = (*self.inputs, *self.outputs)
        found.extend(column.allowed for column in columns if column.allowed is not None)
        for rule in self.rules:
            found.extend(rule.tests)
            found.extend(rule.values)
        return found

    def _asked(self, column: Input, state: State) -> Json:
        place, place_en = f"输入“{column.label}”", f'the input "{column.label}"'
        try:
            value = column.expression.run(state)
            if value is None or column.allowed is None or _passes(column.allowed, value, state):
                return value
        except FeelError as error:
            raise self._failed(place, place_en, error) from error
        raise self._failed(place, place_en, FeelError("值不在允许的范围内", "its value is not among those allowed"))

    def _matched(self, asked: list[Json], state: State) -> list[Rule]:
        matched: list[Rule] = []
        for rule in self.rules:
            if not self._holds(rule, asked, state):
                continue
            matched.append(rule)
            if self.hit_policy == "FIRST":
                break
        if self.hit_policy == "UNIQUE" and len(matched) > 1:
            several = FeelError("同时成立，而唯一命中只允许一条", "match together, but UNIQUE allows one")
            raise self._failed("", "", several, *(rule.row for rule in matched))
        return matched

    def _holds(self, rule: Rule, asked: list[Json], state: State) -> bool:
        try:
            return all(_passes(test, value, state) for test, value in zip(rule.tests, asked, strict=True))
        except FeelError as error:
            raise self._failed("条件", "a condition", error, rule.row) from error

    def _result(self, rule: Rule, state: State) -> Json:
        results: dict[str, Json] = {}
        for column, expression in zip(self.outputs, rule.values, strict=True):
            place, place_en = f"结果“{column.label}”", f'the result "{column.label}"'
            try:
                value = expression.run(state)
                refused = value is not None and column.allowed is not None and not _passes(column.allowed, value, state)
            except FeelError as error:
                raise self._failed(place, place_en, error, rule.row) from error
            if refused:
                outside = FeelError("值不在允许的范围内", "its value is not among those allowed")
                raise self._failed(place, place_en, outside, rule.row)
            results[column.name] = value
        return results if len(self.outputs) > 1 else next(iter(results.values()))

    def _failed(self, place: str, place_en: str, error: FeelError, *rows: Row) -> DecisionError:
        numbers = tuple(row.number for row in rows)
        rules = f"第 {'、'.join(map(str, numbers))} 条规则" if numbers else ""
        rules_en = f"rule{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}" if numbers else ""
        where_en = ", ".join(part for part in (rules_en, place_en) if part)
        return DecisionError(
            f"决策表“{self.name}”{rules}{place}：{error.sentence}",
            f'decision table "{self.name}", {where_en}: {error.sentence_en}',
            table=self.id,
            rules=numbers,
        )


def _passes(tests: UnaryTests, value: Json, state: State) -> bool:
    state.subject = value
    return tests.run(state, value) is True
