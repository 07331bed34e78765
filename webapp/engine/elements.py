"""The elements of a definition as the rest of the product sees them: what is drawn, without any XML."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.engine import dialect
from webapp.engine.diagram import Flow, Node, Process


@dataclass(frozen=True)
class Element:
    """One flow node of a diagram.

    `scope`: ids of the enclosing sub-processes within its process, outermost first. `due`: FEEL text of
    camunda:dueDate. `inputs`: FEEL text by name. `articles`: clause ids. `incoming`, `outgoing`: ids of the
    neighbouring elements along sequence flows. `interrupting` is only meaningful with `attached_to`.
    """

    id: str
    kind: str
    name: str
    scope: tuple[str, ...]
    process_id: str
    form_key: str | None = None
    candidate_groups: tuple[str, ...] = ()
    assignee: str | None = None
    due: str | None = None
    topic: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    result_variable: str | None = None
    decision_ref: str | None = None
    called: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    articles: tuple[str, ...] = ()
    attached_to: str | None = None
    interrupting: bool = False
    timer: str | None = None
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    documentation: str = ""


@dataclass(frozen=True)
class SequenceFlow:
    """One sequence flow; `condition` is FEEL text, None for a default or unconditional flow."""

    id: str
    source: str
    target: str
    name: str
    condition: str | None
    default: bool
    articles: tuple[str, ...]


def element_of(node: Node, process: Process) -> Element:
    """The element drawn as `node`."""
    properties = node.properties
    return Element(
        id=node.id,
        kind=node.kind,
        name=node.name,
        scope=node.scope,
        process_id=node.process_id,
        form_key=node.get("formKey"),
        candidate_groups=_split(node.get("candidateGroups"), ","),
        assignee=node.get("assignee"),
        due=node.get("dueDate"),
        topic=node.get("topic"),
        inputs=node.inputs if node.kind == "serviceTask" else {},
        result_variable=node.result_variable,
        decision_ref=node.get("decisionRef"),
        called=node.xml.get("calledElement"),
        properties=properties,
        articles=_split(properties.get("article")),
        attached_to=node.attached_to,
        interrupting=node.interrupting,
        timer=node.timer,
        incoming=tuple(flow.source for flow in process.incoming.get(node.id, ())),
        outgoing=tuple(flow.target for flow in process.outgoing.get(node.id, ())),
        documentation=dialect.text_of(node.xml.find("bpmn:documentation", dialect.NAMESPACES)),
    )


def sequence_flow_of(flow: Flow, process: Process) -> SequenceFlow:
    """The sequence flow drawn as `flow`."""
    source = process.nodes.get(flow.source)
    default = source is not None and source.xml.get("default") == flow.id
    articles = _split(dialect.properties_of(flow.xml).get("article"))
    return SequenceFlow(flow.id, flow.source, flow.target, flow.name, flow.condition, default, articles)


def _split(text: str | None, separator: str | None = None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(separator) if part.strip())
