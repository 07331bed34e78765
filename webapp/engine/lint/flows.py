"""How elements are connected: starts and ends, merges, defaults, conditions, calls, ids."""

import re
from collections import Counter
from collections.abc import Iterator

from webapp.engine.diagram import Node, Process
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title

ID = re.compile(r"(?!__)[^\W\d]\w*")
RESERVED = frozenset({"case"})
_CONDITIONAL = ("exclusiveGateway", "inclusiveGateway")


def first_element(context: Context) -> Iterator[Finding]:
    """After the start event, perhaps behind a merge, comes the user task Application."""
    process = context.main
    starts = [node for node in process.inside(process.id) if node.kind == "startEvent"]
    for start in starts[:1]:
        node: Node | None = start
        for _ in range(2):
            flows = process.outgoing.get(node.id, []) if node is not None else []
            node = process.nodes.get(flows[0].target) if len(flows) == 1 else None
            if node is None or node.kind != "exclusiveGateway":
                break
        if node is None or node.kind != "userTask" or node.id != "Application":
            yield finding(
                start,
                "first-element",
                "开始事件之后必须是编号为 Application 的用户任务（中间可以有一个合并网关），请补画或改编号",
                "the start event must be followed by the user task with the id Application "
                "(a merging gateway may lie between); draw it or change the id",
            )


def starts_and_ends(context: Context) -> Iterator[Finding]:
    """Exactly one start and at least one end in every process and sub-process."""
    for process in context.processes:
        for container in process.containers():
            kinds = Counter(node.kind for node in process.inside(container))
            if kinds["startEvent"] != 1:
                yield finding(
                    (process.file, container),
                    "one-start",
                    f"此处有 {kinds['startEvent']} 个开始事件，请只画一个",
                    f"there are {kinds['startEvent']} start events here; draw exactly one",
                )
            if not kinds["endEvent"]:
                yield finding(
                    (process.file, container),
                    "no-end",
                    "此处没有结束事件，请补画",
                    "there is no end event here; draw one",
                )


def ends_of_flows(context: Context) -> Iterator[Finding]:
    """Flows lead from one node to another of the same scope, at most one between any two."""
    for process, flow in context.flows():
        source, target = process.nodes.get(flow.source), process.nodes.get(flow.target)
        place = (process.file, flow.id)
        if source is None or target is None:
            yield finding(
                place, "loose-flow", "顺序流没有连接到元素，请重新连接", "the flow is not connected; connect it again"
            )
        elif source.container != target.container:
            yield finding(
                place,
                "flow-across-scopes",
                "顺序流不能穿过子流程的边界，请连接到子流程本身",
                "a flow cannot cross the edge of a sub-process; connect it to the sub-process",
            )
    for process in context.processes:
        pairs = Counter((flow.source, flow.target) for flow in process.flows)
        for (source_id, target_id), count in pairs.items():
            if count > 1:
                yield finding(
                    (process.file, source_id),
                    "double-flow",
                    f"到 {target_id} 有 {count} 条顺序流，请合并条件只留一条",
                    f"{count} flows lead to {target_id}; join their conditions in one",
                )


def merges(context: Context) -> Iterator[Finding]:
    """Only gateways and end events have several incoming flows; only gateways several outgoing ones."""
    for process, node in context.nodes():
        incoming, outgoing = process.incoming.get(node.id, []), process.outgoing.get(node.id, [])
        is_gateway = node.kind.endswith("Gateway")
        if len(incoming) > 1 and not is_gateway and node.kind != "endEvent":
            yield finding(
                node,
                "no-merge",
                f"“{title(node)}”有 {len(incoming)} 条流入，请先用一个排他网关合并",
                f'{len(incoming)} flows enter "{title(node)}"; merge them in an exclusive gateway before it',
            )
        if len(outgoing) > 1 and not is_gateway:
            yield finding(
                node,
                "no-split",
                f"“{title(node)}”有 {len(outgoing)} 条流出，请在其后画网关并写明条件",
                f'{len(outgoing)} flows leave "{title(node)}"; draw a gateway behind it with conditions',
            )


