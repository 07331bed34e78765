"""退回 and 撤回: forget what is open in a scope and place one new token at an element."""

from webapp.engine.definition import Definition
from webapp.engine.errors import RestartRefused
from webapp.engine.feel.limits import Json
from webapp.engine.tokens import COMPLETED, FUTURE, InnerScope, MainScope, Token

RESTARTABLE = frozenset({"userTask", "subProcess", "callActivity"})


def place_token(
    definition: Definition, top: MainScope, element: str, data: dict[str, Json], path: tuple[str, ...]
) -> None:
    """Place one new token at `element` in the scope open at `path`; see `Run.restart`.

    Needs no finished token, and so works however much was forgotten. Raises RestartRefused.
    """
    if top.completed:
        raise RestartRefused("流程已经结束，不能退回", "the case has ended and cannot be sent back")
    scope = top.inner(path)
    if scope is None:
        raise RestartRefused("该环节所在的子流程已不在办理中", "the part of the process around it is not open any more")
    _check(definition, scope, element)
    before = scope.task_tree.data if isinstance(scope, InnerScope) else {}
    root = scope.task_tree
    for token in list(scope.tasks.values()):
        if token is not root:
            top.close_scope(token.id)
            del scope.tasks[token.id]
    root._children = []
    root._state = COMPLETED
    root.data = {**before, **data}
    specs = scope.spec.task_specs
    entry = specs.get(f"{element}.BoundaryEventSplit") or specs[element]
    entry._update(Token(scope, entry, root, state=FUTURE))


def _check(definition: Definition, scope: MainScope | InnerScope, element: str) -> None:
    known = definition.elements.get(element)
    if known is None or element not in scope.spec.task_specs:
        raise RestartRefused(f"此处没有环节 {element}", f"there is no element {element} here")
    if known.kind not in RESTARTABLE:
        raise RestartRefused(
            f"“{known.name or element}”不是办理环节，不能退回到此处",
            f'"{known.name or element}" is no step of a person; the case cannot be sent back to it',
        )
    if isinstance(scope, InnerScope) and is_opinion_block(definition, scope.owner.task_spec.name):
        raise RestartRefused(
            "会办意见只能整体退回，不能退回到其中一个环节",
            "an opinion block is returned to as a whole, not to one of its steps",
        )


def is_opinion_block(definition: Definition, element: str) -> bool:
    """Whether an element is a sub-process with parallel or inclusive branches directly inside it."""
    known = definition.elements.get(element)
    if known is None or known.kind != "subProcess":
        return False
    inside = (*known.scope, element)
    return any(
        other.kind in ("parallelGateway", "inclusiveGateway") and other.scope == inside
        for other in definition.elements.values()
        if other.process_id == known.process_id
    )
