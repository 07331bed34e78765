"""How not to do it, for the checker to find: what `workflow.commands.answer` would be with two commits and no check.

The seat and the decision are one transaction, the engine's step another, and whoever comes later writes over what the
first one said.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.registry.models import Decision
from webapp.workflow import queries
from webapp.workflow.filing import Submission, close_seat, decide, file_answers
from webapp.workflow.guards import step_of
from webapp.workflow.models import Answers, ProcessInstance, Seat


def answer(actor: User, seat_id: int, seat_version: int, submission: Submission, *, now: datetime) -> ProcessInstance:
    """File an answer in one transaction and let the case go on in the next."""
    who = actor.id
    decision_id = _write(who, seat_id, submission, now)
    return _go_on(who, seat_id, submission, decision_id, now)


def _data(submission: Submission, decides: bool) -> dict[str, Any]:
    return dict(submission.answers) | ({"decision": submission.decision} if decides else {})


@transactional
def _write(who: int, seat_id: int, submission: Submission, now: datetime) -> int | None:
    actor, seat = db.session.get_one(User, who), db.session.get_one(Seat, seat_id)
    step = step_of(seat.task.instance, actor, now)
    decides = "decisions" in step.definition.elements[seat.task.element].properties
    close_seat(seat, actor, submission, now)
    made = db.session.scalar(select(Decision).where(Decision.seat_id == seat_id))
    if made is not None:
        made.outcome, made.decided_by_id = submission.decision, who
    filed = db.session.scalar(select(Answers).where(Answers.task_id == seat.task_id))
    if filed is not None:
        filed.data = _data(submission, decides)
    else:
        file_answers(step, seat.task, _data(submission, decides), submission, actor, now)
    if made is None and decides:
        return decide(step, seat, submission.decision, submission, now)
    return made.id if made else None


@transactional
def _go_on(who: int, seat_id: int, submission: Submission, decision_id: int | None, now: datetime) -> ProcessInstance:
    seat = db.session.get_one(Seat, seat_id)
    instance = db.session.get_one(ProcessInstance, seat.instance_id)
    step = step_of(instance, db.session.get_one(User, who), now)
    step.decision_id = decision_id
    tasks = queries.open_tasks(instance)
    if seat.task.token in tasks:
        step.load()
        step.run.complete(seat.task.token, _data(submission, decision_id is not None))
        step.complete_task(seat.task, submission.decision)
        step.settle(tasks)
    return instance
