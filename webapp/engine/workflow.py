"""One run of a process: open tasks, timers, completing and firing, and what was passed on the way."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from SpiffWorkflow.exceptions import SpiffWorkflowException

from webapp.engine import timers
from webapp.engine.definition import Definition
from webapp.engine.elements import Element
from webapp.engine.errors import EngineError
from webapp.engine.feel.limits import Json
from webapp.engine.pruning import prune
from webapp.engine.restart import place_token
from webapp.engine.script_engine import Environment, ScriptEngine
from webapp.engine.tokens import COMPLETED, READY, WAITING, MainScope, Token

MAX_STEPS = 500  # elements passed without a person between two waits; a diagram needing more runs in circles

__all__ = ["ArmedTimer", "Environment", "OpenTask", "Passed", "Run"]


@dataclass(frozen=True)
class OpenTask:
    """A user task waiting for a person. `scope`: ids of the sub-processes and call activities around it, outermost
    first; `data`: what expressions see at it. `id` stays the same until the task is completed or cancelled."""

    id: str
    element: str
    scope: tuple[str, ...]
    data: dict[str, Json]


@dataclass(frozen=True)
class ArmedTimer:
    """A timer that has not fired. `due` is aware, in UTC."""

    id: str
    element: str
    due: datetime


@dataclass(frozen=True)
class Passed:
    """An element a token has passed. `outcome`: the id of the flow an exclusive gateway took, the list of those a
    parallel or inclusive gateway took, the result of a service or rule task, else null. `articles`: the clauses
    behind the rules of the table that decided."""

    element: str
    kind: str
    at: datetime
    outcome: Json = None
    scope: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()


class Run:
    """A process under way. Any error leaves it half-stepped: throw it away and load it again from what was stored.

    `passed`: what was passed since the run was started or loaded, in order. `ended_at`: the id of the end event
    reached last at the top level. Not to be shared between threads.
    """

    def __init__(self, definition: Definition, env: Environment) -> None:
        """An empty run; use `Run.start`, or `store.load`."""
        self.definition = definition
        self.env = env
        self.passed: list[Passed] = []
        self.ended_at: str | None = None
        self.top = MainScope(definition.spec, definition.inner_specs, ScriptEngine(definition, env))
        self._spoiled = False

    @classmethod
    def start(cls, definition: Definition, data: dict[str, Json], env: Environment) -> "Run":
        """Start a case with the given data (such as {"case": {...}}) and run it to its first waits."""
        run = cls(definition, env)
        with run._stepping():
            run.top.begin(dict(data))
            run._advance()
        return run

    @property
    def completed(self) -> bool:
        """Whether nothing is open any more."""
        return bool(self.top.completed)

    @property
    def data(self) -> dict[str, Json]:
        """The data of the case as it stands: what every open token has seen or written, the newest of each name."""
        return dict(self.top.data) if self.completed else self.top.seen()

    def open_tasks(self) -> list[OpenTask]:
        """User tasks waiting for a person, outer scopes first, else oldest first."""
        engine = self.top.script_engine
        return [
            OpenTask(token.id, token.task_spec.name, token.scope_path, engine.names(token))
            for token in self._tokens()
            if token._state == READY and token.task_spec.manual
        ]

    def complete(self, task_id: str, answers: dict[str, Json], beside: Mapping[str, Json] | None = None) -> None:
        """File a person's answers at an open task and run to the next waits.

        The answers are kept under the element's id and nowhere else; `beside` sets other names anew. Raises EngineError
        when the task is not open, OperationError when an operation on the way fails, FeelError when an expression does.
        """
        with self._stepping():
            token = self.top.token(task_id)
            if token is None or token._state != READY or not token.task_spec.manual:
                raise EngineError("该任务已不在办理中", "the task is not open any more")
            token.data = {**token.data, **(beside or {}), token.task_spec.name: answers}
            self._run(token)
            self._advance()

    def timers(self) -> list[ArmedTimer]:
        """The armed timers."""
        found = [(token, timers.armed(token)) for token in self._tokens() if token._state == WAITING]
        return [ArmedTimer(token.id, token.task_spec.name, due) for token, due in found if due is not None]

    def fire(self, timer_id: str) -> None:
        """Let a due timer fire and run to the next waits. Raises EngineError when it is not armed, or not due yet."""
        with self._stepping():
            token = self.top.token(timer_id)
            due = timers.armed(token) if token is not None and token._state == WAITING else None
            if token is None or due is None:
                raise EngineError("该定时器已不在计时", "the timer is not armed any more")
            if self.env.now() < due:
                raise EngineError("该定时器尚未到期", "the timer is not due yet")
            token.internal_data["fired"] = True
            token.task_spec._update(token)
            self._advance()

    def restart(self, element: str, data: dict[str, Json], scope: tuple[str, ...] = ()) -> None:
        """Forget everything open in a scope and place one new token at the entry of an element (退回, 撤回).

        `data` takes the place of the data of that scope (the newest answers per element and the result variables);
        in an inner scope, names it leaves out keep their value. Raises RestartRefused when the case has ended, the
        scope is not open, or the element cannot be restarted there.
        """
        with self._stepping():
            place_token(self.definition, self.top, element, dict(data), scope)
            self._advance()

    def _advance(self) -> None:
        """Pass every element that needs no person, up to the next waits."""
        for _ in range(MAX_STEPS):
            token = self._next()
            if token is None:
                break
            self._run(token)
        else:
            raise EngineError(
                f"流程连续执行超过 {MAX_STEPS} 步仍未停下，请检查流程图中是否有死循环",
                f"the process ran {MAX_STEPS} steps without stopping; look for an endless loop in the diagram",
            )
        prune(self.top)

    def _next(self) -> Token | None:
        for scope in self.top.scopes():
            for token in scope.tasks.values():
                if token._state == READY and not token.task_spec.manual:
                    found: Token = token
                    return found
        return None

    def _run(self, token: Token) -> None:
        element = self.definition.elements.get(token.task_spec.name)
        scope = token.scope_path if element is not None else ()
        token.run()
        if element is None or token._state != COMPLETED:
            return
        outcome = self._taken(element, token) if element.kind.endswith("Gateway") else token.outcome
        self.passed.append(Passed(element.id, element.kind, self.env.now(), outcome, scope, token.articles))
        if element.kind == "endEvent" and not scope:
            self.ended_at = element.id

    def _taken(self, element: Element, token: Token) -> Json:
        targets = [child.task_spec.name.removesuffix(".BoundaryEventSplit") for child in token.children]
        flows = [self.definition.flow_between(element.id, target) for target in targets]
        ids: list[Json] = [flow.id for flow in flows if flow is not None]
        return (ids[0] if ids else None) if element.kind == "exclusiveGateway" else ids

    def _tokens(self) -> Iterator[Token]:
        for scope in self.top.scopes():
            yield from scope.tasks.values()

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        if self._spoiled:
            raise EngineError("流程实例在出错后未重新载入", "the run was used again after an error; load it anew")
        self._spoiled = True
        try:
            yield
        except (SpiffWorkflowException, RecursionError) as error:
            raise EngineError(f"流程无法继续：{error}", f"the process cannot go on: {error}") from error
        self._spoiled = False

    @property
    def spoiled(self) -> bool:
        """Whether an error has left the run half-stepped."""
        return self._spoiled
