"""Where a case goes from here: a trial run of its diagram in memory, which calls no operation and stores nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.engine import Definition, Element, EngineError, Environment, OpenTask, Run, load
from webapp.workflow.deadlines import Clock

MOST_STEPS = 60
# The way a case takes when everybody agrees, in this order of preference.
FAVOURABLE = ("approve", "receive")


@dataclass(frozen=True)
class Forecast:
    """`tasks`: user tasks that open, in order; `passed`: ids of all that is passed; `ended_at`: the end reached."""

    tasks: tuple[str, ...]
    passed: tuple[str, ...]
    ended_at: str | None


@dataclass
class Trial:
    """Trial runs over one definition. `results` are known results of services by element id; others count as empty."""

    definition: Definition
    clock: Clock
    results: Mapping[str, Any]

    def from_start(self, case: Mapping[str, Any], answers: Mapping[str, Any]) -> Forecast | None:
        """The whole way of an application with these answers; None when they do not suffice to tell."""
        try:
            run = Run.start(self.definition, {"case": dict(case)}, self._environment())
            run.complete(run.open_tasks()[0].id, dict(answers))
            return self._favourably(run)
        except EngineError:
            return None

    def onwards(self, stored: bytes | None) -> Forecast | None:
        """The way of a running case from its open tasks, everybody agreeing; the open tasks come first."""
        try:
            return self._favourably(self._load(stored)) if stored else None
        except EngineError:
            return None

    def after(self, stored: bytes | None, token: str, answers: Mapping[str, Any]) -> Forecast | None:
        """What one answer leads to at once; `tasks` are those then open that were not open before."""
        try:
            if not stored:
                return None
            run = self._load(stored)
            before = {task.id for task in run.open_tasks()}
            run.complete(token, dict(answers))
            opened = tuple(task.element for task in run.open_tasks() if task.id not in before)
            return Forecast(opened, tuple(p.element for p in run.passed), run.ended_at if run.completed else None)
        except EngineError:
            return None

    def _favourably(self, run: Run) -> Forecast:
        tasks: list[str] = []
        for _ in range(MOST_STEPS):
            waiting = run.open_tasks()
            if not waiting:
                break
            tasks += [task.element for task in waiting if task.element not in tasks]
            run.complete(waiting[0].id, self._agreeing(waiting[0]))
        return Forecast(tuple(tasks), tuple(passed.element for passed in run.passed), run.ended_at)

    def _agreeing(self, task: OpenTask) -> dict[str, Any]:
        earlier = task.data.get(task.element)
        offered = offered_decisions(self.definition.elements[task.element])
        if not offered:
            return dict(earlier) if isinstance(earlier, dict) else {}
        return agreeing_answer(offered)

    def _load(self, stored: bytes) -> Run:
        return load(stored, self.definition, self._environment())

    def _environment(self) -> Environment:
        return Environment(call=self._result, functions=self.clock.functions(), now=lambda: self.clock.now)

    def _result(self, operation: str, element: Element, inputs: dict[str, Any]) -> Any:
        return self.results.get(element.id) or {}


def offered_decisions(element: Element) -> tuple[str, ...]:
    """The decisions a step offers; empty for one that is only filled in and submitted."""
    return tuple(part.strip() for part in element.properties.get("decisions", "").split(",") if part.strip())


def agreeing_answer(offered: tuple[str, ...]) -> dict[str, Any]:
    """The answer that lets a case go on."""
    decision = next((name for name in FAVOURABLE if name in offered), offered[0])
    return {"decision": decision, "opinion": "", "grounds": []}
