"""Forgetting finished tokens: what is stored and walked stays as small in round 1,000 as in round 1."""

from webapp.engine.tokens import FINISHED, InnerScope, MainScope, Token


def prune(top: MainScope) -> None:
    """Keep, in every scope, the first token, the open ones, and what lies between them and where they parted.

    The first token takes over the data of the place where they parted, so that older data is forgotten too.
    """
    for scope in top.scopes():
        if not scope.completed:
            _prune_scope(scope)


def _prune_scope(scope: MainScope | InnerScope) -> None:
    tokens: dict[str, Token] = scope.tasks
    paths = [_path(token) for token in scope.open_tokens()]
    if not paths:
        return
    shared = _shared(paths)
    while shared and not paths[0][shared]._state & FINISHED:
        shared -= 1
    root, parted = scope.task_tree, paths[0][shared]
    keep = {root.id, *(token.id for path in paths for token in path[shared:])}
    if len(keep) < len(tokens):
        for token_id in [token_id for token_id in tokens if token_id not in keep]:
            del tokens[token_id]
        for token in tokens.values():
            token._children = [child for child in token._children if child in keep]
    if parted is not root:
        root._children = [parted.id]
        parted._parent = root.id
        root.data = parted.data
    scope.last_task = root


def _path(token: Token) -> list[Token]:
    path = [token]
    while (parent := path[-1].parent) is not None:
        path.append(parent)
    path.reverse()
    return path


def _shared(paths: list[list[Token]]) -> int:
    """The last position at which all paths hold the same token."""
    shared = 0
    for tokens in zip(*paths, strict=False):
        if any(token is not tokens[0] for token in tokens):
            break
        shared += 1
    return shared - 1
