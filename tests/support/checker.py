"""What must hold of a database however its processes ended: an own reading of the tables, apart from the product's.

`check` compares what was acknowledged with what is there, and what is there with itself. It returns sentences; an
empty list means that nothing was lost, doubled or left half-done.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import select

from tests.support.trial import Trial
from webapp import ledger
from webapp.engine import Environment, store
from webapp.engine.errors import EngineError
from webapp.extensions import db
from webapp.faults.models import Fault
from webapp.notifications.models import Notice, OutboxMessage
from webapp.registry.models import Account, Decision, Filing, NumberSeries
from webapp.workflow.models import Answers, History, ProcessInstance, Seat, Timer, UserTask
from webapp.workflow.stepping import Step

T = TypeVar("T")


@dataclass(frozen=True)
class Act:
    """Something a person was told had been done. `kind` is started, answered or withdrawn."""

    kind: str
    key: str
    actor: int
    instance_id: int
    seat_id: int = 0
    decision: str = ""
    reference: str = ""
    ended: str | None = ""


def check(trial: Trial, acknowledged: Sequence[Act]) -> list[str]:
    """Everything wrong with the trial institution's rows, given what was acknowledged. Call in an app context."""
    db.session.rollback()
    db.session.expire_all()
    found = [
        *_acknowledged(acknowledged),
        *_decided_once(trial),
        *_cases(trial),
        *_numbers(trial),
        *_registered_once(trial),
        *_told(trial),
        *_ledger(trial),
    ]
    db.session.rollback()
    return found


def check_settled(trial: Trial, delivered: Iterable[str], now: datetime) -> list[str]:
    """What must hold besides when all due work was done by `now`: nothing is due, every message arrived, no fault."""
    db.session.rollback()
    problems = [f"timer {row.id} is due and {row.state}" for row in _rows(Timer, trial) if _due(row, now)]
    arrived = set(delivered)
    for message in _rows(OutboxMessage, trial):
        if message.state != "sent":
            problems.append(f"message {message.key} is {message.state}: {message.error}")
        elif message.channel == "email" and message.key not in arrived:
            problems.append(f"message {message.key} is marked as sent and never arrived")
        arrived.discard(message.key)
    problems += [f"message {key} arrived and is in no outbox" for key in arrived]
    problems += [f"fault {row.kind} at {row.element}: {row.sentence} {row.detail}" for row in _rows(Fault, trial)]
    return problems


def _rows(noun: type[T], trial: Trial) -> Iterator[T]:
    table: Any = noun
    yield from db.session.scalars(select(table).where(table.institution_id == trial.institution).order_by(table.id))


def _due(timer: Timer, now: datetime) -> bool:
    return timer.state == "faulty" or (timer.state == "armed" and timer.due_at <= now)


def _acknowledged(acknowledged: Sequence[Act]) -> Iterator[str]:
    """Nothing acknowledged is lost, and no seat was acknowledged to two."""
    seats = Counter(act.seat_id for act in acknowledged if act.kind == "answered")
    yield from (f"seat {seat_id} was acknowledged {times} times" for seat_id, times in seats.items() if times > 1)
    for act in acknowledged:
        instance = db.session.get(ProcessInstance, act.instance_id)
        if instance is None:
            yield f"{act}: the case is lost"
        elif act.kind == "started" and (instance.submission_key, instance.reference) != (act.key, act.reference):
            yield f"{act}: the case is another, {instance.reference}"
        elif act.kind == "answered":
            yield from _answered(act)
        if instance is not None and act.ended and instance.outcome != act.ended:
            yield f"{act}: the case's end is lost, it is {instance.state} {instance.outcome}"


def _answered(act: Act) -> Iterator[str]:
    seat = db.session.get(Seat, act.seat_id)
    if seat is None or (seat.state, seat.submission_key, seat.answered_by_id, seat.decision) != (
        "answered",
        act.key,
        act.actor,
        act.decision,
    ):
        yield f"{act}: the answer is lost or another's"
    elif seat.task.state != "completed":
        yield f"{act}: answered, and its task is {seat.task.state}"


def _decided_once(trial: Trial) -> Iterator[str]:
    """One answered seat, one answer and (for a decision) one decision to each completed task."""
    seats: dict[int, list[Seat]] = defaultdict(list)
    for seat in _rows(Seat, trial):
        seats[seat.task_id].append(seat)
    answers = Counter(row.task_id for row in _rows(Answers, trial))
    task_of = {seat.id: task_id for task_id, found in seats.items() for seat in found}
    decided = Counter(task_of.get(row.seat_id or 0, 0) for row in _rows(Decision, trial))
    yield from (f"{decided[0]} decisions belong to no seat" for _ in range(decided[0] > 0))
    for task in _rows(UserTask, trial):
        states = Counter(seat.state for seat in seats[task.id])
        words = {seat.decision for seat in seats[task.id] if seat.state == "answered"}
        expected = {"open": {"open": 1}, "completed": {"answered": 1}, "cancelled": {"void": 1}}[task.state]
        if dict(states) != expected:
            yield f"task {task.id} {task.element} is {task.state} with seats {dict(states)}"
        filed = int(task.state == "completed" and words != {"return"})
        if answers[task.id] != filed:
            yield f"task {task.id} {task.element} is {task.state} with {answers[task.id]} answers"
        if decided[task.id] != int(bool(words - {"submit"})):
            yield f"task {task.id} {task.element} is {task.state} with {decided[task.id]} decisions"


