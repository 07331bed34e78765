"""Random diagrams, and an independent interpreter of what they mean, to hold the engine against.

A diagram is a list of parts: a user task (perhaps with an interrupting timer), a service task, an exclusive split
over an optional way, an opinion block, a call activity. `Reference` walks that list with a cursor and knows nothing
of tokens, scopes or stores.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from tests.engine.drawing import Drawing


@dataclass
class Part:
    """One part: `kind` "user", "service", "choice", "block" or "call"; `tasks` are the branches of a block (or the
    steps of a call, in one branch), `parts` the optional way of a choice."""

    kind: str
    id: str
    timed: bool = False
    tasks: list[list[str]] = field(default_factory=list)
    parts: list["Part"] = field(default_factory=list)


class RandomProcess:
    """A random diagram; `drawings()` are its files, `parts` its meaning."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.count = 0
        self.called: list[Drawing] = []
        self.parts = [Part("user", "Application"), *(self._part(0) for _ in range(self.rng.randint(1, 5)))]

    def _id(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def _part(self, depth: int) -> Part:
        chance = self.rng.random()
        if chance < 0.4 or depth:
            return Part("user", self._id("Task"), timed=self.rng.random() < 0.4)
        if chance < 0.5:
            return Part("service", self._id("Service"))
        if chance < 0.68:
            return Part("choice", self._id("Choice"), parts=[self._part(1) for _ in range(self.rng.randint(1, 2))])
        if chance < 0.8:
            steps = [self._id("Step") for _ in range(self.rng.randint(1, 3))]
            return Part("call", self._id("Call"), timed=self.rng.random() < 0.3, tasks=[steps])
        branches = [[self._id("Opinion") for _ in range(self.rng.randint(1, 2))] for _ in range(self.rng.randint(2, 3))]
        return Part("block", self._id("Block"), timed=self.rng.random() < 0.3, tasks=branches)

    def drawings(self) -> list[Drawing]:
        """The main diagram, then those it calls."""
        drawing = Drawing()
        drawing.start()
        self.called = []
        last = "Start"
        for part in self.parts:
            last = self._draw(drawing, last, part)
        drawing.end()
        drawing.flow(last, "End")
        return [drawing, *self.called]

    def _draw(self, drawing: Drawing, last: str, part: Part) -> str:
        if part.kind == "choice":
            return self._draw_choice(drawing, last, part)
        if part.kind == "user":
            drawing.user(part.id)
        elif part.kind == "service":
            drawing.service(part.id, inputs={"text": f'"{part.id}"'})
        elif part.kind == "block":
            drawing.block(part.id, *(tuple(branch) for branch in part.tasks))
        else:
            drawing.call(part.id, f"{part.id}Process")
            self._draw_called(part)
        drawing.flow(last, part.id)
        if not part.timed:
            return part.id
        late, instead, merge = f"{part.id}Late", f"{part.id}Instead", f"{part.id}Merge"
        drawing.timer(late, part.id)
        drawing.user(instead)
        drawing.gateway(merge)
        drawing.flow(late, instead, merge)
        drawing.flow(part.id, merge)
        return merge

    def _draw_choice(self, drawing: Drawing, last: str, part: Part) -> str:
        merge, default = f"{part.id}Merge", f"{part.id}Default"
        drawing.gateway(part.id, default=default)
        drawing.gateway(merge)
        drawing.flow(last, part.id)
        drawing.flow(part.id, merge, id=default)
        first = self._id("Way")
        drawing.raw(first, f'<bpmn:intermediateThrowEvent id="{first}" />')
        drawing.flow(part.id, first, when="Application.odd")
        last = first
        for inner in part.parts:
            last = self._draw(drawing, last, inner)
        drawing.flow(last, merge)
        return merge

    def _draw_called(self, part: Part) -> None:
        called = Drawing(f"{part.id}Process")
        called.start(f"{part.id}Start")
        for task in part.tasks[0]:
            called.user(task)
        called.end(f"{part.id}End")
        called.flow(f"{part.id}Start", *part.tasks[0], f"{part.id}End")
        self.called.append(called)


class Reference:
    """Where a case must stand. `open`: ids of open user tasks; `data`: newest answers; `calls`: services run."""

    def __init__(self, parts: list[Part]) -> None:
        self.parts = parts
        self.data: dict[str, Any] = {}
        self.open: set[str] = set()
        self.calls: list[str] = []
        self.completed: list[str] = []  # returnable steps, in the order they were first completed
        self._at: list[int] = []
        self._enter([0])

    def _list(self, at: list[int]) -> list[Part]:
        return self.parts if len(at) == 1 else self.parts[at[0]].parts

    @property
    def part(self) -> Part:
        """The part the case stands in."""
        return self._list(self._at)[self._at[-1]]

    def _enter(self, at: list[int]) -> None:
        self._at, self.open = at, set()
        parts = self._list(at)
        if at[-1] >= len(parts):
            if len(at) > 1:
                self._enter([at[0] + 1])
            return
        part = parts[at[-1]]
        if part.kind == "user":
            self.open = {part.id}
        elif part.kind == "service":
            self.calls.append(part.id)
            self._next()
        elif part.kind == "choice":
            self._enter([at[0], 0] if self.data["Application"]["odd"] else [at[0] + 1])
        else:
            self._forget(part)
            self.open = {branch[0] for branch in part.tasks}

    def _forget(self, part: Part) -> None:
        self.data.pop(part.id, None)
        if part.kind == "block":
            for task in (task for branch in part.tasks for task in branch):
                self.data.pop(task, None)

    def _next(self) -> None:
        if self.part.id not in self.completed:
            self.completed.append(self.part.id)
        self._enter([*self._at[:-1], self._at[-1] + 1])

    def complete(self, task: str, answer: dict[str, Any]) -> None:
        part = self.part
        if part.kind == "call" and task in part.tasks[0]:
            self.data.setdefault(part.id, {})[task] = answer
        else:
            self.data[task] = answer
        self.open.discard(task)
        branch = next((branch for branch in part.tasks if task in branch), None)
        if branch is not None and task != branch[-1]:
            self.open.add(branch[branch.index(task) + 1])
        if not self.open:
            self._next()

    def time_out(self) -> None:
        """The timer on the part has fired."""
        self.open = {f"{self.part.id}Instead"}

    def restart(self, id: str) -> None:
        for number, part in enumerate(self.parts):
            if part.id == id:
                return self._enter([number])
            for inner, other in enumerate(part.parts):
                if other.id == id:
                    return self._enter([number, inner])
        raise AssertionError(id)

    def returnable(self) -> list[str]:
        """Parts with user tasks that were completed before."""
        found = {part.id: part for part in self.parts} | {p.id: p for part in self.parts for p in part.parts}
        return [id for id in self.completed if found[id].kind in ("user", "block", "call")]
