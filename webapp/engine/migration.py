"""Moving a running case to another version of its process without losing drafts, tasks or due times.

Allowed: whatever lies ahead may change, and labels, forms and roles of open tasks. Refused: whatever the case rests
on, or waits for, has changed. Only open tokens are stored, so that nothing has to be translated: the state is
checked, and then belongs to the new definition.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from webapp.engine.definition import Definition
from webapp.engine.elements import Element
from webapp.engine.errors import EngineError, StoreFormatError
from webapp.engine.script_engine import Environment
from webapp.engine.store import dump, load
from webapp.engine.workflow import Run


@dataclass(frozen=True)
class Obstacle:
    """Why a case cannot move: an element and what has changed about it."""

    element: str
    sentence: str
    sentence_en: str


class MigrationRefused(EngineError):
    """A case cannot move to another definition; `obstacles` says everything that stands in the way."""

    def __init__(self, obstacles: Iterable[Obstacle]) -> None:
        self.obstacles = tuple(obstacles)
        super().__init__(
            "；".join(obstacle.sentence for obstacle in self.obstacles),
            "; ".join(obstacle.sentence_en for obstacle in self.obstacles),
        )


def obstacles(blob: bytes, old: Definition, new: Definition, passed: Iterable[str], env: Environment) -> list[Obstacle]:
    """Why the case stored as `blob` cannot move from `old` to `new`; empty when it can.

    `passed`: ids of the elements in its history. Nothing is changed, no operation is called.
    """
    run = load(blob, old, env)
    waiting = {task.element for task in run.open_tasks()} | {timer.element for timer in run.timers()}
    around = {element for task in run.open_tasks() for element in task.scope}
    reached = dict.fromkeys([*passed, *waiting, *around])
    found = [
        obstacle
        for element in reached
        if element in old.elements
        for obstacle in _changes(old, new, element, is_open=element in waiting | around)
    ]
    if not found:
        try:
            _moved(blob, run, new, env)
        except StoreFormatError as error:
            found.append(Obstacle("", f"状态无法沿用：{error.sentence}", f"its state does not fit: {error}"))
    return found


def migrate(blob: bytes, old: Definition, new: Definition, passed: Iterable[str], env: Environment) -> bytes:
    """The state of the case on the new definition: same tasks, same ids, same due times. Raises MigrationRefused."""
    found = obstacles(blob, old, new, passed, env)
    if found:
        raise MigrationRefused(found)
    return _moved(blob, load(blob, old, env), new, env)


def _moved(blob: bytes, run: Run, new: Definition, env: Environment) -> bytes:
    stored = orjson.loads(blob)
    moved = load(orjson.dumps({**stored, "definition": new.hash}), new, env)
    tasks = [(task.id, task.element, task.scope) for task in run.open_tasks()]
    if tasks != [(task.id, task.element, task.scope) for task in moved.open_tasks()] or run.timers() != moved.timers():
        raise StoreFormatError("办理中的任务或定时器会改变", "open tasks or armed timers would change")
    return dump(moved)


def _changes(old: Definition, new: Definition, element_id: str, *, is_open: bool) -> Iterator[Obstacle]:
    before, after = old.elements[element_id], new.elements.get(element_id)
    title = before.name or before.id
    if after is None or (after.kind, after.scope, after.process_id) != (before.kind, before.scope, before.process_id):
        yield Obstacle(
            element_id, f"“{title}”已删除或改为另一种元素", f'"{title}" was removed or is another element now'
        )
        return
    if _timers_on(old, before) != _timers_on(new, after):
        yield Obstacle(element_id, f"“{title}”的定时器已改变", f'the timers of "{title}" have changed')
    if is_open:
        return
    if before.form_key != after.form_key:
        yield Obstacle(
            element_id, f"已办环节“{title}”的表单已改变", f'the form of the passed step "{title}" has changed'
        )
    if sorted(before.outgoing) != sorted(after.outgoing):
        yield Obstacle(element_id, f"已办环节“{title}”的去向已改变", f'what follows the passed "{title}" has changed')
    if before.result_variable != after.result_variable:
        yield Obstacle(element_id, f"“{title}”的结果变量已改变", f'the result variable of "{title}" has changed')


def _timers_on(definition: Definition, element: Element) -> set[tuple[str, str | None, bool]]:
    """The timer of an event, or those on the edge of an activity."""
    own = {(element.id, element.timer, element.interrupting)} if element.timer is not None else set()
    return own | {
        (other.id, other.timer, other.interrupting)
        for other in definition.elements.values()
        if other.attached_to == element.id
    }
