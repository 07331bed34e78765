"""Timers: what they may stand on, how they are written, and where their path may lead."""

from collections.abc import Iterator

from webapp.engine import dialect, timers
from webapp.engine.diagram import Node
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.graph import everywhere, reachable

_HOSTS = frozenset({"userTask", "subProcess", "callActivity"})
_AUTOMATIC = frozenset({"serviceTask", "businessRuleTask", "exclusiveGateway", "endEvent", "intermediateThrowEvent"})


def cycles(context: Context) -> Iterator[Finding]:
    """Repeating timers: missed repetitions would fire in a burst."""
    for _, node in context.nodes():
        found = node.xml.find("./bpmn:timerEventDefinition/bpmn:timeCycle", dialect.NAMESPACES)
        text = node.timer or ""
        if found is not None or text.upper().startswith("R"):
            yield finding(
                node,
                "timer-cycle",
                f"“{title(node)}”是循环定时器，停机后会集中触发；"
                "反复提醒请用用户任务的 remind_before、escalate_after 属性",
                f'"{title(node)}" is a repeating timer and would fire in a burst after an outage; '
                "for reminders use the properties remind_before and escalate_after of the user task",
            )


def event_gateways(context: Context) -> Iterator[Finding]:
    """Two timers behind one event gateway share one due time."""
    for process, node in context.nodes("eventBasedGateway"):
        targets = [process.nodes.get(flow.target) for flow in process.outgoing.get(node.id, ())]
        if sum(1 for target in targets if target is not None and target.timer is not None) > 1:
            yield finding(
                node,
                "two-timers",
                f"事件网关“{title(node)}”之后有两个定时器，它们会共用一个到期时间；请画用户任务并在其边界上画定时事件",
                f'two timers stand behind the event gateway "{title(node)}" and would share one due time; '
                "draw a user task with boundary timers",
            )


def event_kinds(context: Context) -> Iterator[Finding]:
    """Boundary and intermediate catch events are timers, one each; a boundary stands on something that waits."""
    for process, node in context.nodes("boundaryEvent", "intermediateCatchEvent"):
        if len(node.event_definitions) != 1:
            yield finding(
                node,
                "one-event",
                f"“{title(node)}”应恰有一个定时器，请改正",
                f'"{title(node)}" must have exactly one timer; correct it',
            )
        if node.kind != "boundaryEvent":
            continue
        host = process.nodes.get(node.attached_to or "")
        if host is None or host.kind not in _HOSTS or host.container != node.container:
            yield finding(
                node,
                "boundary-host",
                f"边界事件“{title(node)}”只能画在用户任务、子流程或调用活动上",
                f'the boundary event "{title(node)}" may only stand on a user task, a sub-process or a call activity',
            )


def side_paths(context: Context) -> Iterator[Finding]:
    """Behind a non-interrupting boundary event, only what runs at once: nothing may wait or join the main path."""
    for process, node in context.nodes("boundaryEvent"):
        if node.interrupting:
            continue
        behind = reachable(lambda node_id, process=process: everywhere(process, node_id), [node.id])  # type: ignore[misc]
        waiting = next((process.nodes[id] for id in sorted(behind) if process.nodes[id].kind not in _AUTOMATIC), None)
        if waiting is not None:
            yield finding(
                node,
                "side-path-waits",
                f"不中断的边界事件“{title(node)}”之后有“{title(waiting)}”，旧数据会覆盖新数据；"
                "请改为中断，或用 remind_before、escalate_to 属性催办",
                f'"{title(waiting)}" lies behind the non-interrupting event "{title(node)}", and old data would win; '
                "make it interrupting, or use the properties remind_before and escalate_to",
            )


def dates(context: Context) -> Iterator[Finding]:
    """A timer's text is an ISO 8601 duration, a date with an offset, or FEEL; a date without offset is refused."""
    for _, node in context.nodes():
        problem = _misdated(node)
        if problem:
            yield finding(
                node,
                "timer-text",
                f'“{title(node)}”的定时{problem[0]}；请写成 P7D 或 due(7, "working_days")',
                f'the timer "{title(node)}" {problem[1]}; write P7D or due(7, "working_days")',
            )


def _misdated(node: Node) -> tuple[str, str] | None:
    text = node.timer
    if text is None:
        return None
    if not text:
        return "没有写时间", "says no time"
    if not timers.is_literal(text):
        return None
    if not text.startswith("P") and not timers.has_offset(text):
        return "日期没有写明时区", "is a date without an offset"
    return None


RULES: tuple[Rule, ...] = (cycles, event_gateways, event_kinds, side_paths, dates)