def _cases(trial: Trial) -> Iterator[str]:
    """What the engine stored of each case, its task and timer rows, its history and its filing agree."""
    filings = {row.instance_id: row for row in _rows(Filing, trial)}
    for instance in _rows(ProcessInstance, trial):
        where = f"case {instance.reference}"
        filing = filings.get(instance.id)
        ended = instance.state != "running"
        if filing is None or filing.outcome != instance.outcome or ended != (instance.outcome is not None):
            yield f"{where} is {instance.state} {instance.outcome}, its filing {filing and filing.outcome}"
            continue
        steps = db.session.scalars(select(History.seq).where(History.instance_id == instance.id).order_by(History.seq))
        if list(steps) != list(range(instance.history_length)):
            yield f"{where}: its history has a gap"
        tokens, timers = _engine(instance, filing.id) if not ended else (set(), set())
        rows = db.session.scalars(
            select(UserTask.token).where(UserTask.instance_id == instance.id, UserTask.state == "open")
        )
        if set(rows) != tokens:
            yield f"{where}: the engine and the open tasks disagree"
        armed = db.session.scalars(
            select(Timer.token).where(Timer.instance_id == instance.id, Timer.state.in_(["armed", "faulty"]))
        )
        if set(armed) != timers:
            yield f"{where}: the engine and the armed timers disagree"
        if not ended and not tokens:
            yield f"{where}: it runs and nothing is open"


def _engine(instance: ProcessInstance, filing_id: int) -> tuple[set[str], set[str]]:
    """Tokens of the open tasks and of the armed timers, as the engine's stored state has them."""
    step = Step(instance, None, datetime.now(UTC), filing_id=filing_id)
    idle = Environment(call=lambda *_: None, functions={}, now=lambda: datetime.now(UTC))
    try:
        run = store.load(instance.state_blob or b"", step.definition, idle)
    except EngineError as error:
        return {f"unreadable: {error.sentence_en}"}, set()
    return {task.id for task in run.open_tasks()}, {timer.id for timer in run.timers()}


def _numbers(trial: Trial) -> Iterator[str]:
    """References and filing numbers follow each other without gap or double."""
    given = {
        "filing": [row.reference for row in _rows(ProcessInstance, trial)],
        "account": [row.filing_number for row in _rows(Account, trial)],
    }
    for series in _rows(NumberSeries, trial):
        year = f"〔{series.year}〕"
        numbers = sorted(int(match[1]) for text in given[series.key] if (match := re.search(f"{year}([0-9]+)", text)))
        if numbers != list(range(1, series.last + 1)):
            yield f"series {series.key} {series.year} is at {series.last} with {len(numbers)} numbers given"


def _registered_once(trial: Trial) -> Iterator[str]:
    """Every case that passed Register has one account, and no other has one."""
    accounts: Counter[int | None] = Counter(
        db.session.scalars(
            select(Filing.instance_id)
            .join(Account, Account.id == Filing.account_id)
            .where(Filing.institution_id == trial.institution)
        )
    )
    total = len(list(_rows(Account, trial)))
    if total != sum(accounts.values()):
        yield f"{total} accounts and {sum(accounts.values())} filings that have one"
    statement = select(History.instance_id).join(ProcessInstance, ProcessInstance.id == History.instance_id)
    passed: Counter[int | None] = Counter(
        db.session.scalars(
            statement.where(ProcessInstance.institution_id == trial.institution, History.element == "Register")
        )
    )
    if passed != accounts:
        yield f"cases that passed Register and cases with an account differ: {passed - accounts}, {accounts - passed}"


def _told(trial: Trial) -> Iterator[str]:
    """Every registered case told its applicant once; messages and notices come in pairs."""
    keys = Counter(row.key for row in _rows(OutboxMessage, trial))
    yield from (f"message {key} stands {times} times" for key, times in keys.items() if times > 1)
    notices = list(_rows(Notice, trial))
    if len(notices) != len(keys):
        yield f"{len(notices)} notices and {len(keys)} messages"
    told = Counter(row.instance_id for row in notices if row.text_key == "registered")
    registered = db.session.scalars(
        select(Filing.instance_id).where(Filing.institution_id == trial.institution, Filing.account_id.is_not(None))
    )
    if told != Counter(registered):
        yield f"cases registered and cases told of it differ, {told}"
    others = [row for row in notices if row.text_key != "registered"]
    reminders = Counter((row.text_key, row.link, row.instance_id, row.user_id) for row in others)
    yield from (f"{what} was said {times} times" for what, times in reminders.items() if times > 1)


def _ledger(trial: Trial) -> Iterator[str]:
    """The log verifies, the register is what it says, and each act stands in it once."""
    report = ledger.verify(db.session(), trial.institution)
    yield from (f"ledger: {problem.sentence_en}" for problem in report.problems)
    told = Counter((event.action, event.object_id) for event in ledger.stream(db.session(), trial.institution))
    acts = {
        "workflow:case:started": [row.id for row in _rows(ProcessInstance, trial)],
        "workflow:case:withdrawn": [row.id for row in _rows(ProcessInstance, trial) if row.state == "withdrawn"],
        "workflow:task:answered": [row.task_id for row in _rows(Answers, trial)],
        "workflow:timer:fired": [row.id for row in _rows(Timer, trial) if row.state == "fired"],
        "registry:decision:recorded": [row.id for row in _rows(Decision, trial)],
    }
    for action, ids in acts.items():
        logged = Counter({int(number): times for (name, number), times in told.items() if name == action})
        if logged != Counter(ids):
            yield f"{action}: {len(ids)} rows and {sum(logged.values())} events, or not the same"
