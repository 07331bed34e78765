"""Which answers of a case still stand: not those behind a return, nor any of before the application was filed last."""

from __future__ import annotations

from collections.abc import Iterable

from webapp.workflow.models import Seat, UserTask


def standing(tasks: Iterable[UserTask]) -> list[Seat]:
    """The answered seats that still count, oldest first, of the tasks of one case.

    A return to a step undoes what was answered there and afterwards, and the answer that returned it. What some have
    signed of a step that is still open counts; of one that was cancelled it never came to anything.
    """
    answered = [task for task in tasks if any(seat.answered_at for seat in task.seats)]
    done = [task for task in answered if task.closed_at is not None and task.state == "completed"]
    stands: list[UserTask] = []
    for task in sorted(done, key=lambda task: (task.closed_at, task.id)):
        if task.element == "Application":
            stands.clear()
            continue
        target = next((seat.returned_to for seat in task.seats if seat.returned_to), None)
        if target is None:
            stands.append(task)
            continue
        places = [place for place, earlier in enumerate(stands) if _is_at(earlier, target)]
        del stands[_first_of_last_run(places) if places else len(stands) :]
    stands += [task for task in answered if task.state in ("open", "suspended")]
    return [seat for task in stands for seat in task.seats if seat.answered_at is not None]


def _is_at(task: UserTask, target: str) -> bool:
    """Whether a task is the step returned to, or stands inside the block returned to."""
    return task.element == target or target in task.scope.split("/")


def _first_of_last_run(places: list[int]) -> int:
    """Where the block passed last begins: its tasks follow one another."""
    first = places[-1]
    while first - 1 in places:
        first -= 1
    return first
