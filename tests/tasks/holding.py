"""What must hold of a case whatever people did with its tasks: an own reading of the tables, apart from the product's.

`look` reads a case afresh; `wrong` returns sentences, none when everything holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from math import ceil
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import BindParameter, Connection, Integer, Select, Table, bindparam, select

from tests.tasks.bureau import NOW, PEOPLE, Bureau
from webapp.definitions import queries as definitions
from webapp.engine import Environment, store
from webapp.extensions import db
from webapp.faults.models import Fault
from webapp.registry.models import Decision, Filing
from webapp.workflow.context import specs
from webapp.workflow.models import Answers, ClockPause, ProcessInstance, Seat, Timer, UserTask
from webapp.workflow.standing import standing

STILL = ("waiting", "open", "held")
ASKED_FIRST = ("delegate", "before")
AGREEING = ("approve", "receive", "submit")
NOBODYS = {"applicant", "assignee"}
# Enough to read what is stored; nothing runs on it.
_ENVIRONMENT = Environment(call=lambda *_given: None, functions={}, now=lambda: NOW)


@dataclass(frozen=True)
class Rows:
    """A case as the tables have it. Each row has the columns as attributes; a seat its `task`, a task its `seats`.

    `substitutes`: (principal, substitute) of the rules in force. `roles`: the roles of each person by id.
    """

    case: Any
    tasks: list[Any]
    seats: list[Any]
    decisions: list[Any]
    timers: list[Any]
    pauses: list[Any]
    faults: list[Any]
    carried: frozenset[int]
    roles: Mapping[int, frozenset[str]]
    substitutes: frozenset[tuple[int, int]]
    elements: Mapping[str, Any] = field(repr=False)
    tokens: frozenset[str] | None
    armed: frozenset[str] | None
    now: datetime

    @property
    def state(self) -> list[dict[str, Any]]:
        """Everything an act on a task could change, to be compared."""
        kept = [
            {k: v for k, v in vars(row).items() if k not in ("task", "seats")} for row in (*self.tasks, *self.seats)
        ]
        return [*kept, vars(self.case), *map(vars, self.timers), *map(vars, self.decisions)]


def look(bureau: Bureau, case_id: int, substitutes: frozenset[tuple[int, int]], now: datetime) -> Rows:
    """Read a case afresh; `now` is the moment of the last act."""
    with db.engine.connect() as connection:
        found = {noun: _rows(connection, noun, case_id) for noun in _READ}
    (case,), tasks, seats = found[ProcessInstance], found[UserTask], found[Seat]
    by_id = {task.id: task for task in tasks}
    for task in tasks:
        task.seats = []
    for seat in seats:
        seat.task = by_id[seat.task_id]
        seat.task.seats.append(seat)
    for task in tasks:
        task.seats.sort(key=lambda seat: (seat.position, seat.id))
    pinned = definitions.pinned(case.definition_id)
    definition = pinned.bundle.definition(pinned.key, specs())
    run = store.load(case.state_blob, definition, _ENVIRONMENT) if case.state_blob else None
    return Rows(
        case=case,
        tasks=tasks,
        seats=seats,
        decisions=found[Decision],
        timers=found[Timer],
        pauses=found[ClockPause],
        faults=found[Fault],
        carried=frozenset(row.task_id for row in found[Answers]),
        roles={bureau.people[key]: frozenset(roles) for key, (_name, *roles) in PEOPLE.items()},
        substitutes=substitutes,
        elements=definition.elements,
        tokens=frozenset(token.id for token in run.open_tasks()) if run else None,
        armed=frozenset(timer.id for timer in run.timers()) if run else None,
        now=now,
    )


def _of_case(noun: type, where: Any, *columns: Any) -> tuple[Select[Any], list[str]]:
    table = cast(Table, noun.__table__)  # type: ignore[attr-defined]
    wanted = columns or tuple(table.c)
    return select(*wanted).where(where).order_by(table.c.id), [column.key for column in wanted]


# How each table is read, made once: the machine reads them all after every act.
_CASE: BindParameter[int] = bindparam("case", type_=Integer)
_FILING = select(Filing.id).where(Filing.instance_id == _CASE).scalar_subquery()
_READ: dict[type, tuple[Select[Any], list[str]]] = {
    ProcessInstance: _of_case(ProcessInstance, ProcessInstance.id == _CASE),
    **{noun: _of_case(noun, noun.instance_id == _CASE) for noun in (UserTask, Seat, Timer, ClockPause, Fault)},
    Decision: _of_case(Decision, Decision.filing_id == _FILING),
    Answers: _of_case(Answers, (Answers.instance_id == _CASE) & Answers.carried_over, Answers.__table__.c.task_id),
}


def _rows(connection: Connection, noun: type, case_id: int) -> list[Any]:
    statement, names = _READ[noun]
    found = connection.execute(statement, {"case": case_id})
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in found]


def wrong(rows: Rows) -> list[str]:
    """Everything that does not hold."""
    return [
        *_decided_once(rows),
        *_outcomes(rows),
        *_duties(rows),
        *_closed(rows),
        *_children(rows),
        *_stored(rows),
        *_somebody(rows),
    ]


def _name(rows: Rows, seat: Any) -> str:
    return f"{seat.kind} seat {seat.id} ({seat.role} {seat.state}) of {seat.task.element} ({seat.task.state})"


def mains(task: Any) -> list[Any]:
    return [seat for seat in task.seats if seat.kind == "main"]


def _decided_once(rows: Rows) -> Iterator[str]:
    """Each decided main seat has one decision, by who answered it, and no other seat has any."""
    decided: dict[int, list[Any]] = {}
    for decision in rows.decisions:
        decided.setdefault(decision.seat_id, []).append(decision)
    for seat in rows.seats:
        found, task = decided.pop(seat.id, []), seat.task
        counts = seat.kind == "main" and seat.state == "answered" and task.state == "completed"
        counts = counts and (seat.decision == "return" if task.outcome == "return" else task.decides)
        if len(found) != int(counts and task.id not in rows.carried):
            yield f"{_name(rows, seat)} has {len(found)} decisions"
        for decision in found:
            said = (seat.decision, seat.answered_by_id, seat.on_behalf_of_id, seat.role)
            if (decision.outcome, decision.decided_by_id, decision.on_behalf_of_id, decision.role) != said:
                yield f"{_name(rows, seat)} says {said}, its decision another"
    yield from (f"decision {found[0].id} has no seat" for found in decided.values())


def _outcomes(rows: Rows) -> Iterator[str]:
    """A completed step came to what its seats say by its rule."""
    for task in rows.tasks:
        answered = [seat.decision for seat in mains(task) if seat.state == "answered"]
        if task.state != "completed" or task.outcome == "return":
            continue
        if not answered:
            yield f"{task.element} is completed and nobody answered"
            continue
        rule = rows.elements[task.element].properties.get("countersign", "any")
        agreed, total = sum(word in AGREEING for word in answered), len(mains(task))
        needed = {"any": 1, "all": total, "veto": total, "sequence": total}.get(rule)
        if needed is None:
            needed = ceil(Fraction(rule.split()[1]) * total)
        if task.outcome in AGREEING and agreed < needed:
            yield f"{task.element} ({rule}) agreed with {agreed} of {total}"
        if task.outcome not in answered:
            yield f"{task.element} came to {task.outcome}, which nobody said: {answered}"
        if rule == "any" and len(answered) != 1:
            yield f"{task.element} was decided {len(answered)} times"


def _people(seat: Any) -> set[int]:
    return {one for one in (seat.answered_by_id, seat.on_behalf_of_id) if one is not None}


def decided_roles(rows: Rows) -> dict[int, set[str]]:
    """The roles in which each person's decisions stand, in their own right, on behalf, or in their name."""
    found: dict[int, set[str]] = {}
    for seat in standing(rows.tasks):
        if seat.kind == "main" and seat.task.decides and seat.role not in NOBODYS:
            for person in _people(seat):
                found.setdefault(person, set()).add(seat.role)
    return found


