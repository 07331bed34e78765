"""Opinion blocks: the only place for parallel and inclusive gateways, because a fresh one is made each round."""

from collections.abc import Iterator

from webapp.engine.diagram import Node, Process
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.graph import is_block, is_fork, on_cycle, reachable

_INSIDE = frozenset(
    {"startEvent", "endEvent", "userTask", "parallelGateway", "inclusiveGateway", "exclusiveGateway", "boundaryEvent"}
)
_DRAW = "请画一个子流程：开始、一个分支网关、各分支的用户任务、一个汇合网关、结束"
_DRAW_EN = "draw a sub-process: start, one split, branches of user tasks, one join, end"


def forks_outside_blocks(context: Context) -> Iterator[Finding]:
    """Parallel and inclusive gateways in a process itself; a join in a loop there would fire early in round 2."""
    for process, node in context.nodes("parallelGateway", "inclusiveGateway"):
        joins = len(process.incoming.get(node.id, ())) > 1
        if joins and on_cycle(process, node.id):
            yield finding(
                node,
                "join-on-cycle",
                f"汇合网关“{title(node)}”在退回的循环上，第二轮会提前汇合；{_DRAW}，循环只经过子流程本身",
                f'the join "{title(node)}" lies on a loop and would fire early in round 2; {_DRAW_EN}, '
                "and let the loop pass the sub-process itself",
            )
        elif node.container == process.id:
            yield finding(
                node,
                "fork-outside-block",
                f"并行或包容网关“{title(node)}”只能画在会办子流程里；{_DRAW}",
                f'the parallel or inclusive gateway "{title(node)}" may only stand in an opinion block; {_DRAW_EN}',
            )


def block_shapes(context: Context) -> Iterator[Finding]:
    """An opinion block has one split behind its start, one join before its end, and user tasks between them."""
    for process in context.processes:
        for container in process.containers():
            if is_block(process, container):
                yield from _shape(process, process.nodes[container])


def _shape(process: Process, block: Node) -> Iterator[Finding]:
    inside = process.inside(block.id)
    for node in inside:
        if node.kind not in _INSIDE:
            yield finding(
                node,
                "block-content",
                f"会办子流程里只能有用户任务，“{title(node)}”请移到子流程之前或之后",
                f'an opinion block holds user tasks only; move "{title(node)}" before or behind the sub-process',
            )
    problem = _misdrawn(process, inside)
    if problem is not None:
        zh, en = problem
        yield finding(
            block,
            "block-shape",
            f"会办子流程“{title(block)}”{zh}；{_DRAW}",
            f'the block "{title(block)}" {en}; {_DRAW_EN}',
        )


def _misdrawn(process: Process, inside: list[Node]) -> tuple[str, str] | None:
    forks = [node for node in inside if is_fork(node)]
    splits = [node for node in forks if len(process.outgoing.get(node.id, ())) > 1]
    joins = [node for node in forks if len(process.incoming.get(node.id, ())) > 1]
    if len(splits) != 1 or len(joins) != 1 or splits == joins or len(forks) != 2:
        return "应恰有一个分支网关和一个汇合网关", "must have exactly one split and one join"
    split, join = splits[0], joins[0]
    if split.kind != join.kind:
        return "的分支网关和汇合网关类型不同", "splits and joins with different kinds of gateway"
    starts = [node.id for node in inside if node.kind == "startEvent"]
    if [flow.source for flow in process.incoming.get(split.id, ())] != starts:
        return "的分支网关没有紧接开始事件", "does not split directly behind its start"
    ends = [node.id for node in inside if node.kind == "endEvent"]
    if [flow.target for flow in process.outgoing.get(join.id, ())] != ends:
        return "的汇合网关之后不是唯一的结束事件", "does not end directly behind its join"
    if any(on_cycle(process, node.id) for node in inside):
        return "里有循环", "has a loop inside"
    entered = [node.id for node in inside if node.kind == "exclusiveGateway" and _splits(process, node)]
    if entered:
        return "的分支里有排他分支", "has an exclusive split inside a branch"
    return _crossing(process, split, join)


def _splits(process: Process, node: Node) -> bool:
    return len(process.outgoing.get(node.id, ())) > 1


def _crossing(process: Process, split: Node, join: Node) -> tuple[str, str] | None:
    """Branches that meet before the join would send two tokens down one way."""
    seen: set[str] = set()
    for flow in process.outgoing.get(split.id, ()):
        if flow.target == join.id:
            continue
        branch = {flow.target, *reachable(process.successors, [flow.target])}
        inner = branch - {join.id, *reachable(process.successors, [join.id])}
        if inner & seen:
            return "的分支在汇合网关之前相遇", "has branches that meet before the join"
        seen |= inner
    return None


RULES: tuple[Rule, ...] = (forks_outside_blocks, block_shapes)
