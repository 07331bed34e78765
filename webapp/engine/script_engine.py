"""What SpiffWorkflow asks whenever text of a diagram must be evaluated: FEEL, our operations, our decision tables.

There is no other way from a diagram's text to a value: this object takes the place of the library's script engine,
whose default would hand the text to Python.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

from webapp.engine import feel, timers
from webapp.engine.decision_tables import Verdict
from webapp.engine.errors import EngineError, OperationError
from webapp.engine.feel.limits import Json
from webapp.engine.tokens import Token

if TYPE_CHECKING:
    from webapp.engine.definition import Definition
    from webapp.engine.elements import Element


@dataclass
class Environment:
    """What a running case may use of the world.

    `call(operation, element, inputs)` runs a service operation and returns JSON; whatever it raises becomes an
    OperationError. `functions` are the FEEL functions besides the built-in ones, such as `due`, which yields an ISO
    8601 time with an offset. `now()` is the present moment, aware, in UTC.
    """

    call: Callable[[str, "Element", dict[str, Json]], Json]
    functions: Mapping[str, Callable[..., Json]]
    now: Callable[[], datetime]


class ScriptEngine:
    """The script engine of one Run. Every error says the element it happened at."""

    def __init__(self, definition: "Definition", env: Environment) -> None:
        self.definition = definition
        self.env = env

    @property
    def environment(self) -> "ScriptEngine":
        """The library asks this for `evaluate` in three places."""
        return self

    def names(self, token: Token) -> dict[str, Json]:
        """What an expression at `token` sees: what was written so far, null for what was not reached yet."""
        return {**self.definition.unset, **token.data}

    def evaluate(self, token: Any, expression: str, external_context: Any = None) -> Json:
        """The value of a FEEL text at a token."""
        with _At(self._label(token)):
            return feel.compile(expression).evaluate(self.names(token), self.env.functions)

    def condition(self, token: Token, text: str) -> bool:
        """Whether a FEEL condition holds; null counts as false, anything but true and false is a FeelError."""
        with _At(self._label(token)):
            return feel.compile(text).condition(self.names(token), self.env.functions)

    def due(self, token: Token, text: str) -> datetime:
        """When a timer that is armed now is due, in UTC."""
        value = text if timers.is_literal(text) else self.evaluate(token, text)
        with _At(self._label(token)):
            if not isinstance(value, str):
                raise EngineError(f"期限“{text}”的结果不是时间", f'the due time "{text}" did not yield a time')
            return timers.due_at(value, self.env.now())

    def call_operation(self, token: Token, operation: str, inputs: Mapping[str, str]) -> Json:
        """Evaluate the inputs and call the operation. Raises OperationError when it fails."""
        given = {name: self.evaluate(token, text) for name, text in inputs.items()}
        element = self.definition.elements[token.task_spec.name]
        try:
            return self.env.call(operation, element, given)
        except OperationError:
            raise
        except Exception as error:
            title = element.name or element.id
            raise OperationError(
                f"办理“{title}”时，操作 {operation} 失败：{_reason(error)}",
                f'the operation {operation} failed at "{title}": {_reason_en(error)}',
                operation=operation,
                element=element.id,
            ) from error

    def decide(self, token: Token, decision: str) -> Verdict:
        """What a decision table decides, and by which rules."""
        with _At(self._label(token)):
            table = self.definition.decisions.get(decision)
            if table is None:
                raise EngineError(f"找不到决策表 {decision}", f"there is no decision table {decision}")
            return table.decide(self.names(token), self.env.functions)

    def validate(self, expression: str) -> None:
        """Raises FeelSyntaxError when the text is no FEEL expression."""
        feel.compile(expression)

    def execute(self, *_arguments: Any, **_named: Any) -> NoReturn:
        """Scripts are never run."""
        raise EngineError("流程图中的脚本不会被执行", "scripts in a diagram are never run")

    def call_service(self, *_arguments: Any, **_named: Any) -> NoReturn:
        """The library's own way to call services is closed; service tasks use `call_operation`."""
        raise EngineError("只能按名称调用已登记的操作", "only registered operations can be called, by name")

    def _label(self, token: Any) -> str:
        name = token.task_spec.name
        element = self.definition.elements.get(name)
        return element.name or name if element is not None else name


class _At:
    """Puts the element's name before the sentences of an error that passes through."""

    def __init__(self, label: str) -> None:
        self.label = label

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, EngineError):
            error.sentence = f"“{self.label}”：{error.sentence}"
            error.sentence_en = f'"{self.label}": {error.sentence_en}'
            error.args = (error.sentence_en,)


def _reason(error: Exception) -> str:
    return str(getattr(error, "sentence", "")) or type(error).__name__


def _reason_en(error: Exception) -> str:
    return str(getattr(error, "sentence_en", "")) or type(error).__name__