def _duties(rows: Rows) -> Iterator[str]:
    """Nobody decides on an own application, in two roles, twice in one step, or confirms an own decision."""
    applicant = rows.case.applicant_id
    for seat in rows.seats:
        if seat.state == "answered" and seat.task.decides and applicant in _people(seat):
            yield f"{_name(rows, seat)} was answered by or for the applicant"
        if seat.kind == "after" and seat.state == "answered":
            parent = next(other for other in rows.seats if other.id == seat.parent_id)
            if parent.state == "answered" and _people(seat) & _people(parent):
                yield f"{_name(rows, seat)} confirms an own decision"
    for decision in rows.decisions:
        if applicant in (decision.decided_by_id, decision.on_behalf_of_id):
            yield f"decision {decision.id} is by or for the applicant"
    for person, roles in decided_roles(rows).items():
        if len(roles) > 1:
            yield f"{person} has decided as {sorted(roles)}"
    for task in rows.tasks:
        signed = [person for seat in mains(task) if seat.state == "answered" for person in _people(seat)]
        if task.decides and len(signed) != len(set(signed)):
            yield f"somebody signed {task.element} twice: {signed}"


def _closed(rows: Rows) -> Iterator[str]:
    """Nothing is left open on what is closed; a suspended case is suspended through and through."""
    state = rows.case.state
    wanted = {"running": "open", "suspended": "suspended"}.get(state)
    for task in rows.tasks:
        if task.state in ("open", "suspended") and task.state != wanted:
            yield f"{task.element} is {task.state} and the case {state}"
        for seat in task.seats:
            if task.state in ("completed", "cancelled") and seat.state in STILL:
                yield f"{_name(rows, seat)} is left open"
            if (task.state, seat.state) in (("suspended", "open"), ("open", "held")):
                yield f"{_name(rows, seat)} does not go with its task"
    still = {timer.state for timer in rows.timers} & {"armed", "held", "faulty"}
    if still - {{"running": "armed", "suspended": "held"}.get(state, "")}:
        yield f"the case is {state} with timers {still}"
    paused = [pause.reason for pause in rows.pauses if pause.ended_at is None]
    if paused.count("suspended") != int(state == "suspended"):
        yield f"the case is {state} and its clock stands still for {paused}"
    if wanted is None and (paused or rows.case.outcome is None or rows.case.state_blob):
        yield f"the case is {state} with outcome {rows.case.outcome}, pauses {paused}"
    yield from (f"fault {fault.kind}: {fault.detail or fault.sentence}" for fault in rows.faults if _unexpected(fault))


