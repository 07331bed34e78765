"""Draws small diagrams for tests: correct ones by default, with the extras each test is about."""

from collections.abc import Mapping
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="Definitions" targetNamespace="http://bpmn.io/schema/bpmn">'
)


class Drawing:
    """One process, element by element; `flow("A", "B", ...)` draws a chain. Call `xml()` at the end."""

    def __init__(self, process_id: str = "test_process", *, name: str = "测试流程") -> None:
        self.process_id = process_id
        self.name = name
        self.extra = ""  # put before the process: messages, signals and the like
        self._stack: list[list[str]] = [[]]
        self._ids: list[str] = []
        self._flows: list[tuple[str, str, str]] = []
        self._count = 0

    def raw(self, id: str, xml: str) -> str:
        """Any element, as written."""
        self._ids.append(id)
        self._stack[-1].append(xml)
        return id

    def start(self, id: str = "Start") -> str:
        return self.raw(id, f'<bpmn:startEvent id="{id}" />')

    def end(self, id: str = "End") -> str:
        return self.raw(
            id,
            f'<bpmn:endEvent id="{id}" name="{id}">{properties({"outcome": "approved"})}</bpmn:endEvent>',
        )

    def user(self, id: str, *, inner: str = "", form: str | None = "form", **settings: str) -> str:
        """A user task; `settings` are camunda:properties, `assignee`, `groups` and `due_date` apart."""
        assignee = settings.pop("assignee", "applicant" if id == "Application" else "")
        due = settings.pop("due_date", "")
        groups = settings.pop("groups", "unit_head")
        who = f'camunda:assignee="{assignee}"' if assignee else f'camunda:candidateGroups="{groups}"'
        given = {"article": "wzpt-1", **settings}
        return self.raw(
            id,
            f'<bpmn:userTask id="{id}" name="{id}" {who}'
            + (f' camunda:formKey="{form}"' if form else "")
            + (f" camunda:dueDate={quoteattr(due)}" if due else "")
            + f">{properties(given)}{inner}</bpmn:userTask>",
        )

    def service(
        self, id: str, topic: str = "test.note", result: str | None = None, inputs: Mapping[str, str] | None = None
    ) -> str:
        given = "".join(
            f'<camunda:inputParameter name="{name}">{escape(text)}</camunda:inputParameter>'
            for name, text in (inputs or {}).items()
        )
        result = f"{id}Result" if result is None else result
        output = f'<camunda:outputParameter name="{result}" />' if result else ""
        return self.raw(
            id,
            f'<bpmn:serviceTask id="{id}" name="{id}" camunda:type="external" camunda:topic="{topic}">'
            f"<bpmn:extensionElements><camunda:inputOutput>{given}{output}</camunda:inputOutput>"
            "</bpmn:extensionElements></bpmn:serviceTask>",
        )

    def rule(self, id: str, decision: str, result: str | None = None) -> str:
        return self.raw(
            id,
            f'<bpmn:businessRuleTask id="{id}" name="{id}" camunda:decisionRef="{decision}" '
            f'camunda:resultVariable="{result or id + "Result"}">{properties({"article": "wzpt-5"})}'
            "</bpmn:businessRuleTask>",
        )

    def gateway(self, id: str, kind: str = "exclusive", default: str = "") -> str:
        chosen = f' default="{default}"' if default else ""
        return self.raw(id, f'<bpmn:{kind}Gateway id="{id}" name="{id}"{chosen} />')

    def timer(
        self, id: str, host: str = "", text: str = "P7D", *, interrupting: bool = True, tag: str = "timeDuration"
    ) -> str:
        """A boundary timer on `host`, or an intermediate one."""
        definition = (
            f'<bpmn:timerEventDefinition><bpmn:{tag} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{tag}>'
            "</bpmn:timerEventDefinition>"
        )
        article = properties({"article": "wzpt-6"})
        if not host:
            return self.raw(
                id, f'<bpmn:intermediateCatchEvent id="{id}">{article}{definition}</bpmn:intermediateCatchEvent>'
            )
        cancel = "true" if interrupting else "false"
        return self.raw(
            id,
            f'<bpmn:boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{cancel}">{article}{definition}'
            "</bpmn:boundaryEvent>",
        )

    def call(self, id: str, process: str) -> str:
        return self.raw(id, f'<bpmn:callActivity id="{id}" name="{id}" calledElement="{process}" />')

    def sub(self, id: str) -> "_Inside":
        """A sub-process: `with drawing.sub("Block"):` draws into it."""
        return _Inside(self, id)

    def block(self, id: str, *branches: tuple[str, ...], kind: str = "parallel") -> str:
        """An opinion block: one split, branches of user tasks, one join."""
        with self.sub(id):
            self.start(f"{id}Start")
            split = self.gateway(f"{id}Split", kind)
            join = self.gateway(f"{id}Join", kind)
            self.end(f"{id}End")
            self.flow(f"{id}Start", split)
            for branch in branches:
                for task in branch:
                    self.user(task)
                self.flow(split, branch[0], when="true" if kind == "inclusive" else None)
                self.flow(*branch, join)
            self.flow(join, f"{id}End")
        return id

    def flow(self, *ids: str, when: str | None = None, id: str = "") -> None:
        """Sequence flows along `ids`; `when` is the condition of each, `id` the id of the last."""
        for source, target in pairwise(ids):
            self._count += 1
            flow_id = id if id and target == ids[-1] else f"Flow_{self.process_id}_{self._count}"
            condition = (
                ""
                if when is None
                else f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{escape(when)}'
                "</bpmn:conditionExpression>"
            )
            self._flows.append((flow_id, source, target))
            self._stack[-1].append(
                f'<bpmn:sequenceFlow id="{flow_id}" sourceRef="{source}" targetRef="{target}">{condition}'
                "</bpmn:sequenceFlow>"
            )

    def xml(self, *, interchange: bool = True) -> bytes:
        """The file, with diagram interchange unless told otherwise."""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>{HEAD}{self.extra}'
            f'<bpmn:process id="{self.process_id}" name="{self.name}" isExecutable="true">'
            f"{''.join(self._stack[0])}</bpmn:process>{self._interchange() if interchange else ''}</bpmn:definitions>"
        ).encode()

    def _interchange(self) -> str:
        shapes = "".join(
            f'<bpmndi:BPMNShape id="{id}_di" bpmnElement="{id}"><dc:Bounds x="{100 + 170 * i}" y="100" width="120" '
            'height="80" /></bpmndi:BPMNShape>'
            for i, id in enumerate(self._ids)
        )
        edges = "".join(
            f'<bpmndi:BPMNEdge id="{id}_di" bpmnElement="{id}"><di:waypoint x="1" y="1" /><di:waypoint x="9" y="9" />'
            "</bpmndi:BPMNEdge>"
            for id, _, _ in self._flows
        )
        return (
            f'<bpmndi:BPMNDiagram id="Diagram"><bpmndi:BPMNPlane id="Plane" bpmnElement="{self.process_id}">'
            f"{shapes}{edges}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>"
        )


class _Inside:
    def __init__(self, drawing: Drawing, id: str) -> None:
        self.drawing = drawing
        self.id = id

    def __enter__(self) -> None:
        self.drawing._stack.append([])

    def __exit__(self, *_error: object) -> None:
        inner = "".join(self.drawing._stack.pop())
        self.drawing.raw(self.id, f'<bpmn:subProcess id="{self.id}" name="{self.id}">{inner}</bpmn:subProcess>')


def properties(given: Mapping[str, str]) -> str:
    """camunda:properties inside extensionElements."""
    items = "".join(f"<camunda:property name={quoteattr(n)} value={quoteattr(v)} />" for n, v in given.items())
    return (
        f"<bpmn:extensionElements><camunda:properties>{items}</camunda:properties></bpmn:extensionElements>"
        if items
        else ""
    )
