"""What an operation (a BPMN service task's call) is told about its case, and the table of operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.definitions.packs import Pack
from webapp.engine import OperationSpec
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance


@dataclass(frozen=True)
class CaseContext:
    """The case an operation acts for. `decision_id` is the latest decision of the case, if any; `now` is UTC."""

    instance: ProcessInstance
    filing_id: int
    actor: User | None
    element: str
    now: datetime
    decision_id: int | None
    pack: Pack
    deployment_hash: str

    @property
    def institution_id(self) -> int:
        return self.instance.institution_id


Call = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    spec: OperationSpec
    call: Call


OPERATIONS: dict[str, Operation] = {}


def operation(name: str, *, repeatable: bool, summary: str) -> Callable[[Call], Call]:
    """Register `function(case, **inputs) -> JSON` under the name diagrams call it by (`camunda:topic`).

    The keyword parameters are the operation's inputs; one without a default is required. `repeatable` says that
    running it twice does no harm, so that a return may go back behind it.
    """

    def register(function: Call) -> Call:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        inputs = {p.name: p.default is inspect.Parameter.empty for p in parameters}
        spec = OperationSpec(name=name, inputs=inputs, repeatable=repeatable, summary=summary)
        OPERATIONS[name] = Operation(spec, function)
        return function

    return register


def specs() -> dict[str, OperationSpec]:
    """Every operation's signature, as lint and the engine want it."""
    return {name: entry.spec for name, entry in OPERATIONS.items()}
