"""How a run is stored: our own JSON format with a version number, holding only the open part of the token tree.

Format 1 is an object: `format`, `definition` (content hash), `ended` (id of the end event reached last, or null), and
either `data` (of a completed run) or `scopes`. A scope is [position of its owner's scope, position of its owner
token, tokens], -1 and -1 for the process itself. A token is [element, position of its parent, state, id, due, set,
unset]: `id` "" for finished tokens, `due` ISO time of an armed timer or 0, `set` what its data has beyond its
parent's, `unset` which names it lacks (0 for none). The first token of an inner scope continues its owner's data.
"""

from datetime import datetime
from typing import Any, TypeAlias

import orjson

from webapp.engine.definition import Definition
from webapp.engine.errors import EngineError, StoreFormatError
from webapp.engine.feel.limits import Json
from webapp.engine.tokens import OPEN, InnerScope, MainScope, Token
from webapp.engine.workflow import Environment, Run

FORMAT = 1

_Row: TypeAlias = list[Any]


def dump(run: Run) -> bytes:
    """The run as it stands. Raises EngineError when an error spoiled it, or its data is not JSON."""
    if run.spoiled:
        raise EngineError("出错的流程实例不能保存", "a run that an error left half-stepped cannot be stored")
    stored: dict[str, Any] = {"format": FORMAT, "definition": run.definition.hash, "ended": run.ended_at}
    if run.completed:
        stored["data"] = run.top.data
    else:
        stored["scopes"] = _scopes(run.top)
    try:
        return orjson.dumps(stored, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS)
    except TypeError as error:
        raise EngineError(f"流程数据不是 JSON：{error}", f"the data of the case is not JSON: {error}") from error


def _scopes(top: MainScope) -> list[_Row]:
    rows: list[_Row] = []
    places: dict[str, tuple[int, int]] = {}
    for number, scope in enumerate(top.scopes()):
        owner = scope.owner if isinstance(scope, InnerScope) else None
        tokens = _tokens(scope, owner)
        for position, token_id in enumerate(scope.tasks):
            places[token_id] = (number, position)
        rows.append([*(places[owner.id] if owner is not None else (-1, -1)), tokens])
    return rows


def _tokens(scope: MainScope | InnerScope, owner: Token | None) -> list[_Row]:
    rows: list[_Row] = []
    places: dict[str, int] = {}
    for token_id, token in scope.tasks.items():
        parent: Token | None = scope.tasks.get(token._parent)
        source = parent or owner
        changed, removed = _difference(token.data, source.data if source is not None else {})
        rows.append(
            [
                token.task_spec.name,
                -1 if parent is None else places[parent.id],
                token._state,
                token_id if token._state & OPEN else "",
                token.internal_data.get("due", 0),
                changed,
                removed,
            ]
        )
        places[token_id] = len(places)
    return rows


def _difference(data: dict[str, Json], source: dict[str, Json]) -> tuple[Any, Any]:
    if data is source:
        return 0, 0
    changed = {
        name: value
        for name, value in data.items()
        if name not in source or (source[name] is not value and source[name] != value)
    }
    return changed or 0, [name for name in source if name not in data] or 0


def load(blob: bytes, definition: Definition, env: Environment) -> Run:
    """The run stored as `blob`. Raises StoreFormatError when the format is unknown or belongs to another definition."""
    stored = _parsed(blob)
    if stored.get("definition") != definition.hash:
        raise StoreFormatError("流程实例属于另一版本的流程定义", "the stored case belongs to another definition")
    run = Run(definition, env)
    try:
        run.ended_at = stored["ended"]
        if "data" in stored:
            _restore_ended(run.top, stored["data"])
        else:
            _restore_scopes(run.top, stored["scopes"])
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise StoreFormatError("流程实例的存储内容已损坏", "what was stored of the case is damaged") from error
    return run


def stored_definition(blob: bytes) -> str:
    """The content hash of the definition a stored run belongs to. Raises StoreFormatError."""
    return str(_parsed(blob).get("definition", ""))


def _parsed(blob: bytes) -> dict[str, Any]:
    try:
        stored = orjson.loads(blob)
    except orjson.JSONDecodeError as error:
        raise StoreFormatError("流程实例的存储内容已损坏", "what was stored of the case is damaged") from error
    version = stored.get("format") if isinstance(stored, dict) else None
    if version != FORMAT:
        raise StoreFormatError(
            f"不认识流程实例的存储格式 {version}，请升级软件",
            f"the case is stored in format {version}, which this version does not know; upgrade the software",
        )
    known: dict[str, Any] = stored
    return known


def _restore_ended(top: MainScope, data: dict[str, Json]) -> None:
    top.completed = True
    top.data = data


def _restore_scopes(top: MainScope, rows: list[_Row]) -> None:
    if not rows:
        raise ValueError("no scope")
    restored: list[list[Token]] = []
    for number, (owner_scope, owner_position, tokens) in enumerate(rows):
        if number == 0:
            restored.append(_restore_tokens(top, tokens, {}))
        else:
            owner = restored[owner_scope][owner_position]
            restored.append(_restore_tokens(top.open_scope(owner), tokens, owner.data))


def _restore_tokens(scope: MainScope | InnerScope, rows: list[_Row], data: dict[str, Json]) -> list[Token]:
    specs = scope.spec.task_specs
    restored: list[Token] = []
    for element, parent, state, token_id, due, changed, removed in rows:
        above = None if parent < 0 else restored[parent]
        token = Token.restored(scope, specs[element], above, state, token_id)
        source = data if above is None else above.data
        if changed or removed:
            source = {**source, **(changed or {})}
            for name in removed or ():
                del source[name]
        token.data = source
        if due:
            token.internal_data["due"] = datetime.fromisoformat(due).isoformat()
        restored.append(token)
    scope.task_tree = scope.last_task = restored[0]
    return restored
