"""The route of a case as an ordered list of steps, and the marks its diagram carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.engine import Definition, Element, EngineError
from webapp.workflow.deadlines import Clock, task_times
from webapp.workflow.models import Seat
from webapp.workflow.rules import OPINIONS

MOST_NAMES = 3
_SENT_BACK = ("request_correction", "return")


@dataclass(frozen=True)
class RouteStep:
    """One step: `state` done, current, next, returned or skipped; `note` who and when, `why` it was added."""

    state: str
    title: str
    note: str = ""
    why: str = ""
    element: str = ""


def shown(definition: Definition, element: str) -> bool:
    """Whether a step belongs on the route: people's tasks, and acts of the system that happen once."""
    found = definition.elements.get(element)
    if found is None:
        return False
    operation = definition.operations.get(found.topic or "")
    return found.kind == "userTask" or (operation is not None and not operation.repeatable)


def case_route(file: CaseFile) -> list[RouteStep]:
    """What was done, what is open, and what comes when everybody agrees."""
    current = [seat.task.element for seat in file.open_seats]
    ahead = [e for e in _ahead(file) if e not in current]
    coming = {*current, *ahead}
    order = list(dict.fromkeys(row.element for row in reversed(file.history) if shown(file.definition, row.element)))
    done = [_done(file, element) for element in reversed(order) if element not in coming]
    tasks = dict.fromkeys(seat.task_id for seat in file.open_seats)
    opened = [_current(file, [seat for seat in file.open_seats if seat.task_id == task]) for task in tasks]
    return [*done, *opened, *(_next(file, element) for element in ahead)]


def marks(file: CaseFile) -> dict[str, str]:
    """Marks by element id for the diagram: done, now or returned; what is not named is still to come."""
    last: dict[str, str] = {}
    for seat in (found for found in file.seats if found.kind == "main"):
        last[seat.task.element] = seat.decision or ""
    found = {row.element: "returned" if last.get(row.element) in _SENT_BACK else "done" for row in file.history}
    return found | {seat.task.element: "now" for seat in file.open_seats}


def notes(file: CaseFile) -> dict[str, str]:
    """Small labels: how often a person's task was done and when last; the time left at an open one."""
    labels: dict[str, str] = {}
    counts: dict[str, int] = {}
    for row in file.history:
        if row.kind == "userTask":
            counts[row.element] = counts.get(row.element, 0) + 1
            day = file.moments.day(row.at, weekday=False)
            again = _("%(n)s 次，%(day)s", n=counts[row.element], day=day)
            labels[row.element] = again if counts[row.element] > 1 else day
    for seat in file.open_seats:
        left = file.moments.left(seat.task.due_at)
        labels[seat.task.element] = left.sentence(file.locale) if left else _("办理中")
    return labels


def limit_text(element: Element, data: Mapping[str, Any], clock: Clock) -> str:
    """The time a step is given, such as "5 个工作日"; "" when it has none or it depends on what is not known yet."""
    try:
        deadline = task_times(element, dict(data), clock).deadline
    except EngineError:
        return ""
    units = {
        "working_days": _("个工作日"), "days": _("天"), "weeks": _("周"), "months": _("个月"), "hours": _("小时"),
    }  # fmt: skip
    return f"{deadline.n} {units[deadline.unit]}" if deadline else ""


def _ahead(file: CaseFile) -> list[str]:
    if file.forecast is None:
        return []
    order = [*file.forecast.passed, *file.forecast.tasks]
    return [element for element in dict.fromkeys(order) if shown(file.definition, element)]


def _done(file: CaseFile, element: str) -> RouteStep:
    title = step_name(file.definition.elements[element], file.locale)
    answered = (s for s in reversed(file.seats) if s.task.element == element and s.answered_at and s.kind == "main")
    seat = next(answered, None)
    if seat is not None:
        who = person_name(seat.answered_by, file.locale) or str(_("系统"))
        state = "returned" if seat.decision in _SENT_BACK else "done"
        return RouteStep(state, title, f"{who}　{file.moments.day(seat.answered_at, weekday=False)}", "", element)
    at = next(row.at for row in reversed(file.history) if row.element == element)
    return RouteStep("done", title, f"{_('自动')}　{file.moments.day(at, weekday=False)}", "", element)


def _current(file: CaseFile, seats: Sequence[Seat]) -> RouteStep:
    """An open step and who has it: one person, or all who are to answer at it."""
    seat = seats[0]
    element = file.definition.elements[seat.task.element]
    names = list(dict.fromkeys(_has(file, element, seat) for seat in seats))
    shown_names = ("、" if file.locale == "zh" else ", ").join(names[:MOST_NAMES])
    who = _("%(names)s 等 %(n)s 人", names=shown_names, n=len(names)) if len(names) > MOST_NAMES else shown_names
    until = file.moments.day(seat.task.due_at, weekday=False)
    when = _("%(day)s 前", day=until) if until else _("办理中")
    when = _("已挂起") if seat.task.state == "suspended" else when
    return RouteStep("current", step_name(element, file.locale, seat.task.name), f"{who}　{when}", "", element.id)


def _has(file: CaseFile, element: Element, seat: Seat) -> str:
    name = person_name(seat.holder, file.locale) or file.actors.at(element, seat.role)
    return str(_("%(who)s（给意见）", who=name)) if seat.kind in OPINIONS else name


def _next(file: CaseFile, element_id: str) -> RouteStep:
    element = file.definition.elements[element_id]
    who = file.actors.at(element) if element.kind == "userTask" else str(_("自动"))
    limit = limit_text(element, {"case": file.lookups.case}, file.trial.clock) if element.due else ""
    note = ahead_note(who, limit, file.durations.words(element_id))
    return RouteStep("next", step_name(element, file.locale), note, "", element_id)


def ahead_note(who: str, limit: str, usual: str) -> str:
    """What is said of a step to come: who does it, the time it is given, and what it usually takes."""
    given = _("限 %(limit)s", limit=limit) if limit and usual else limit
    return "　".join(part for part in (who, given, usual) if part)
