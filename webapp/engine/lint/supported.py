"""Elements, events and extensions that the engine would drop, or execute otherwise than drawn."""

from collections.abc import Iterator

from lxml import etree

from webapp.engine import dialect
from webapp.engine.errors import Finding
from webapp.engine.lint.context import Context, Rule, finding, title
from webapp.engine.lint.wording import EVENT_INSTEAD, EXTENSION_INSTEAD, INSTEAD

_STRUCTURE = frozenset(
    {
        "definitions", "process", "documentation", "extensionElements", "incoming", "outgoing", "sequenceFlow",
        "conditionExpression", "timerEventDefinition", "timeDuration", "timeDate", "timeCycle", "flowNodeRef",
        "collaboration", "participant", "laneSet", "lane", "childLaneSet", "textAnnotation", "text", "association",
        "group", "category", "categoryValue",
    }
)  # fmt: skip
_ENGINES = ("spiffworkflow", "zeebe", "activiti", "flowable")  # extensions another engine would act upon
_ATTRIBUTES = {
    "userTask": {"formKey", "candidateGroups", "assignee", "dueDate"},
    "serviceTask": {"type", "topic"},
    "businessRuleTask": {"decisionRef", "resultVariable"},
    "process": {"historyTimeToLive", "versionTag", "isStartableInTasklist"},
}
_EXTENSIONS = frozenset({"properties", "property", "inputOutput", "inputParameter", "outputParameter"})


def _elements(context: Context) -> Iterator[tuple[str, etree._Element]]:
    files = dict.fromkeys(process.file for process in context.processes)
    for file in files:
        for element in context.diagrams.roots[file].iter(etree.Element):
            yield file, element


def _place(file: str, element: etree._Element) -> tuple[str, str]:
    """The element's id, or that of the nearest element around it that has one."""
    current: etree._Element | None = element
    while current is not None:
        if current.get("id") and dialect.is_bpmn(current):
            return file, current.get("id") or ""
        current = current.getparent()
    return file, ""


def unsupported_elements(context: Context) -> Iterator[Finding]:
    """Any BPMN element but those we execute, and those that only document."""
    for file, element in _elements(context):
        tag = dialect.local(element)
        if not dialect.is_bpmn(element) or tag in dialect.SUPPORTED or tag in _STRUCTURE:
            continue
        if tag.endswith("EventDefinition"):
            yield _event(file, element, tag)
        elif tag not in ("script", "completionCondition", "loopCardinality", "loopCondition", "condition"):
            zh, en = INSTEAD.get(tag, ("请改用支持的元素", "use a supported element"))
            yield finding(
                _place(file, element),
                "unsupported-element",
                f"本系统不执行 {tag}；{zh}",
                f"{tag} is not executed here; {en}",
            )


def _event(file: str, element: etree._Element, tag: str) -> Finding:
    zh, en = EVENT_INSTEAD.get(tag, ("请改用定时事件或服务任务", "use a timer event or a service task"))
    return finding(
        _place(file, element),
        "unsupported-event",
        f"本系统不执行 {tag}，事件会被忽略或误触发；{zh}",
        f"{tag} is not executed here: the event would be ignored or fire wrongly; {en}",
    )


def timers_elsewhere(context: Context) -> Iterator[Finding]:
    """A timer on a start, end or throw event."""
    for _, node in context.nodes("startEvent", "endEvent", "intermediateThrowEvent"):
        if node.timer is not None:
            yield finding(
                node,
                "unsupported-event",
                f"“{title(node)}”上的定时器不会触发；请改画中间定时事件或任务的边界定时事件",
                f'the timer on "{title(node)}" never fires; draw an intermediate timer or a boundary timer',
            )


def event_subprocesses(context: Context) -> Iterator[Finding]:
    """Event sub-processes: the library ignores isInterrupting and fires error starts at once."""
    for _, node in context.nodes("subProcess"):
        if node.xml.get("triggeredByEvent") == "true":
            yield finding(
                node,
                "event-sub-process",
                f"事件子流程“{title(node)}”会被误触发；请改为普通子流程，并在其边界上画定时事件",
                f'the event sub-process "{title(node)}" would fire wrongly; '
                "use a plain sub-process with a boundary timer",
            )


def engine_extensions(context: Context) -> Iterator[Finding]:
    """Extension elements an engine would act upon, but ours does not."""
    for file, element in _elements(context):
        namespace = etree.QName(element).namespace or ""
        tag = dialect.local(element)
        foreign = next((name for name in _ENGINES if name in namespace), None)
        if foreign is not None:
            yield finding(
                _place(file, element),
                "foreign-extension",
                f"{foreign}:{tag} 属于别的引擎，不会被执行；请删除它，改用 camunda: 属性",
                f"{foreign}:{tag} belongs to another engine and is not executed; remove it and use camunda: settings",
            )
        elif namespace == dialect.CAMUNDA and tag not in _EXTENSIONS:
            zh, en = EXTENSION_INSTEAD.get(tag, ("请删除它", "remove it"))
            yield finding(
                _place(file, element),
                "camunda-extension",
                f"camunda:{tag} 不会被执行；{zh}",
                f"camunda:{tag} is not executed; {en}",
            )


def camunda_attributes(context: Context) -> Iterator[Finding]:
    """camunda: attributes that mean nothing here, such as Java classes, listeners and asynchronous continuations."""
    for file, element in _elements(context):
        allowed = _ATTRIBUTES.get(dialect.local(element), set())
        for attribute, value in element.attrib.items():
            name = etree.QName(str(attribute))
            if name.namespace != dialect.CAMUNDA or name.localname in allowed or value == "false":
                continue
            zh, en = EXTENSION_INSTEAD.get(name.localname, ("请删除它", "remove it"))
            yield finding(
                _place(file, element),
                "camunda-attribute",
                f"camunda:{name.localname} 不会被执行；{zh}",
                f"camunda:{name.localname} is not executed; {en}",
            )


RULES: tuple[Rule, ...] = (
    unsupported_elements,
    timers_elsewhere,
    event_subprocesses,
    engine_extensions,
    camunda_attributes,
)
