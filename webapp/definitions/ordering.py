"""The elements of a diagram in the order a case meets them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from webapp.engine import Definition, Element


def in_order(definition: Definition) -> list[Element]:
    """A step after all that lead to it, ways back left aside."""
    elements = definition.elements
    inner: dict[str, list[str]] = {}
    timers: dict[str, list[str]] = {}
    for element in elements.values():
        if element.scope and element.kind == "startEvent":
            inner.setdefault(element.scope[-1], []).append(element.id)
        if element.attached_to:
            timers.setdefault(element.attached_to, []).append(element.id)
    done: dict[str, None] = {}
    for start in [e.id for e in elements.values() if e.kind == "startEvent" and not e.scope]:
        _visit(start, elements, inner, timers, done)
    rest = [element for element in elements.values() if element.id not in done]
    return [*(elements[element_id] for element_id in reversed(done)), *rest]


def _visit(
    start: str,
    elements: Mapping[str, Element],
    inner: Mapping[str, Sequence[str]],
    timers: Mapping[str, Sequence[str]],
    done: dict[str, None],
) -> None:
    """Depth first without recursion (a diagram may be long); `done` ends up in reverse order."""
    seen = {start}
    stack: list[tuple[str, Iterator[str]]] = [(start, _nexts(start, elements, inner, timers))]
    while stack:
        here, nexts = stack[-1]
        following = next((target for target in nexts if target not in seen), None)
        if following is None:
            done[here] = None
            stack.pop()
        else:
            seen.add(following)
            stack.append((following, _nexts(following, elements, inner, timers)))


def _nexts(
    here: str,
    elements: Mapping[str, Element],
    inner: Mapping[str, Sequence[str]],
    timers: Mapping[str, Sequence[str]],
) -> Iterator[str]:
    # Visited last comes first in the order, so what stands nearest to the step is named last.
    yield from reversed(elements[here].outgoing)
    yield from timers.get(here, ())
    yield from inner.get(here, ())
