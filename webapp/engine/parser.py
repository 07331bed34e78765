"""Diagrams in the camunda: dialect, parsed into our specs.

SpiffWorkflow walks the flows; every kind of node it may meet is listed here, so that an element we do not execute
is an error even where lint was not asked.
"""

# mypy: disallow-subclassing-any=False

from typing import Any, ClassVar

from lxml import etree
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    EndEventParser,
    IntermediateCatchEventParser,
    IntermediateThrowEventParser,
    StartEventParser,
)
from SpiffWorkflow.bpmn.parser.ProcessParser import ProcessParser
from SpiffWorkflow.bpmn.parser.task_parsers import GatewayParser, SubprocessParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser

from webapp.engine import dialect, specs, timers
from webapp.engine.diagram import Node


def _node(parser: Any) -> Node:
    element = parser.node
    name = element.get("name") or ""
    return Node(element.get("id"), dialect.local(element), name, (), "", "", parser.filename or "", element)


class CamundaTask(TaskParser):
    """Base of all node parsers: no loops, own entry and exit around boundary events."""

    def _add_loop_task(self, loop_characteristics: etree._Element) -> None:
        self.raise_validation_exception("loop markers are not executed")

    def _add_multiinstance_task(self, loop_characteristics: etree._Element) -> None:
        self.raise_validation_exception("multi-instance markers are not executed")

    def _add_boundary_event(self, children: list[etree._Element]) -> Any:
        split = specs.BoundarySplit(self.spec, f"{self.bpmn_id}.BoundaryEventSplit")
        join = specs.BoundaryJoin(self.spec, f"{self.bpmn_id}.BoundaryEventJoin")
        split.connect(self.task)
        self.task.connect(join)
        for event in children:
            child = self.process_parser.parse_node(event)
            split.connect(child)
            child.connect(join)
            # The join first, as for the task itself: what follows the event goes on with the data the join gives it.
            child._outputs.insert(0, child._outputs.pop())
        return split


class CamundaService(CamundaTask):
    """A service task: camunda:type="external", camunda:topic, input parameters and at most one output parameter."""

    def create_task(self) -> Any:
        node = _node(self)
        topic = node.get("topic")
        if node.get("type") != "external" or not topic:
            self.raise_validation_exception('a service task needs camunda:type="external" and a camunda:topic')
        given = {name: {"value": text, "type": "any"} for name, text in node.inputs.items()}
        task = self.spec_class(
            self.spec,
            self.bpmn_id,
            operation_name=topic,
            operation_params=given,
            result_variable=node.result_variable,
            **self.bpmn_attributes,
        )
        task.result_name = node.result_variable
        return task


class CamundaRule(CamundaTask):
    """A business rule task: camunda:decisionRef and camunda:resultVariable."""

    def create_task(self) -> Any:
        node = _node(self)
        task = self.spec_class(self.spec, self.bpmn_id, **self.bpmn_attributes)
        task.decision = node.get("decisionRef") or ""
        task.result_name = node.result_variable or ""
        return task

    @staticmethod
    def get_decision_ref(node: Any) -> str:
        """The decision a business rule task names; the library asks for it while it collects dependencies."""
        return str(node.get(f"{{{dialect.CAMUNDA}}}decisionRef") or "")


class CamundaSubProcess(CamundaTask):
    """An embedded sub-process."""

    def create_task(self) -> Any:
        if self.node.get("triggeredByEvent") == "true":
            self.raise_validation_exception("event sub-processes are not executed")
        inner = SubprocessParser.get_subprocess_spec(self)
        return self.spec_class(self.spec, self.bpmn_id, subworkflow_spec=inner, **self.bpmn_attributes)


class CamundaCall(CamundaTask):
    """A call activity."""

    def create_task(self) -> Any:
        called = SubprocessParser.get_call_activity_spec(self)
        return self.spec_class(self.spec, self.bpmn_id, subworkflow_spec=called, **self.bpmn_attributes)


class CamundaGateway(CamundaTask, GatewayParser):
    """A parallel gateway."""


class CamundaConditionalGateway(CamundaGateway):
    """An exclusive or inclusive gateway: each flow but the default one has a condition."""

    def connect_outgoing(self, outgoing_task: Any, sequence_flow_node: etree._Element, is_default: bool) -> None:
        condition = self.parse_condition(sequence_flow_node)
        if is_default:
            self.task.connect(outgoing_task)
        elif condition is None:
            self.raise_validation_exception("a flow that is not the default one has no condition")
        else:
            self.task.connect_if(specs.Condition(condition.strip()), outgoing_task)


class CamundaEvent(CamundaTask):
    """Base of the event parsers: no event definition but a timer's duration or date."""

    def get_event_definition(self, xpaths: list[str]) -> Any:
        definitions = [child for child in self.node if dialect.local(child).endswith("EventDefinition")]
        timer = [child for child in definitions if dialect.local(child) == "timerEventDefinition"]
        if len(definitions) != len(timer) or len(timer) > 1:
            self.raise_validation_exception("only timer events are executed")
        if not timer:
            return super().get_event_definition([])
        text = _node(self).timer
        if text is None or timer[0].find("bpmn:timeCycle", dialect.NAMESPACES) is not None:
            self.raise_validation_exception("a timer needs a duration or a date; cycles are not executed")
        return timers.Timer(self.bpmn_id, text)


class CamundaStart(CamundaEvent, StartEventParser):
    """A start event."""


class CamundaEnd(CamundaEvent, EndEventParser):
    """An end event."""


class CamundaCatch(CamundaEvent, IntermediateCatchEventParser):
    """An intermediate timer."""


class CamundaThrow(CamundaEvent, IntermediateThrowEventParser):
    """A milestone."""


class CamundaBoundary(CamundaEvent, BoundaryEventParser):
    """A boundary timer."""


class CamundaProcess(ProcessParser):
    """A process or sub-process."""

    def create_spec(self) -> Any:
        return specs.ProcessSpec(self.bpmn_id, self.get_name(), self.filename)


class CamundaParser(BpmnParser):
    """Parses a set of diagrams; knows no element but those listed."""

    PROCESS_PARSER_CLASS = CamundaProcess
    PARSER_CLASSES: ClassVar[dict[str, Any]] = {}
    OVERRIDE_PARSER_CLASSES: ClassVar[dict[str, Any]] = {
        dialect.bpmn("userTask"): (CamundaTask, specs.UserTask),
        dialect.bpmn("serviceTask"): (CamundaService, specs.ServiceTask),
        dialect.bpmn("businessRuleTask"): (CamundaRule, specs.RuleTask),
        dialect.bpmn("exclusiveGateway"): (CamundaConditionalGateway, specs.ExclusiveGateway),
        dialect.bpmn("parallelGateway"): (CamundaGateway, specs.ParallelGateway),
        dialect.bpmn("inclusiveGateway"): (CamundaConditionalGateway, specs.InclusiveGateway),
        dialect.bpmn("subProcess"): (CamundaSubProcess, specs.SubProcess),
        dialect.bpmn("callActivity"): (CamundaCall, specs.CallActivity),
        dialect.bpmn("startEvent"): (CamundaStart, specs.StartEvent),
        dialect.bpmn("endEvent"): (CamundaEnd, specs.EndEvent),
        dialect.bpmn("intermediateCatchEvent"): (CamundaCatch, specs.CatchEvent),
        dialect.bpmn("intermediateThrowEvent"): (CamundaThrow, specs.ThrowEvent),
        dialect.bpmn("boundaryEvent"): (CamundaBoundary, specs.BoundaryEvent),
    }
