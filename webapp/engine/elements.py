"""The elements of a definition as the rest of the product sees them: what is drawn, without any XML."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from webapp.engine import dialect
from webapp.engine.diagram import Flow, Node, Process

# In place of clauses, inside a common process: those of whoever calls it.
AS_CALLED = "as-called"


@dataclass(frozen=True)
class Element:
    """One flow node of a diagram.

    `scope`: ids of the enclosing sub-processes within its process, outermost first. `due`: FEEL text of
    camunda:dueDate. `candidate_groups`: the roles that may do it, of
    which `role_expression` (FEEL text), if any, gives the one. `inputs`: FEEL text by name. `articles`: clause ids.
    `incoming`, `outgoing`: ids of the
    neighbouring elements along sequence flows. `interrupting` is only meaningful with `attached_to`.
    """

    id: str
    kind: str
    name: str
    scope: tuple[str, ...]
    process_id: str
    form_key: str | None = None
    candidate_groups: tuple[str, ...] = ()
    role_expression: str | None = None
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
    groups = node.get("candidateGroups") or ""
    given = groups.strip().startswith("=")
    return Element(
        id=node.id,
        kind=node.kind,
        name=node.name,
        scope=node.scope,
        process_id=node.process_id,
        form_key=node.get("formKey"),
        candidate_groups=_split(properties.get("roles") if given else groups, ","),
        role_expression=groups.strip() if given else None,
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


def as_called(element: Element, callers: Mapping[str, Collection[str]]) -> Element:
    """The element with the clauses of the call activities that call its process where it says AS_CALLED."""
    if AS_CALLED not in (element.properties.get("article"), element.properties.get("due_article"), *element.articles):
        return element
    called = tuple(callers.get(element.process_id, ()))
    properties = {
        name: " ".join(called) if name in ("article", "due_article") and value.strip() == AS_CALLED else value
        for name, value in element.properties.items()
    }
    return replace(element, properties=properties, articles=_resting(element.articles, called))


def flow_as_called(flow: SequenceFlow, process_id: str, callers: Mapping[str, Collection[str]]) -> SequenceFlow:
    """As `as_called`, for a flow of that process."""
    return replace(flow, articles=_resting(flow.articles, tuple(callers.get(process_id, ()))))


def callers_of(elements: Iterable[Element]) -> dict[str, list[str]]:
    """For each called process the clauses of the call activities that call it, those behind AS_CALLED included."""
    calls = [element for element in elements if element.kind == "callActivity" and element.called]
    found: dict[str, list[str]] = {}
    for _ in calls:  # a chain of calls is at most as long as there are calls
        for call in calls:
            held = found.setdefault(call.called or "", [])
            codes = _resting(call.articles, tuple(found.get(call.process_id, ())))
            held += [code for code in codes if code not in held]
    return found


def _resting(articles: tuple[str, ...], called: tuple[str, ...]) -> tuple[str, ...]:
    codes = (code for own in articles for code in (called if own == AS_CALLED else (own,)))
    return tuple(dict.fromkeys(codes))


def sequence_flow_of(flow: Flow, process: Process) -> SequenceFlow:
    """The sequence flow drawn as `flow`."""
    source = process.nodes.get(flow.source)
    default = source is not None and source.xml.get("default") == flow.id
    articles = _split(dialect.properties_of(flow.xml).get("article"))
    return SequenceFlow(flow.id, flow.source, flow.target, flow.name, flow.condition, default, articles)


def _split(text: str | None, separator: str | None = None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(separator) if part.strip())
