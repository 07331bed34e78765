"""Where a case may be sent back to: computed from what it passed, never drawn."""

from collections.abc import Iterable
from typing import Protocol

from webapp.engine.definition import Definition
from webapp.engine.elements import Element
from webapp.engine.restart import is_opinion_block


class Step(Protocol):
    """An element that was passed, such as `Passed` or a row of the history."""

    @property
    def element(self) -> str: ...

    @property
    def scope(self) -> tuple[str, ...]: ...


def return_targets(
    definition: Definition, passed: Iterable[Step], *, current: str = "", scope: tuple[str, ...] = ()
) -> list[str]:
    """Ids of the elements `Run.restart` may be asked for in the scope at path `scope`, in the order they were passed.

    `passed`: everything passed since the case was started, in order; `current`: the element of that scope which is
    open now (the sub-process or call activity itself when the open task lies inside it), never a target.
    A target is a completed user task, or an opinion block, sub-process or call activity as a whole. None lies before
    a completed operation that is not repeatable. What was passed after an element that was then passed again, in a
    later round, lies ahead and is no target.
    """
    if any(is_opinion_block(definition, element) for element in scope):
        return []
    path: list[str] = []
    for step in passed:
        element = definition.elements.get(step.element)
        if element is None:
            continue
        if _is_final(definition, element):
            path.clear()
        elif step.scope[: len(scope)] == scope:
            target = step.scope[len(scope)] if len(step.scope) > len(scope) else element.id
            if target != step.element or element.kind in ("userTask", "subProcess", "callActivity"):
                _pass(path, target)
    return path[: path.index(current)] if current in path else path


def _pass(path: list[str], target: str) -> None:
    if path and path[-1] == target:
        return
    if target in path:
        del path[path.index(target) :]
    path.append(target)


def _is_final(definition: Definition, element: Element) -> bool:
    """Whether passing the element was an act that must not happen twice; unknown operations count as such."""
    if element.kind != "serviceTask":
        return False
    operation = definition.operations.get(element.topic or "")
    return operation is None or not operation.repeatable
