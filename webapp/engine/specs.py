"""What each kind of element does with a token: SpiffWorkflow's spiff specs, restricted to what we execute."""

# mypy: disallow-subclassing-any=False

from typing import Any

from SpiffWorkflow.bpmn.specs import defaults
from SpiffWorkflow.bpmn.specs.bpmn_process_spec import BpmnProcessSpec
from SpiffWorkflow.bpmn.specs.control import BpmnStartTask, SimpleBpmnTask
from SpiffWorkflow.spiff.specs import defaults as spiff

from webapp.engine import joins
from webapp.engine.errors import EngineError
from webapp.engine.feel.limits import Json
from webapp.engine.tokens import FUTURE, STARTED, WAITING, InnerScope, Token, without


class Lean:
    """Creates the tokens that follow an element only when the element is passed; nothing is predicted."""

    def _predict(self, *_arguments: Any, **_named: Any) -> None:
        return None

    def _on_complete(self, token: Token) -> None:
        if not token._children:  # a gateway has chosen already
            token._sync_children(self.outputs, FUTURE)  # type: ignore[attr-defined]
        super()._on_complete(token)  # type: ignore[misc]


class Passed:
    """An event without trigger or result: a token passes at once."""

    def _update_hook(self, token: Token) -> bool:
        token._inherit_data()
        return True

    def _run_hook(self, token: Token) -> bool:
        return True


class StartEvent(Lean, Passed, defaults.StartEvent):
    """A start event; only those without a trigger are executed."""


class EndEvent(Lean, Passed, defaults.EndEvent):
    """An end event; only those without a result are executed."""


class ThrowEvent(Lean, Passed, defaults.IntermediateThrowEvent):
    """A milestone."""


class UserTask(Lean, spiff.UserTask):
    """Waits for a person."""


class ServiceTask(Lean, spiff.ServiceTask):
    """Calls an operation and writes its result under the declared variable."""

    def _run_hook(self, token: Token) -> bool:
        engine = token.workflow.script_engine
        inputs = {name: given["value"] for name, given in self.operation_params.items()}
        token.outcome = engine.call_operation(token, self.operation_name, inputs)
        if self.result_name:
            token.data = {**token.data, self.result_name: token.outcome}
        return True


class RuleTask(Lean, spiff.SpiffBpmnTask):
    """Decides by a decision table and writes the answer under the declared variable."""

    decision: str
    result_name: str

    def _run_hook(self, token: Token) -> bool:
        verdict = token.workflow.script_engine.decide(token, self.decision)
        token.outcome, token.articles = verdict.value, verdict.articles
        if self.result_name:
            token.data = {**token.data, self.result_name: token.outcome}
        return True


class Condition:
    """The FEEL condition of a sequence flow, in the shape the library's gateways ask for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _matches(self, token: Token) -> bool:
        matched: bool = token.workflow.script_engine.condition(token, self.text)
        return matched


class ExclusiveGateway(Lean, defaults.ExclusiveGateway):
    """Takes the first flow whose condition holds, else the default flow."""

    def _run_hook(self, token: Token) -> bool:
        if self.default_task_spec is None and not any(
            condition is not None and condition._matches(token) for condition, _ in self.cond_task_specs
        ):
            raise EngineError(
                f"网关“{self.bpmn_name or self.name}”没有任何条件成立，且没有默认流向",
                f'no condition of the gateway "{self.bpmn_name or self.name}" holds and it has no default flow',
            )
        return bool(super()._run_hook(token))


class ParallelGateway(Lean, joins.Join, defaults.ParallelGateway):
    """Splits into all branches; joins when every branch of the opinion block has arrived."""


class InclusiveGateway(Lean, joins.Join, defaults.InclusiveGateway):
    """Splits into the branches whose condition holds; joins when all of those have arrived."""

    def _run_hook(self, token: Token) -> bool:
        matches, defaults_ = self._get_matching_outputs(token)
        if not matches and not defaults_:
            raise EngineError(
                f"包容网关“{self.bpmn_name or self.name}”没有任何条件成立，且没有默认流向",
                f'no condition of the inclusive gateway "{self.bpmn_name or self.name}" holds and it has no default',
            )
        token._sync_children(matches or defaults_, FUTURE)
        return True


class TimerEvent:
    """Arms a timer when a token arrives and lets it pass once `Run.fire` has marked it."""

    def _update_hook(self, token: Token) -> bool:
        token._inherit_data()
        if not self.event_definition.has_fired(token):  # type: ignore[attr-defined]
            token._set_state(WAITING)
            return False
        return True

    def _run_hook(self, token: Token) -> bool:
        return True

    def _on_ready_hook(self, token: Token) -> None:
        return None

    def _on_cancel(self, token: Token) -> None:
        return None


class CatchEvent(Lean, TimerEvent, defaults.IntermediateCatchEvent):
    """An intermediate timer."""


class BoundaryEvent(Lean, TimerEvent, defaults.BoundaryEvent):
    """A timer on the edge of a task or sub-process."""


class SubProcess(Lean, spiff.SubWorkflowTask):
    """An embedded sub-process, such as an opinion block. Entering it forgets what its elements wrote before.

    `inner_names`: every name that elements inside it write.
    """

    inner_names: frozenset[str] = frozenset()

    @property
    def forgets(self) -> frozenset[str]:
        """Names that lose their value when a token arrives: round 2 must not show what round 1 said."""
        return self.inner_names

    def exported(self, inside: dict[str, Json]) -> dict[str, Json]:
        """What the data inside, finished or not, means outside."""
        return {name: value for name, value in inside.items() if name in self.inner_names}

    def _update_hook(self, token: Token) -> bool:
        token._inherit_data()
        token.data = without(token.data, self.forgets)
        token._set_state(STARTED)
        token.workflow.top_workflow.open_scope(token).begin(token.data)
        return False

    def leave(self, token: Token, scope: InnerScope) -> None:
        """Take over what was written in the scope, which has just ended."""
        token.data = {**token.data, **self.exported(scope.data)}
        token.workflow.top_workflow.close_scope(token.id)
        token._ready()

    def _on_cancel(self, token: Token) -> None:
        token.workflow.top_workflow.close_scope(token.id)


class CallActivity(SubProcess):
    """Calls another process, which sees the caller's data; what it writes is kept under the call activity's id."""

    @property
    def forgets(self) -> frozenset[str]:
        return frozenset({self.name})

    def exported(self, inside: dict[str, Json]) -> dict[str, Json]:
        return {self.name: super().exported(inside)}


class ScopeStart(Lean, BpmnStartTask):
    """The invisible start of a scope."""


class ScopeEnd(Lean, joins.End, SimpleBpmnTask):
    """The invisible end of a scope, reached when its last token has reached an end event."""


class BoundarySplit(Lean, joins.BoundarySplit, SimpleBpmnTask):
    """The invisible entry of an element with boundary events."""


class BoundaryJoin(Lean, joins.BoundaryJoin, SimpleBpmnTask):
    """The invisible place that cancels what a passed element or a fired boundary event leaves behind."""


class ProcessSpec(BpmnProcessSpec):
    """The spec of one process or sub-process.

    Its invisible start and end have names no XML id can have, so that a diagram may call its own elements Start
    and End.
    """

    def __init__(self, name: str, description: str, filename: str) -> None:
        super().__init__(name=name, description=description, filename=filename)
        self.task_specs.clear()
        self.start = ScopeStart(self, "<start>")
        self.end = ScopeEnd(self, "<end>")
