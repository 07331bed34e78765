"""From what a person posted on a task page to the one command that carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage, MultiDict

from webapp.errors import BeianError, Invalid
from webapp.files.commands import UploadLimits, upload
from webapp.inbox.desk import Desk
from webapp.inbox.forms import APPLICANT, ATTACHMENTS, UPLOADS
from webapp.workflow import commands
from webapp.workflow.filing import Submission
from webapp.workflow.guards import check_decision
from webapp.workflow.models import ProcessInstance
from webapp.workflow.signing import check_opinion

# Decisions that send a case on; the others need no form of the step to be filled in.
_ONWARDS = ("approve", "receive", "submit")
Uploads = MultiDict[str, FileStorage]


def of_the_form(uploads: Uploads) -> MultiDict[str, Any]:
    """The files that came for fields of the step's own form."""
    return MultiDict([(name, item) for name, item in uploads.items(multi=True) if name != UPLOADS])


def store_attachments(desk: Desk, uploads: Uploads, now: datetime | None = None) -> None:
    """Keep the files that came beside the opinion, so that a refused page keeps them; a bad one is named there."""
    posted, limits = desk.decision, desk.file.bundle.pack.limits
    allowed = UploadLimits(limits.attachment_mb * 1024 * 1024, limits.types)
    for item in uploads.getlist(UPLOADS):
        if not item.filename:
            continue
        if len(posted.attachments) >= limits.attachments:
            posted.errors[ATTACHMENTS] = _("意见最多附 %(n)s 个文件", n=limits.attachments)
            return
        content = item.read(allowed.max_bytes + 1)
        try:
            stored = upload(desk.file.reader, item.filename, content, allowed, now or datetime.now(UTC))
        except BeianError as refused:
            posted.errors[ATTACHMENTS] = refused.sentence
        else:
            posted.attachments = (*posted.attachments, stored.key)


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
    # What cannot be attached (any more) is not; the page shows which are.
    kept = tuple(stored.key for stored in desk.attachments)
    submission = Submission(decision, posted.opinion, grounds, answers, form, posted.key, kept)
    posted.check(frozenset(clause.code for clause in desk.grounds) if grounds else frozenset(posted.grounds))
    if returning:
        _check_return(desk, submission)
    else:
        _check(desk, submission)
    if posted.errors or (decision in _ONWARDS and not valid):
        raise Invalid(_("请改正后再提交。"), tuple(posted.errors.items()) or (("form", ""),))
    return submission


def _check(desk: Desk, submission: Submission) -> None:
    try:
        if desk.only_opinion:
            check_opinion(submission)
        else:
            check_decision(desk.element.properties.get("decisions"), submission)
    except Invalid as refused:
        desk.decision.take(refused)


def carry_out(desk: Desk, submission: Submission, returning: bool) -> ProcessInstance:
    """Do it. Raises what the commands raise."""
    actor, seat_id, version = desk.file.reader, desk.seat.id, desk.decision.seat_version
    if returning and submission.decision == "return":
        return commands.return_to(actor, seat_id, version, desk.decision.return_to, submission)
    return commands.answer(actor, seat_id, version, submission)


def done_words(desk: Desk, decision: str, returning: bool) -> str:
    """What was done, for the toast: "已同意"."""
    if returning:
        return str(_("已%(label)s", label=desk.label(decision, returning)))
    words = {
        "approve": _("已同意"),
        "reject": _("已决定不予同意"),
        "receive": _("已收存"),
        "submit": _("已提交"),
    }
    return str(words.get(decision) or _("意见已交"))


def answered_toast(title: str, done: str, state: str, opened: Sequence[str]) -> str:
    """One line on what was done and where the case is now."""
    told = {"title": title, "done": done, "steps": "、".join(opened)}
    if state != "running":
        return str(_("%(done)s：%(title)s，本件办结。", **told))
    return str(_("%(done)s：%(title)s，现到「%(steps)s」。", **told))


def _check_return(desk: Desk, submission: Submission) -> None:
    posted = desk.decision
    if desk.only_opinion:
        posted.errors["return_to"] = _("这里只写意见；退回由请您写意见的人决定。")
        return
    if posted.return_to not in {target.value for target in desk.targets}:
        posted.errors["return_to"] = _("请选定退给谁")
    if not submission.opinion:
        posted.errors["opinion"] = _("退回须写明理由")