def _unexpected(fault: Any) -> bool:
    return fault.kind != "no_approver"


def _children(rows: Rows) -> Iterator[str]:
    """Who asks others first waits for exactly them; who is to confirm waits for the decision; a row goes in order."""
    by_id = {seat.id: seat for seat in rows.seats}
    for task in rows.tasks:
        if task.state not in ("open", "suspended"):
            continue
        in_order = rows.elements[task.element].properties.get("countersign") == "sequence"
        for seat in task.seats:
            if seat.kind == "main" and seat.state != "answered":
                asked = any(s.parent_id == seat.id and s.kind in ASKED_FIRST and s.state in STILL for s in task.seats)
                before = [other for other in mains(task) if other.position < seat.position]
                turn = not in_order or all(other.state == "answered" and _confirmed(other) for other in before)
                if (seat.state == "waiting") != (asked or not turn):
                    yield f"{_name(rows, seat)}: others asked {asked}, its turn {turn}"
            decided = seat.parent_id is not None and by_id[seat.parent_id].state == "answered"
            if seat.kind == "after" and seat.state in STILL and (seat.state == "waiting") == decided:
                yield f"{_name(rows, seat)} below {_name(rows, by_id[seat.parent_id])}"
            if seat.kind in ASKED_FIRST and seat.state == "waiting":
                yield f"{_name(rows, seat)} waits for nothing"


