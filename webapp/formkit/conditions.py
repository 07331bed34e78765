"""Evaluating a form's conditions: over the fields by key, `case`, and the function today()."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

from webapp.engine import feel
from webapp.engine.errors import EngineError
from webapp.engine.feel import Expression, Json
from webapp.formkit.errors import ConditionError
from webapp.formkit.kinds import Component, children, prop
from webapp.formkit.lint.conditions import hide_of

Texts: TypeAlias = tuple[str, ...]
Names: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True)
class Surroundings:
    """What every expression of one bound form sees beside the fields. `today` is the institution's date."""

    form: str
    case: Mapping[str, Json]
    today: date

    def holds(self, expression: Expression, names: Names, element: str) -> bool:
        """Whether a condition is true (null counts as false); raises ConditionError when it cannot be evaluated."""
        try:
            return expression.condition(self._names(names), self._functions())
        except EngineError as error:
            raise ConditionError(self.form, element, error) from error

    def value(self, expression: Expression, element: str) -> Json:
        """The value of an expression that sees no field (a prefill); raises ConditionError."""
        try:
            return expression.evaluate(self._names({}), self._functions())
        except EngineError as error:
            raise ConditionError(self.form, element, error) from error

    def _names(self, names: Names) -> Names:
        return {**names, "case": dict(self.case)}

    def _functions(self) -> Mapping[str, Callable[..., Json]]:
        return {"today": lambda: self.today.isoformat()}


def compiled(text: str) -> Expression | None:
    """The expression, None for an empty text. Lint has seen it compile."""
    return feel.compile(text) if text else None


def driving(document: Component) -> frozenset[str]:
    """Keys of fields that conditions read: changing one may show, hide or require another."""
    read: set[str] = set()
    for component in _everything(document):
        for text in (hide_of(component), prop(component, "requiredIf")):
            if expression := compiled(text):
                read |= expression.names
    return frozenset(read - {"case"})


def _everything(holder: Component) -> list[Component]:
    return [c for child in children(holder) for c in (child, *_everything(child))]
