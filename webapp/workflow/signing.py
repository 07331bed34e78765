"""A task of several seats: each answer waits in its seat until the step has come to an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.extensions import db
from webapp.ledger import record
from webapp.organization.models import User
from webapp.workflow import countersign
from webapp.workflow.filing import Submission, attach_files, close_seat, decide
from webapp.workflow.models import Seat, UserTask
from webapp.workflow.rules import OPINIONS
from webapp.workflow.stepping import Step
from webapp.workflow.telling import tell_of

# What who is asked for an opinion may say.
SAYING = ("agree", "object")


def check_opinion(submission: Submission) -> None:
    """Raise Invalid unless the opinion is one: agreeing, or objecting with the reason."""
    if submission.decision not in SAYING:
        raise Invalid(_("这里只写意见：建议同意或建议不同意。"))
    if submission.decision == "object" and not submission.opinion.strip():
        raise Invalid(_("请写明意见。"), (("opinion", _("请写明意见")),))


def sign(step: Step, seat: Seat, submission: Submission, actor: User, for_whom: int | None) -> str | None:
    """Keep one answer in its seat; gives what the task came to, None while others must still answer.

    Opens the seats whose turn has come, and tells whose decision it is again.
    """
    task, waiting = seat.task, [other.id for other in seat.task.seats if other.state != "open"]
    attach_files(step, submission.answers, submission, actor)
    close_seat(seat, actor, submission, step.now, for_whom)
    if seat.kind not in OPINIONS:
        seat.filed = {"answers": submission.answers, "form": list(submission.form) if submission.form else None}
    _record(step, seat, submission, actor, for_whom)
    outcome = countersign.go_on(task, seat, countersign.rule_of(step.definition.elements[task.element]))
    _tell_turns(seat, waiting, step.now)
    return outcome


def do_without(step: Step, seat: Seat) -> str | None:
    """After a confirmation is waited for no more: gives what the task came to, None while others must still answer."""
    task = seat.task
    if any(child.state in countersign.STILL for child in task.seats if child.parent_id == seat.parent_id):
        return None
    waiting = [other.id for other in task.seats if other.state != "open"]
    outcome = countersign.proceed(task, countersign.rule_of(step.definition.elements[task.element]))
    _tell_turns(seat, waiting, step.now)
    return outcome


def _tell_turns(seat: Seat, waiting: Sequence[int], now: datetime) -> None:
    """Those of the seats `waiting` whose turn has come after `seat` learn of it."""
    for other in seat.task.seats:
        if other.state == "open" and other.id in waiting and other.holder_id is not None:
            _tell_turn(other, seat, now)


def conclude(step: Step, task: UserTask, outcome: str, closing: Submission) -> Submission:
    """Write the decisions of those who have signed; gives what they have come to together, as one submission."""
    signed = sorted((s for s in countersign.main_seats(task) if s.state == "answered"), key=_when)
    answers: dict[str, Any] = {}
    form = closing.form
    for seat in signed:
        filed = seat.filed or {}
        answers |= filed.get("answers") or {}
        form = tuple(filed["form"]) if filed.get("form") else form
        if task.decides:
            own = Submission(seat.decision or "", seat.opinion, tuple(seat.grounds))
            by = seat.answered_by or step.actor
            made = decide(step, seat, own.decision, own, seat.answered_at or step.now, by)
            if seat.decision == outcome or step.decision_id is None:
                step.decision_id = made
        seat.filed = None
    carrying = [seat for seat in signed if seat.decision == outcome] or signed
    grounds = dict.fromkeys(code for seat in carrying for code in seat.grounds)
    return replace(
        closing, decision=outcome, opinion=_opinions(carrying), grounds=tuple(grounds), answers=answers, form=form
    )


def tally(task: UserTask) -> dict[str, int]:
    """How many have agreed and refused, for what comes after a countersigned step."""
    votes = [seat.decision for seat in countersign.main_seats(task) if seat.state == "answered"]
    return {"agreed": sum(vote in countersign.AGREEING for vote in votes), "refused": votes.count("reject")}


def _when(seat: Seat) -> tuple[datetime, int]:
    assert seat.answered_at is not None
    return seat.answered_at, seat.id


def _opinions(seats: Sequence[Seat]) -> str:
    """The opinions as the next step reads them: one as it is, several with the names of those who gave them."""
    if len(seats) == 1:
        return seats[0].opinion
    return "\n".join(f"{s.answered_by.name_zh}：{s.opinion}" for s in seats if s.opinion and s.answered_by)


def _tell_turn(seat: Seat, after: Seat, now: datetime) -> None:
    case = seat.task.instance
    facts = {"title": case.title_zh, "step": seat.task.name, "reference": case.reference}
    subject = _("轮到您办理：%(title)s", **facts)
    body = _("%(reference)s 的“%(step)s”现由您办理。", **facts)
    key = f"turn:{seat.id}:{seat.version}"
    db.session.flush()
    tell_of(seat, [seat.holder_id] if seat.holder_id else [], subject, body, kind="task", key=key, now=now)


def _record(step: Step, seat: Seat, submission: Submission, actor: User, for_whom: int | None) -> None:
    record(
        db.session(),
        institution_id=seat.institution_id,
        action="workflow:seat:answered",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        on_behalf_of=for_whom,
        object_type="seat",
        object_id=seat.id,
        kept={
            "element": seat.task.element,
            "element_name": seat.task.name,
            "round": seat.task.round,
            "kind": seat.kind,
            "decision": submission.decision,
            "form": submission.form[1] if submission.form else None,
        },
        erasable={"opinion": submission.opinion, "answers": submission.answers},
        at=step.now,
        instance_id=seat.instance_id,
        task_id=seat.task_id,
        deployment_hash=step.bundle.hash,
    )