def _confirmed(seat: Any) -> bool:
    return not any(s.parent_id == seat.id and s.kind == "after" and s.state in STILL for s in seat.task.seats)


def _stored(rows: Rows) -> Iterator[str]:
    """The engine's open tokens and armed timers are the open rows."""
    if rows.case.state not in ("running", "suspended"):
        return
    tasks = {task.token for task in rows.tasks if task.state in ("open", "suspended")}
    timers = {timer.token for timer in rows.timers if timer.state in ("armed", "held", "faulty")}
    if rows.tokens != tasks or not tasks:
        yield f"the engine has {len(rows.tokens or ())} open tasks, the tables {len(tasks)}"
    if rows.armed != timers:
        yield f"the engine has timers {rows.armed}, the tables {timers}"


def _somebody(rows: Rows) -> Iterator[str]:
    """Every open task has an open seat, and every open seat somebody who may act on it, or a fault says so."""
    told = {fault.task_id: fault.occurred_at for fault in rows.faults if fault.kind == "no_approver"}
    decided = decided_roles(rows)
    for task in rows.tasks:
        if task.state != "open":
            continue
        seats = [seat for seat in task.seats if seat.state == "open"]
        if not seats:
            yield f"{task.element} is open and no seat of it: {[_name(rows, seat) for seat in task.seats]}"
        stuck = [seat for seat in seats if not _may_be_answered(rows, seat, decided)]
        if rows.elements[task.element].properties.get("countersign", "any") == "any" and len(stuck) < len(seats):
            stuck = []
        if task.id not in told:
            for seat in stuck:
                yield f"{_name(rows, seat)} held by {seat.holder_id} for {seat.on_behalf_of_id}: nobody can act on it"
        elif told[task.id] == rows.now and not stuck and not any(seat.state == "waiting" for seat in task.seats):
            yield f"{task.element} has somebody, and a fault says it has nobody"


def _may_be_answered(rows: Rows, seat: Any, decided: Mapping[int, set[str]]) -> bool:
    """Whether somebody may answer a seat, or its holder hand it on to somebody who may."""
    people = {person for person, roles in rows.roles.items() if "system_admin" not in roles}
    if seat.holder_id in people and _able(rows, seat, seat.holder_id, decided):
        return True
    role = seat.queue.rsplit(":", 1)[0] if seat.queue else None
    others = {person for person in people if role in rows.roles[person]} if role else people
    if seat.kind != "main":  # who asked may do without the opinion
        return any(other.id == seat.parent_id and other.holder_id is not None for other in seat.task.seats)
    if seat.holder_id is not None:
        here = {p for s in seat.task.seats if s is not seat and s.state != "void" for p in (s.holder_id, *_people(s))}
        others -= here
    return any(_able(rows, seat, person, decided) for person in others)


def _able(rows: Rows, seat: Any, person: int, decided: Mapping[int, set[str]]) -> bool:
    """Whether duties let a person answer a seat."""
    if seat.role == "applicant":
        return bool(seat.holder_id == person)
    if seat.task.decides and person == rows.case.applicant_id:
        return False
    if any(person in _people(other) for other in mains(seat.task) if other is not seat and other.state == "answered"):
        return False
    if seat.kind != "main" or not seat.task.decides or seat.role in NOBODYS:
        return True
    own = seat.holder_id == person and seat.on_behalf_of_id is None and seat.queue is not None
    if own and seat.role not in rows.roles[person]:
        return False
    return not decided.get(person, set()) - {seat.role}
