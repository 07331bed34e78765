"""Runs small diagrams in tests the way the product does: stored and loaded again after every step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.engine.drawing import Drawing
from webapp.engine import Definition, Element, Environment, OperationSpec, Run, assemble, dump, load
from webapp.engine.feel import Json

OPERATIONS = {
    "test.note": OperationSpec("test.note", {"text": False}, repeatable=True, summary="writes nothing"),
    "test.register": OperationSpec("test.register", {"name": True}, repeatable=False, summary="cannot be undone"),
}
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@dataclass
class World:
    """The outside of a case: a clock that is moved by hand, and the calls it got."""

    now: datetime = NOON
    answers: Callable[[str, dict[str, Json]], Json] = lambda _operation, _inputs: {"ok": True}
    functions: Mapping[str, Callable[..., Json]] = field(default_factory=dict)
    calls: list[tuple[str, str, dict[str, Json]]] = field(default_factory=list)

    def _call(self, operation: str, element: Element, inputs: dict[str, Json]) -> Json:
        self.calls.append((operation, element.id, inputs))
        return self.answers(operation, inputs)

    def environment(self) -> Environment:
        return Environment(call=self._call, functions=self.functions, now=lambda: self.now)

    def later(self, **amount: float) -> None:
        self.now += timedelta(**amount)


class Case:
    """A case that is dumped and loaded after every step; `passed` is everything it passed."""

    def __init__(self, definition: Definition, world: World | None = None, **data: Any) -> None:
        self.definition = definition
        self.world = world or World()
        self.passed: list[Any] = []
        self._keep(Run.start(definition, {"case": {"reference": "备〔2026〕0001"}, **data}, self.world.environment()))

    def _keep(self, run: Run) -> None:
        self.passed += run.passed
        self.blob = dump(run)
        self.run = load(self.blob, self.definition, self.world.environment())

    @property
    def open(self) -> list[str]:
        return sorted(task.element for task in self.run.open_tasks())

    @property
    def path(self) -> list[str]:
        return [step.element for step in self.passed]

    def task(self, element: str) -> Any:
        return next(task for task in self.run.open_tasks() if task.element == element)

    def do(self, element: str, **answers: Any) -> "Case":
        self.run.complete(self.task(element).id, answers)
        self._keep(self.run)
        return self

    def fire(self, element: str) -> "Case":
        timer = next(timer for timer in self.run.timers() if timer.element == element)
        self.world.now = max(self.world.now, timer.due)
        self.run.fire(timer.id)
        self._keep(self.run)
        return self

    def back(self, element: str, scope: tuple[str, ...] = (), **data: Any) -> "Case":
        self.run.restart(element, {**self.run.data, **data}, scope)
        self._keep(self.run)
        return self


def assembled(*drawings: Drawing, **files: bytes) -> Definition:
    """The first drawing's process with the others beside it, lint left out."""
    given = {f"{drawing.process_id}.bpmn": drawing.xml() for drawing in drawings}
    given |= {f"{name}.dmn": content for name, content in files.items()}
    return assemble(drawings[0].process_id, given, OPERATIONS)


def straight(*tasks: str, process_id: str = "test_process") -> Drawing:
    """Start, user tasks one after the other, end."""
    drawing = Drawing(process_id)
    drawing.start(f"{process_id}_start")
    for task in tasks:
        drawing.user(task)
    drawing.end(f"{process_id}_end")
    drawing.flow(f"{process_id}_start", *tasks, f"{process_id}_end")
    return drawing
