"""退回 to an earlier step: which steps are lawful targets, and the data the case goes on with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webapp.engine import targets
from webapp.workflow import queries
from webapp.workflow.models import UserTask
from webapp.workflow.stepping import Step


@dataclass(frozen=True)
class ReturnTarget:
    """A step a task can be sent back to: its element id, its name on the diagram, and the open scope it is in."""

    element: str
    name: str
    scope: tuple[str, ...] = ()


def return_targets(step: Step, task: UserTask) -> list[ReturnTarget]:
    """Completed steps and opinion blocks since the last operation that must not be repeated, oldest first.

    Those of the whole case, then those inside the sub-processes and called processes the task is in. The applicant is
    no target here: that is 补正, drawn in the diagram.
    """
    passed, names = queries.passed_since_filing(step.instance.id), step.definition.elements
    inside = tuple(part for part in task.scope.split("/") if part)
    found = [
        ReturnTarget(element, names[element].name, inside[:depth])
        for depth in range(len(inside) + 1)
        for element in targets.return_targets(step.definition, passed, task.element, inside[:depth])
    ]
    return [target for target in found if target.element != "Application"]


def return_data(step: Step) -> dict[str, Any]:
    """The case's data rebuilt from the newest answer of each element and the recorded results, never from tokens."""
    data: dict[str, Any] = {"case": step.run.data["case"]}
    variables = {e.id: e.result_variable for e in step.definition.elements.values() if e.result_variable}
    for element, result in queries.newest_results(step.instance.id, list(variables)).items():
        data[variables[element]] = result
    return data | queries.newest_answers(step.instance.id)
