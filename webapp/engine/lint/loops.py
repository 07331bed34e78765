"""Loops that never wait, and variables two branches write at once."""

from collections import defaultdict
from collections.abc import Iterator

from webapp.engine.diagram import Process, written_name
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.graph import everywhere, is_fork, reachable, waits


def endless_loops(context: Context) -> Iterator[Finding]:
    """A loop that passes no person and no timer runs without end."""
    for process in context.processes:
        for container in process.containers():
            inside = {node.id: node for node in process.inside(container)}
            running = {id for id, node in inside.items() if not waits(process, node, context.processes)}

            def follow(node_id: str, process: Process = process, running: set[str] = running) -> list[str]:
                return [target for target in process.successors(node_id) if target in running]

            looping = [id for id in inside if id in running and id in reachable(follow, [id])]
            if looping:
                first = inside[looping[0]]
                yield finding(
                    first,
                    "endless-loop",
                    f"经过“{title(first)}”的循环中没有用户任务或定时事件，会无休止地执行；请在循环中加入办理环节",
                    f'the loop through "{title(first)}" has no user task and no timer and never stops; '
                    "put a step of a person into it",
                )


def parallel_writers(context: Context) -> Iterator[Finding]:
    """Two branches that run at once and write one variable: one of the values would be lost."""
    for process in context.processes:
        for node in process.nodes.values():
            if is_fork(node):
                ways = [[flow.target] for flow in process.outgoing.get(node.id, ())]
                yield from _shared(process, ways)
            elif node.kind == "boundaryEvent" and not node.interrupting:
                main = [flow.target for flow in process.outgoing.get(node.attached_to or "", ())]
                side = [flow.target for flow in process.outgoing.get(node.id, ())]
                yield from _shared(process, [side, main], node.id)


def _shared(process: Process, ways: list[list[str]], barred: str = "") -> Iterator[Finding]:
    """Names that more than one of the ways writes; nothing is followed through the node `barred`."""

    def follow(node_id: str) -> list[str]:
        return [target for target in everywhere(process, node_id) if target in process.nodes and target != barred]

    reached = [{*way, *reachable(follow, way)} & set(process.nodes) for way in ways if set(way) <= set(process.nodes)]
    common = set.intersection(*reached) if len(reached) > 1 else set()
    writers: dict[str, set[str]] = defaultdict(set)
    branches: dict[str, set[int]] = defaultdict(set)
    for number, branch in enumerate(reached):
        for node_id in branch - common:
            name = written_name(process.nodes[node_id])
            if name:
                writers[name].add(node_id)
                branches[name].add(number)
    for name, ids in sorted(writers.items()):
        if len(ids) > 1 and len(branches[name]) > 1:
            yield finding(
                process.nodes[sorted(ids)[-1]],
                "parallel-writers",
                f"并行的分支都写入 {name}，其中一个值会丢失；请使用不同的结果变量",
                f"branches that run at once both write {name} and one value would be lost; "
                "use different result variables",
            )


RULES: tuple[Rule, ...] = (endless_loops, parallel_writers)
