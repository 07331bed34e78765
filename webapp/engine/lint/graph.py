"""Questions about the graph of a process that several rules ask."""

from collections.abc import Callable, Iterable

from webapp.engine.diagram import Node, Process

Follow = Callable[[str], Iterable[str]]

# Where a token stays until something happens outside, so that a loop through it does not run away.
WAITS = frozenset({"userTask", "intermediateCatchEvent"})


def reachable(follow: Follow, starts: Iterable[str]) -> set[str]:
    """Everything that can be reached from `starts` in one step or more."""
    found: set[str] = set()
    waiting = [target for start in starts for target in follow(start)]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += follow(current)
    return found


def on_cycle(process: Process, node_id: str) -> bool:
    """Whether a token that leaves a node can come back to it within its scope."""
    return node_id in reachable(process.successors, [node_id])


def is_block(process: Process, container: str) -> bool:
    """Whether a sub-process holds parallel or inclusive gateways directly: an opinion block."""
    return container != process.id and any(is_fork(node) for node in process.inside(container))


def is_fork(node: Node) -> bool:
    """Whether a node is a parallel or inclusive gateway."""
    return node.kind in ("parallelGateway", "inclusiveGateway")


def waits(process: Process, node: Node, processes: Iterable[Process]) -> bool:
    """Whether a token at the node waits for a person or a time: itself, or on any way through what lies inside."""
    if node.kind in WAITS:
        return True
    if node.kind == "subProcess":
        return _always_waits(process, node.id, processes)
    if node.kind == "callActivity":
        called = next((other for other in processes if other.id == node.xml.get("calledElement")), None)
        # A process that calls itself is refused elsewhere; without this guard it would be examined for ever.
        others = [other for other in processes if other is not called]
        return called is None or _always_waits(called, called.id, others)
    return False


def _always_waits(process: Process, container: str, processes: Iterable[Process]) -> bool:
    inside = process.inside(container)
    passed_at_once = {node.id for node in inside if not waits(process, node, processes)}
    starts = [node.id for node in inside if node.kind == "startEvent"]
    found = reachable(lambda node: [n for n in process.successors(node) if n in passed_at_once], starts)
    return not any(node.kind == "endEvent" and node.id in found for node in inside)


def everywhere(process: Process, node_id: str) -> list[str]:
    """Where a token may go next, sub-processes entered and left."""
    node = process.nodes[node_id]
    inner = [other.id for other in process.inside(node_id) if other.kind == "startEvent"]
    if node.kind == "endEvent" and node.container in process.nodes:
        return process.successors(node.container)
    return [*process.successors(node_id), *inner]