def dead_ends(context: Context) -> Iterator[Finding]:
    """Every node can be reached, and every node but an end leads somewhere."""
    for process, node in context.nodes():
        if not process.outgoing.get(node.id) and node.kind != "endEvent":
            yield finding(
                node,
                "dead-end",
                f"“{title(node)}”之后没有去向，请连到下一步",
                f'nothing follows "{title(node)}"; connect it',
            )
        if node.kind in ("startEvent", "boundaryEvent"):
            if process.incoming.get(node.id):
                yield finding(
                    node, "into-event", "不能有顺序流进入此事件，请删除", "no flow may enter this event; remove it"
                )
        elif not process.incoming.get(node.id):
            yield finding(
                node, "unreachable", f"没有顺序流到达“{title(node)}”，请连接或删除", f'no flow reaches "{title(node)}"'
            )


def defaults(context: Context) -> Iterator[Finding]:
    """Diverging exclusive and inclusive gateways: one default flow, a condition on every other."""
    for process, node in context.nodes(*_CONDITIONAL):
        outgoing = process.outgoing.get(node.id, [])
        default = node.xml.get("default")
        if len(outgoing) > 1 and default not in {flow.id for flow in outgoing}:
            yield finding(
                node,
                "no-default",
                f"网关“{title(node)}”没有默认流向，条件都不成立时流程会卡住；请指定一条",
                f'the gateway "{title(node)}" has no default flow and the case would get stuck; mark one as default',
            )
        for flow in outgoing:
            if flow.condition is not None and flow.id == default:
                yield finding(
                    (node.file, flow.id),
                    "condition-on-default",
                    "默认流向不看条件，请删除条件或另指定默认流向",
                    "a default flow ignores its condition; remove the condition or choose another default",
                )
            elif not flow.condition and flow.id != default and len(outgoing) > 1:
                yield finding(
                    (node.file, flow.id),
                    "no-condition",
                    "此流向没有条件，请写明条件",
                    "the flow has no condition; write one",
                )


def conditions_elsewhere(context: Context) -> Iterator[Finding]:
    """Conditions on flows that leave anything but an exclusive or inclusive gateway are ignored."""
    for process, flow in context.flows():
        source = process.nodes.get(flow.source)
        if flow.condition is not None and source is not None and source.kind not in _CONDITIONAL:
            yield finding(
                (process.file, flow.id),
                "condition-ignored",
                f"离开“{title(source)}”的条件不会被判断，请在其后画排他网关",
                f'a condition on a flow from "{title(source)}" is never tested; draw an exclusive gateway behind it',
            )


def ids(context: Context) -> Iterator[Finding]:
    """Ids are unique over the process and all it calls, and are names expressions can use."""
    seen: Counter[str] = Counter()
    for process in context.processes:
        for element in process.xml.iter("{*}*"):
            if element.get("id"):
                seen[element.get("id") or ""] += 1
                if seen[element.get("id") or ""] == 2:
                    yield finding(
                        (process.file, element.get("id") or ""),
                        "duplicate-id",
                        f"编号 {element.get('id')} 用了两次，请改其中一个",
                        f"the id {element.get('id')} is used twice; change one of them",
                    )
    for _, node in context.nodes():
        if not ID.fullmatch(node.id) or node.id in RESERVED:
            yield finding(
                node,
                "id-not-a-name",
                f"编号“{node.id}”不能用在表达式中；请只用字母、数字和下划线，不以数字开头，且不用 case",
                f'the id "{node.id}" cannot be used in expressions; use letters, digits and _ only, and not "case"',
            )


def calls(context: Context) -> Iterator[Finding]:
    """Call activities name a process that is there and does not call itself."""
    for process, node in context.nodes("callActivity"):
        called = node.xml.get("calledElement") or ""
        if called not in context.diagrams.processes:
            yield finding(
                node,
                "unknown-process",
                f"“{title(node)}”调用的流程“{called}”不存在，请改为现有流程的 ID",
                f'"{title(node)}" calls "{called}", which does not exist; name an existing process',
            )
        elif _calls_back(context, process, called):
            yield finding(
                node,
                "recursion",
                f"“{title(node)}”会循环调用流程 {process.id}，永远不会结束；请改为退回或网关",
                f'"{title(node)}" makes {process.id} call itself without end; use a flow back instead',
            )


def _calls_back(context: Context, process: Process, called: str) -> bool:
    return any(other.id == process.id for other in context.diagrams.reachable(called))


RULES: tuple[Rule, ...] = (
    first_element,
    starts_and_ends,
    ends_of_flows,
    merges,
    dead_ends,
    defaults,
    conditions_elsewhere,
    ids,
    calls,
)
