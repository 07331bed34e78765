"""One transaction's work on one case: load the engine's run, let it go to its next waits, write what came of it.

Statements are few on purpose: an approval step costs at most twenty, the ledger included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Table, insert, update

from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.process_entries import ProcessEntry
from webapp.engine import Definition, Element, Environment, OpenTask, Run, store
from webapp.extensions import db, work_waits
from webapp.faults.commands import report
from webapp.organization.models import User
from webapp.registry.commands import close_filing
from webapp.workflow.carrying import carried, carry
from webapp.workflow.context import OPERATIONS, CaseContext, specs
from webapp.workflow.countersign import STILL
from webapp.workflow.deadlines import Clock, task_times
from webapp.workflow.manning import deserted
from webapp.workflow.models import ClockPause, History, ProcessInstance, Timer, UserTask
from webapp.workflow.queries import decided_roles
from webapp.workflow.seats import open_seats

_HISTORY = insert(cast(Table, History.__table__))
_NEW_TIMERS = insert(cast(Table, Timer.__table__))
_UNFIRED = Timer.state.in_(["armed", "held", "faulty"])
_TIMERS = update(cast(Table, Timer.__table__)).where(_UNFIRED).values(state="cancelled")


def write_history(rows: list[dict[str, Any]]) -> None:
    """Write history rows, of one case or of many, in one statement."""
    if rows:
        db.session.execute(_HISTORY, rows)


@dataclass
class Step:
    """The case at work. `filing_id` and `decision_id` are what operations may refer to; `now` is aware UTC.

    `restarted` is the element the case was just sent back to: it is done again, whatever was answered before.

    With a list `history`, its rows are put there for whoever opens many cases at once: who writes them together, and
    asks with `report_deserted` once all is written.
    """

    instance: ProcessInstance
    actor: User | None
    now: datetime
    filing_id: int
    decision_id: int | None = None
    restarted: str | None = None
    opened: list[UserTask] = field(default_factory=list)
    history: list[dict[str, Any]] | None = None
    run: Run = field(init=False)
    _armed: frozenset[str] = frozenset()

    @cached_property
    def _pinned(self) -> definitions.Pinned:
        return definitions.pinned(self.instance.definition_id)

    @property
    def bundle(self) -> Bundle:
        return self._pinned.bundle

    @cached_property
    def definition(self) -> Definition:
        return self.bundle.definition(self._pinned.key, specs())

    @cached_property
    def process(self) -> ProcessEntry:
        return self.bundle.process(self._pinned.key)

    @cached_property
    def clock(self) -> Clock:
        zone = ZoneInfo(self.bundle.pack.institution.time_zone)
        return Clock(self.instance.institution_id, zone, self.now, self.instance)

    def environment(self) -> Environment:
        return Environment(call=self._call, functions=self.clock.functions(), now=lambda: self.now)

    def _call(self, operation: str, element: Element, inputs: dict[str, Any]) -> Any:
        case = CaseContext(
            instance=self.instance,
            filing_id=self.filing_id,
            actor=self.actor,
            element=element.id,
            now=self.now,
            decision_id=self.decision_id,
            pack=self.bundle.pack,
            deployment_hash=self.bundle.hash,
        )
        return OPERATIONS[operation].call(case, **inputs)

    def begin(self, data: dict[str, Any]) -> None:
        self.run = Run.start(self.definition, data, self.environment())

    def load(self) -> None:
        blob = self.instance.state_blob or b""
        self.run = store.load(blob, self.definition, self.environment())
        self._armed = frozenset(timer.id for timer in self.run.timers())

    def settle(self, open_tasks: dict[str, UserTask]) -> None:
        """Write what the run came to: history, closed and opened tasks, timers, the case's own state.

        `open_tasks` are the rows open before, by token. Each row is written once, when the transaction ends: no read
        on the way asks for what is still to be written.
        """
        with db.session.no_autoflush:
            self._settle(open_tasks)
        if self.history is None:
            self.report_deserted([task for task in open_tasks.values() if task.state == "open"])

    def _settle(self, open_tasks: dict[str, UserTask]) -> None:
        if self.instance.round > 1:
            self._carry_over(open_tasks)
        self._write_history()
        waiting = {token.id: token for token in self.run.open_tasks()}
        for token, task in open_tasks.items():
            if token not in waiting and task.state in ("open", "suspended"):
                self.cancel_task(task)
        for found in waiting.values():
            if found.id not in open_tasks:
                self.open_task(found)
        self._sync_timers()
        if self.run.completed:
            self.end(self._outcome())
        else:
            self.instance.state_blob = store.dump(self.run)
        self.instance.version += 1

    def _carry_over(self, open_tasks: dict[str, UserTask]) -> None:
        """Complete with their earlier answers the steps that need not be done again after a return."""
        while True:
            fresh = [token for token in self.run.open_tasks() if token.id not in open_tasks]
            again = (carried(self, token) for token in fresh if self.restarted not in (token.element, *token.scope))
            found = next((entry for entry in again if entry is not None), None)
            if found is None:
                return
            carry(self, found)

    def _outcome(self) -> str:
        end = self.definition.elements.get(self.run.ended_at or "")
        return (end.properties.get("outcome") if end else None) or "recorded"

    def end(self, outcome: str) -> None:
        """Close the case and its filing."""
        self.instance.state = "withdrawn" if outcome == "withdrawn" else "ended"
        self.instance.outcome, self.instance.ended_at = outcome, self.now
        self.instance.state_blob = None
        close_filing(self.filing_id, outcome, self.now)

    def cancel_task(self, task: UserTask) -> None:
        """Close a task nobody needs to answer any more, and its seats."""
        task.state, task.closed_at, task.version = "cancelled", self.now, task.version + 1
        self._void_seats(task)
        if self.definition.elements[task.element].properties.get("pauses_clock") == "true":
            self.resume_clock()

    def _void_seats(self, task: UserTask) -> None:
        """Nobody needs to answer these any more."""
        for seat in task.seats:
            if seat.state in STILL:
                seat.state, seat.version = "void", seat.version + 1

    def open_task(self, token: OpenTask) -> UserTask:
        """The row of a task the engine has opened, with its seat, deadline and clock."""
        element = self.definition.elements[token.element]
        if element.properties.get("pauses_clock") == "true" and self.instance.history_length > 0:
            self.instance.round += 1
            pause = {"instance_id": self.instance.id, "reason": element.id, "begun_at": self.now}
            db.session.execute(insert(ClockPause), pause)
            self.clock.forget_pauses()
        times = task_times(element, token.data, self.clock)
        task = UserTask(
            institution_id=self.instance.institution_id,
            instance=self.instance,
            element=element.id,
            name=element.name,
            scope="/".join(token.scope),
            token=token.id,
            round=self.instance.round,
            opened_at=self.now,
            due_at=times.due_at,
            deadline=times.deadline.as_json() if times.deadline else None,
            calendar_version=times.deadline.calendar_version if times.deadline else None,
            remind_at=times.remind_at,
            escalate_at=times.escalate_at,
            completed_by=element.properties.get("completed_by") or None,
            decides="decisions" in element.properties,
        )
        open_seats(task, element, self.bundle.pack, token.data, self.clock.functions(), self.decided)
        self.opened.append(task)
        return task

    def decided(self) -> Mapping[int, frozenset[str]]:
        """The roles in which people have decided, where nobody may decide in two."""
        return {} if self.process.same_person_two_roles else decided_roles(self.instance)

    def complete_task(self, task: UserTask, outcome: str) -> None:
        task.state, task.closed_at, task.outcome, task.version = "completed", self.now, outcome, task.version + 1
        self._void_seats(task)
        if self.definition.elements[task.element].properties.get("pauses_clock") == "true" and self.instance.round > 1:
            self.resume_clock()

    def resume_clock(self) -> None:
        """End the stretch in which the case's clock stood still."""
        statement = update(ClockPause).where(ClockPause.instance_id == self.instance.id, ClockPause.ended_at.is_(None))
        db.session.execute(statement.values(ended_at=self.now).execution_options(synchronize_session=False))
        self.clock.forget_pauses()

    def _write_history(self) -> None:
        rows = []
        for seq, passed in enumerate(self.run.passed, start=self.instance.history_length):
            rows.append(
                {
                    "instance_id": self.instance.id,
                    "seq": seq,
                    "element": passed.element,
                    "kind": passed.kind,
                    "at": passed.at,
                    "round": self.instance.round,
                    "outcome": None if passed.kind == "userTask" else passed.outcome,
                }
            )
        self.instance.history_length += len(rows)
        if self.history is not None:
            self.history += rows
        else:
            write_history(rows)

    def _sync_timers(self) -> None:
        armed = {timer.id: timer for timer in self.run.timers()}
        if self._armed - armed.keys():
            self.cancel_timers(self._armed - armed.keys())
        fresh = [timer for token, timer in armed.items() if token not in self._armed]
        own = {"institution_id": self.instance.institution_id, "instance_id": self.instance.id}
        rows = [
            {**own, "element": timer.element, "token": timer.id, "due_at": timer.due, "next_at": timer.due}
            for timer in fresh
        ]
        if rows:
            db.session.execute(_NEW_TIMERS, rows)
        if any(timer.due <= self.now for timer in fresh):
            work_waits()

    def cancel_timers(self, tokens: Iterable[str] | None = None) -> None:
        """Cancel the timers of these tokens, or all, that have not fired; a faulty one waits like an armed one."""
        timers = _TIMERS.where(_TIMERS.table.c.instance_id == self.instance.id)
        if tokens is not None:
            timers = timers.where(_TIMERS.table.c.token.in_(list(tokens)))
        db.session.execute(timers)

    def report_deserted(self, others: Iterable[UserTask] = ()) -> None:
        """A task nobody may act on is a fault an administrator sees, never an automatic approval.

        `others` were open before; a decision may have left them without anybody who has not decided in another role.
        """
        apart, asked = not self.process.same_person_two_roles, (self.definition, self.opened, others, self.now)
        for task in deserted(self.instance, *asked, apart=apart):
            db.session.flush()
            report(
                self.instance.institution_id,
                kind="no_approver",
                sentence=_(
                    "“%(reference)s”的“%(step)s”没有可以办理的人，请指定人员。",
                    reference=self.instance.reference,
                    step=task.name,
                ),
                instance_id=self.instance.id,
                task_id=task.id,
                element=task.element,
                now=self.now,
            )
