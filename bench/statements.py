"""Seeing the SQL that runs: how many statements, which rows they write, how often is committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

_FRAME = ("BEGIN", "COMMIT", "ROLLBACK")


@dataclass
class Captured:
    """`texts`: each statement once, an executemany too, BEGIN and COMMIT left out. `written`: rows by (verb, table)."""

    texts: list[str] = field(default_factory=list)
    written: Counter[tuple[str, str]] = field(default_factory=Counter)
    commits: int = 0


@contextmanager
def captured(engine: Engine) -> Iterator[Captured]:
    """Record what runs on the engine inside the block."""
    seen = Captured()
    counted: list[Any] = [None]

    def executed(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.split(None, 1)[0].upper() in _FRAME:
            return
        seen.texts.append(statement)
        verb = _verb(context)
        if verb and not (context.isinsert and counted[0] is context):  # one insert may come in several batches
            rows = len(context.compiled_parameters) if context.isinsert else cursor.rowcount
            seen.written[verb, context.compiled.statement.table.name] += rows
            counted[0] = context

    def committed(connection: Any) -> None:
        seen.commits += 1

    event.listen(engine, "after_cursor_execute", executed)
    event.listen(engine, "commit", committed)
    try:
        yield seen
    finally:
        event.remove(engine, "after_cursor_execute", executed)
        event.remove(engine, "commit", committed)


def _verb(context: Any) -> str:
    """What the statement does to its rows; an upsert is an update, for the row is there already."""
    if context.isinsert:
        clause = context.compiled.statement._post_values_clause
        return "update" if getattr(clause, "update_values_to_set", None) else "insert"
    return "update" if context.isupdate else "delete" if context.isdelete else ""
