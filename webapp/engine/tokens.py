"""Tokens and the scopes they move in: SpiffWorkflow's task tree without predicted tasks, deep copies and recursion."""

# mypy: disallow-subclassing-any=False

import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.util.subworkflow import BpmnSubWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from webapp.engine.errors import EngineError
from webapp.engine.feel.limits import Json

# Their log records are built eagerly from the whole task tree, whatever the root logger's level says.
for _name in ("spiff.task", "spiff.workflow", "spiff.data"):
    logging.getLogger(_name).setLevel(logging.WARNING)

READY = TaskState.READY
WAITING = TaskState.WAITING
STARTED = TaskState.STARTED
COMPLETED = TaskState.COMPLETED
CANCELLED = TaskState.CANCELLED
FUTURE = TaskState.FUTURE
FINISHED = TaskState.FINISHED_MASK
OPEN = TaskState.NOT_FINISHED_MASK

MAX_DEPTH = 8  # scopes inside scopes; lint refuses recursion, this stops what slips through


class Token(Task):
    """One token at an element. `id` is text and stays the same for as long as the token is open.

    `data` maps names to JSON values; it may be shared with other tokens and is never changed in place, only
    replaced. `outcome` is what a service or rule task found, `articles` the
    clauses behind the rules that decided, both for the history.
    """

    outcome: Json = None
    articles: tuple[str, ...] = ()

    def __init__(self, workflow: Any, task_spec: Any, parent: Any = None, state: int = FUTURE) -> None:
        super().__init__(workflow, task_spec, parent, state=state, id=uuid4().hex)

    @classmethod
    def restored(cls, workflow: Any, task_spec: Any, parent: "Token | None", state: int, id: str) -> "Token":
        """A token as it was stored: nothing is notified and nothing runs."""
        token = cls.__new__(cls)
        token.id = id or uuid4().hex
        token.workflow = workflow
        token.task_spec = task_spec
        token._parent = None if parent is None else parent.id
        token._children = []
        token._state = state
        token.triggered = False
        token.thread_id = 0
        token.data = {}
        token.internal_data = {}
        token.last_state_change = 0.0
        workflow.tasks[token.id] = token
        if parent is not None:
            parent._children.append(token.id)
        return token

    def _add_child(self, task_spec: Any, state: int = FUTURE) -> "Token":
        return Token(self.workflow, task_spec, self, state=state)

    def _inherit_data(self) -> None:
        # The library merges deeply and in place, so that an older value can win over a newer one. Ours is shared: no
        # token's data is ever changed, it is replaced.
        self.data = self.parent.data

    def _set_state(self, value: int) -> None:
        self._state = value

    @property
    def open(self) -> bool:
        """Whether the token has neither been completed nor cancelled."""
        return bool(self._state & OPEN)

    @property
    def scope_path(self) -> tuple[str, ...]:
        """Ids of the sub-processes and call activities around the token, outermost first."""
        path: list[str] = []
        workflow = self.workflow
        while isinstance(workflow, InnerScope):
            owner = workflow.owner
            path.append(owner.task_spec.name)
            workflow = owner.workflow
        return tuple(reversed(path))


def without(data: dict[str, Json], names: frozenset[str]) -> dict[str, Json]:
    """The data less some names; the data itself when it has none of them."""
    if names.isdisjoint(data):
        return data
    return {name: value for name, value in data.items() if name not in names}


class _Scope:
    """What the process itself and the scopes inside it have in common."""

    def begin(self, data: dict[str, Json]) -> None:
        """Place the first token and let it pass the scope's invisible start."""
        self.task_tree = Token(self, self.spec.start, state=READY)  # type: ignore[attr-defined]
        self.task_tree.data = data
        self.task_tree.run()

    def open_tokens(self) -> list[Token]:
        """Tokens that are neither completed nor cancelled, oldest first."""
        return [token for token in self.tasks.values() if token._state & OPEN]  # type: ignore[attr-defined]

    def seen(self) -> dict[str, Json]:
        """What the open tokens of the scope have seen or written, and those of the scopes inside it."""
        before: dict[str, Json] = self.task_tree.data
        tokens = self.open_tokens()
        seen = {name: value for name, value in before.items() if any(name in token.data for token in tokens)}
        for token in tokens:
            seen.update({name: v for name, v in token.data.items() if name not in before or before[name] is not v})
            inner = self.top_workflow.subprocesses.get(token.id)  # type: ignore[attr-defined]
            if inner is not None:
                seen = {**without(seen, token.task_spec.forgets), **token.task_spec.exported(inner.seen())}
        return seen

    def _task_completed_notify(self, task: Token) -> None:
        # The library also updates every waiting task here; ours never wait for anything but their own events.
        self.last_task = task
        if task.task_spec is self.spec.end:  # type: ignore[attr-defined]
            self.data = task.data
            self.completed = True
            self.ended()

    def ended(self) -> None:
        """Called once, when the last token has reached the end."""


class InnerScope(_Scope, BpmnSubWorkflow):
    """One run of a sub-process or a called process."""

    def __init__(self, spec: Any, owner: Token, top: "MainScope") -> None:
        super().__init__(spec, owner.id, top, deserializing=True)
        self.owner = owner
        if self.depth > MAX_DEPTH:
            raise EngineError(
                f"流程嵌套超过 {MAX_DEPTH} 层，请检查调用活动是否循环调用",
                f"processes are nested deeper than {MAX_DEPTH}; look for call activities that call each other",
            )

    def ended(self) -> None:
        self.owner.task_spec.leave(self.owner, self)


class MainScope(_Scope, BpmnWorkflow):
    """One run of a process, with the scopes open inside it by the id of the token that owns each."""

    def __init__(self, spec: Any, inner_specs: Any, engine: Any) -> None:
        super().__init__(spec, inner_specs, script_engine=engine, deserializing=True)

    def open_scope(self, owner: Token) -> InnerScope:
        """A new, still empty scope for the sub-process or call activity that `owner` stands at."""
        scope = InnerScope(self.subprocess_specs[owner.task_spec.spec], owner, self)
        self.subprocesses[owner.id] = scope
        return scope

    def close_scope(self, owner_id: str) -> None:
        """Forget the scope of a token, and the scopes inside it."""
        scope = self.subprocesses.pop(owner_id, None)
        if scope is not None:
            for token_id in list(scope.tasks):
                self.close_scope(token_id)

    def scopes(self) -> Iterator["MainScope | InnerScope"]:
        """The process itself and every scope open inside it, outer before inner."""
        yield self
        yield from list(self.subprocesses.values())

    def token(self, token_id: str) -> Token | None:
        """The token of that id in any scope; None when there is none."""
        for scope in self.scopes():
            found: Token | None = scope.tasks.get(token_id)
            if found is not None:
                return found
        return None

    def inner(self, path: tuple[str, ...]) -> "MainScope | InnerScope | None":
        """The scope open at `path` (ids of sub-processes and call activities); None when it is not open."""
        scope: MainScope | InnerScope = self
        for element in path:
            owners = [token for token in scope.open_tokens() if token.task_spec.name == element]
            found = next((self.subprocesses[token.id] for token in owners if token.id in self.subprocesses), None)
            if found is None:
                return None
            scope = found
        return scope
