"""From what a person posted on a task page to the one command that carries it out."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.inbox.desk import Desk
from webapp.inbox.forms import APPLICANT
from webapp.workflow import commands
from webapp.workflow.filing import Submission
from webapp.workflow.guards import check_decision
from webapp.workflow.models import ProcessInstance

# Decisions that send a case on; the others need no form of the step to be filled in.
_ONWARDS = ("approve", "receive", "submit")


def prepare(desk: Desk, returning: bool) -> Submission:
    """The submission behind a post. Raises Invalid with every sentence already beside its field.

    A return files no form of the step, a refusal only one that was filled in rightly.
    """
    posted = desk.decision
    decision = posted.decision
    if returning:
        decision = "request_correction" if posted.return_to == APPLICANT else "return"
    elif not desk.decides:
        decision = "submit"
    bound = None if returning else desk.bound
    valid = bound is None or bound.validate()
    if bound is not None and not valid and decision not in _ONWARDS:
        bound.errors = {}
        bound = None
    grounds = posted.grounds if decision == "reject" else ()
    answers = bound.answers if bound is not None else {}
    form = (bound.schema.key, bound.schema.hash) if bound is not None else None
    submission = Submission(decision, posted.opinion, grounds, answers, form, posted.key)
    posted.check(frozenset(clause.code for clause in desk.grounds) if grounds else frozenset(posted.grounds))
    if returning:
        _check_return(desk, submission)
    else:
        try:
            check_decision(desk.element.properties.get("decisions"), submission)
        except Invalid as refused:
            posted.take(refused)
    if posted.errors or (decision in _ONWARDS and not valid):
        raise Invalid(_("请改正后再提交。"), tuple(posted.errors.items()) or (("form", ""),))
    return submission


def carry_out(desk: Desk, submission: Submission, returning: bool) -> ProcessInstance:
    """Do it. Raises what the commands raise."""
    actor, seat_id, version = desk.file.reader, desk.seat.id, desk.decision.seat_version
    if returning and submission.decision == "return":
        return commands.return_to(actor, seat_id, version, desk.decision.return_to, submission)
    return commands.answer(actor, seat_id, version, submission)


def answered_toast(title: str, label: str, state: str, opened: Sequence[str]) -> str:
    """One line on what was done and where the case is now."""
    if state != "running":
        return str(_("%(title)s：%(label)s，本件办结。", title=title, label=label))
    steps = "、".join(opened)
    return str(_("%(title)s：%(label)s，现到「%(steps)s」。", title=title, label=label, steps=steps))


def _check_return(desk: Desk, submission: Submission) -> None:
    posted = desk.decision
    if posted.return_to not in {target.value for target in desk.targets}:
        posted.errors["return_to"] = _("请选定退给谁")
    if not submission.opinion:
        posted.errors["opinion"] = _("退回须写明理由")
