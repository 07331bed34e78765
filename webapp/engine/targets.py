"""Where a case may be sent back to: computed from what it passed, never drawn."""

from collections.abc import Iterable
from typing import Protocol

from webapp.engine.definition import Definition
from webapp.engine.elements import Element
from webapp.engine.restart import RESTARTABLE, is_opinion_block


class Step(Protocol):
    """An element that was passed, such as `Passed` or a row of the history."""

    @property
    def element(self) -> str: ...

    @property
    def scope(self) -> tuple[str, ...]: ...


def return_targets(
    definition: Definition, passed: Iterable[Step | str], current: str = "", scope: tuple[str, ...] = ()
) -> list[str]:
    """Ids of the elements `Run.restart` may be asked for in the scope at path `scope`, in the order they were passed.

    `passed`: everything passed since the case was started, in order; plain ids are looked for where the diagrams
    draw them. `current`: the element that is open now; it and what lies around it is never a target.
    A target is a completed user task, or an opinion block, sub-process or call activity as a whole. None lies before
    a completed operation that is not repeatable. What was passed after an element that was then passed again, in a
    later round, lies ahead and is no target.
    """
    if any(is_opinion_block(definition, element) for element in scope):
        return []
    path: list[str] = []
    for step in passed:
        element_id, around = (
            (step, _drawn_in(definition, step)) if isinstance(step, str) else (step.element, step.scope)
        )
        element = definition.elements.get(element_id)
        if element is None:
            continue
        if _is_final(definition, element):
            path.clear()
        target = _lifted(element_id, around, scope)
        if target is not None and definition.elements[target].kind in RESTARTABLE:
            _pass(path, target)
    here = _lifted(current, _drawn_in(definition, current), scope)
    return path[: path.index(here)] if here in path else path


def _drawn_in(definition: Definition, element_id: str) -> tuple[str, ...]:
    """The path of scopes around an element; in a process called from several places, the first of them."""
    element = definition.elements.get(element_id)
    if element is None or element.process_id == definition.process_id:
        return element.scope if element is not None else ()
    callers = [
        other.id
        for other in definition.elements.values()
        if other.kind == "callActivity" and other.called == element.process_id
    ]
    return (*_drawn_in(definition, callers[0]), callers[0], *element.scope) if callers else element.scope


def _lifted(element_id: str, around: tuple[str, ...], scope: tuple[str, ...]) -> str | None:
    """The element directly in `scope` that is, or holds, an element; None when it lies elsewhere."""
    if around[: len(scope)] != scope:
        return None
    return around[len(scope)] if len(around) > len(scope) else element_id


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
