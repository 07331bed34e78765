"""Where tokens meet: the joins of opinion blocks, the end of a scope, and what boundary events cancel.

The library's own joins count arrivals of earlier rounds and merge whole branches deeply, so that an old value can
win. Ours look at one run of one scope only, and a branch contributes just the names it has written.
"""

from typing import Any

from SpiffWorkflow.bpmn.specs.mixins.events.intermediate_event import BoundaryEvent

from webapp.engine.feel.limits import Json
from webapp.engine.tokens import CANCELLED, COMPLETED, FINISHED, FUTURE, READY, STARTED, WAITING, Token, without

_MOVING = READY | WAITING | STARTED


def _still_moving(spec: Any, token: Token) -> bool:
    """Whether any token of the scope, other than those that stand at `spec`, can still go somewhere.

    A FUTURE token counts when its parent is finished: it is about to be updated in the same step.
    """
    for other in token.workflow.tasks.values():
        if other is token or other.task_spec is spec:
            continue
        if other._state & _MOVING or (other._state == FUTURE and other.parent._state & FINISHED):
            return True
    return False


class Join:
    """A parallel or inclusive gateway: waits for every token of its scope when it has several incoming flows."""

    def _update_hook(self, token: Token) -> bool:
        token._inherit_data()
        if len(self._inputs) < 2:  # type: ignore[attr-defined]
            return True
        if _still_moving(self, token):
            token._set_state(WAITING)
            return False
        others = [t for t in token.workflow.tasks.values() if t.task_spec is self and t._state == WAITING]
        token.data = _merged(token.workflow.task_tree.data, [*(t for t in others if t is not token), token])
        for other in others:
            if other is not token:
                other._set_state(CANCELLED)
        return True

    def _run_hook(self, token: Token) -> bool:
        return True


def _merged(before: dict[str, Json], arrived: list[Token]) -> dict[str, Json]:
    """The data after a join: that of the split, with the names each branch has written (lint: no name twice)."""
    merged = dict(before)
    for token in arrived:
        for name, value in token.data.items():
            if name not in before or (before[name] is not value and before[name] != value):
                merged[name] = value
    return merged


class End:
    """The end of a scope: tokens that arrive while others are under way are consumed, the last one ends the scope."""

    def _update_hook(self, token: Token) -> bool:
        if _still_moving(self, token):
            token._set_state(CANCELLED)
            return False
        token._inherit_data()
        return True


class BoundarySplit:
    """Opens the element itself and arms its boundary events."""

    def _update_hook(self, token: Token) -> bool:
        token._inherit_data()
        host = self._wf_spec.task_specs[self._outputs[0]]  # type: ignore[attr-defined]
        token.data = without(token.data, getattr(host, "forgets", frozenset()))
        return True

    def _run_hook(self, token: Token) -> bool:
        token._sync_children(self.outputs, FUTURE)  # type: ignore[attr-defined]
        return True


class BoundaryJoin:
    """Cancels the boundary events of a passed element; or the element whose interrupting boundary event has fired.

    What was written inside a sub-process until then goes on with the token of the event.
    """

    def _update_hook(self, token: Token) -> bool:
        arrived = token.parent
        is_event = isinstance(arrived.task_spec, BoundaryEvent)
        if not is_event or arrived.task_spec.cancel_activity:
            for sibling in arrived.parent.children:
                if sibling is not arrived and not sibling._state & FINISHED:
                    scope = token.workflow.top_workflow.subprocesses.get(sibling.id)
                    if scope is not None:
                        arrived.data = {**arrived.data, **sibling.task_spec.exported(scope.seen())}
                    sibling.cancel()
        token._set_state(COMPLETED)
        return False
