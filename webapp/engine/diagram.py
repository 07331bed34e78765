"""Diagrams as the engine and its lint look at them: processes, nodes and flows over the parsed XML."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml import etree

from webapp.engine import dialect, xml


@dataclass(frozen=True)
class Flow:
    """One sequence flow; `condition` is FEEL text, None when there is none."""

    id: str
    source: str
    target: str
    condition: str | None
    name: str
    container: str
    xml: etree._Element = field(repr=False, compare=False)


@dataclass(frozen=True)
class Node:
    """One flow node. `scope`: ids of the enclosing sub-processes, outermost first; `container`: the innermost of
    them, or the process."""

    id: str
    kind: str
    name: str
    scope: tuple[str, ...]
    container: str
    process_id: str
    file: str
    xml: etree._Element = field(repr=False, compare=False)

    def get(self, attribute: str) -> str | None:
        """The value of a camunda: attribute."""
        return self.xml.get(dialect.camunda(attribute))

    @cached_property
    def properties(self) -> Mapping[str, str]:
        """The camunda:properties of the node."""
        return dialect.properties_of(self.xml)

    @property
    def attached_to(self) -> str | None:
        """The host of a boundary event."""
        return self.xml.get("attachedToRef") if self.kind == "boundaryEvent" else None

    @property
    def interrupting(self) -> bool:
        """Whether a boundary event cancels its host (BPMN's default)."""
        return self.kind == "boundaryEvent" and self.xml.get("cancelActivity", "true").lower() != "false"

    @property
    def event_definitions(self) -> list[etree._Element]:
        """The event definitions drawn inside an event."""
        return [child for child in self.xml if dialect.local(child).endswith("EventDefinition")]

    @property
    def timer(self) -> str | None:
        """The text of a timer's duration or date; None when the node is no timer."""
        for tag in ("timeDuration", "timeDate", "timeCycle"):
            found = self.xml.find(f"./bpmn:timerEventDefinition/bpmn:{tag}", dialect.NAMESPACES)
            if found is not None:
                return dialect.text_of(found)
        return None

    @property
    def inputs(self) -> dict[str, str]:
        """A service task's inputs: name and FEEL text."""
        found = self.xml.iterfind(_PARAMETER.format("inputParameter"), dialect.NAMESPACES)
        return {item.get("name") or "": dialect.text_of(item) for item in found}

    @property
    def result_variable(self) -> str | None:
        """The one name a service or rule task writes."""
        if self.kind == "businessRuleTask":
            return self.get("resultVariable")
        found = self.xml.find(_PARAMETER.format("outputParameter"), dialect.NAMESPACES)
        return None if found is None else found.get("name")


_PARAMETER = "./bpmn:extensionElements/camunda:inputOutput/camunda:{}"


@dataclass(frozen=True)
class Process:
    """One bpmn:process with everything inside it, sub-processes included, in document order."""

    id: str
    name: str
    file: str
    xml: etree._Element = field(repr=False, compare=False)
    nodes: Mapping[str, Node] = field(repr=False)
    flows: tuple[Flow, ...] = field(repr=False)

    @cached_property
    def outgoing(self) -> Mapping[str, list[Flow]]:
        """Flows by the id of the node they leave."""
        return _grouped(self.flows, "source")

    @cached_property
    def incoming(self) -> Mapping[str, list[Flow]]:
        """Flows by the id of the node they enter."""
        return _grouped(self.flows, "target")

    @cached_property
    def boundaries(self) -> Mapping[str, list[Node]]:
        """Boundary events by the id of their host."""
        found: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes.values():
            if node.attached_to:
                found[node.attached_to].append(node)
        return found

    def inside(self, container: str) -> list[Node]:
        """The nodes directly inside the process itself or one of its sub-processes."""
        return [node for node in self.nodes.values() if node.container == container]

    def containers(self) -> list[str]:
        """The process and its sub-processes, by id."""
        return [self.id, *(node.id for node in self.nodes.values() if node.kind == "subProcess")]

    def successors(self, node_id: str) -> list[str]:
        """Where a token may go from a node: along its flows, and out of the boundary events on it."""
        return [flow.target for flow in self.outgoing.get(node_id, ())] + [
            event.id for event in self.boundaries.get(node_id, ())
        ]

    def writes(self, container: str | None = None) -> dict[str, list[str]]:
        """Each name of the data and the ids of the nodes that write it; within `container` only, at any depth."""
        found: dict[str, list[str]] = defaultdict(list)
        for node in self.nodes.values():
            name = written_name(node)
            if name and (container in (None, self.id) or container in node.scope):
                found[name].append(node.id)
        return found

    @property
    def called(self) -> list[str]:
        """The ids of the processes that call activities name."""
        return [node.xml.get("calledElement") or "" for node in self.nodes.values() if node.kind == "callActivity"]


def written_name(node: Node) -> str | None:
    """The name under which a node leaves something in the data of its process; None when it leaves nothing."""
    if node.kind in ("userTask", "callActivity"):
        return node.id
    if node.kind in ("serviceTask", "businessRuleTask"):
        return node.result_variable or None
    return None


def _grouped(flows: tuple[Flow, ...], end: str) -> Mapping[str, list[Flow]]:
    found: dict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        found[getattr(flow, end)].append(flow)
    return found


@dataclass(frozen=True)
class Diagrams:
    """All diagrams of a pack. `roots`: the XML of each file; a process defined twice is kept once (lint says so)."""

    roots: Mapping[str, etree._Element] = field(repr=False)
    processes: Mapping[str, Process]

    def reachable(self, process_id: str) -> list[Process]:
        """The process and those it calls, directly or not, each once, the process itself first."""
        found: dict[str, Process] = {}
        waiting = [process_id]
        while waiting:
            current = waiting.pop(0)
            process = self.processes.get(current)
            if process is not None and current not in found:
                found[current] = process
                waiting += process.called
        return list(found.values())


def read(files: Mapping[str, bytes]) -> Diagrams:
    """The diagrams among `files` (names ending in .bpmn). Raises DefinitionError when one is no readable XML."""
    roots = {name: xml.read(files[name], name) for name in sorted(files) if name.endswith(".bpmn")}
    processes: dict[str, Process] = {}
    for name, root in roots.items():
        for element in root.iterfind("bpmn:process", dialect.NAMESPACES):
            process = _process(element, name)
            processes.setdefault(process.id, process)
    return Diagrams(roots, processes)


def _process(element: etree._Element, file: str) -> Process:
    process_id = element.get("id") or ""
    nodes: dict[str, Node] = {}
    flows: list[Flow] = []
    for child, scope in _contents(element, ()):
        container = scope[-1] if scope else process_id
        if dialect.local(child) == "sequenceFlow":
            flows.append(_flow(child, container))
        else:
            node = _node(child, scope, container, process_id, file)
            nodes.setdefault(node.id, node)
    return Process(process_id, element.get("name") or process_id, file, element, nodes, tuple(flows))


def _contents(element: etree._Element, scope: tuple[str, ...]) -> Iterator[tuple[etree._Element, tuple[str, ...]]]:
    for child in element:
        if not dialect.is_bpmn(child):
            continue
        tag = dialect.local(child)
        if tag == "sequenceFlow" or tag in dialect.FLOW_NODES:
            yield child, scope
        if tag in ("subProcess", "adHocSubProcess", "transaction"):
            yield from _contents(child, (*scope, child.get("id") or ""))


def _node(element: etree._Element, scope: tuple[str, ...], container: str, process_id: str, file: str) -> Node:
    node_id = element.get("id") or ""
    name = element.get("name") or ""
    return Node(node_id, dialect.local(element), name, scope, container, process_id, file, element)


def _flow(element: etree._Element, container: str) -> Flow:
    condition = element.find("bpmn:conditionExpression", dialect.NAMESPACES)
    return Flow(
        id=element.get("id") or "",
        source=element.get("sourceRef") or "",
        target=element.get("targetRef") or "",
        condition=None if condition is None else dialect.text_of(condition),
        name=element.get("name") or "",
        container=container,
        xml=element,
    )


def process_properties(process: Process) -> Mapping[str, str]:
    """The camunda:properties of the process itself."""
    return dialect.properties_of(process.xml)
