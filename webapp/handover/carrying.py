"""The hand-over's work, done in the background: each line in a transaction of its own.

The rows are the only memory: a worker killed anywhere goes on with the lines that still wait, and does none twice, as a
line is marked in the transaction that did it.
"""

from __future__ import annotations

from datetime import datetime
from traceback import format_exception

from flask_babel import gettext as _
from sqlalchemy import exists, select

from webapp.errors import BeianError, Refused
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.handover import events, queries
from webapp.handover.accounts import hand_over_account
from webapp.handover.cases import hand_over_case
from webapp.handover.commands import add_lines
from webapp.handover.holdings import ACCOUNT, CASE, GRANT, LOGIN, RULE, SEAT, cases_begun, seats_held
from webapp.handover.models import Handover, HandoverLine
from webapp.handover.rights import end_grant_of, end_login, end_rule_of
from webapp.handover.seats import hand_over_seat, left_behind, put_back
from webapp.handover.work import Work
from webapp.organization.policy import acting, may
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.timers import BATCH, PAUSES, each

ACTS = {
    LOGIN: end_login,
    GRANT: end_grant_of,
    RULE: end_rule_of,
    SEAT: hand_over_seat,
    CASE: hand_over_case,
    ACCOUNT: hand_over_account,
}


def hand_over_due(now: datetime) -> int:
    """Deal with up to a batch of waiting lines, then close what is through; returns how much was done."""
    waiting = select(HandoverLine.id).where(HandoverLine.state == "waiting", HandoverLine.next_at <= now)
    ids = db.session.scalars(waiting.order_by(HandoverLine.next_at, HandoverLine.id).limit(BATCH)).all()
    done = each(ids, _deal, _failed, now)
    open_lines = exists().where(HandoverLine.handover_id == Handover.id, HandoverLine.state == "waiting")
    through = db.session.scalars(select(Handover.id).where(Handover.state == "running", ~open_lines)).all()
    return done + sum(_close(handover_id, now) for handover_id in through)


def _deal(line_id: int, now: datetime) -> int:
    """One line: done, or refused with the sentence of whoever refused it."""
    try:
        return _carry(line_id, now)
    except BeianError as refused:
        return _refuse(line_id, refused.sentence, now)


@transactional
def _carry(line_id: int, now: datetime) -> int:
    line = queries.locked_line(line_id)
    if line is None:
        return 0
    handover = line.handover
    acting(handover.ordered_by)
    if not may(handover.ordered_by, "handover.order"):
        raise Refused(_("下达交接的人已不是系统管理员，请现任管理员再试一次。"))
    work = Work(line, handover.leaver, handover.successor, handover.ordered_by, handover.reason, now)
    acting(work.leaver)
    acting(work.successor)
    sentence = ACTS[line.noun](work)
    _end(line, "done", sentence, now)
    return 1


@transactional
def _refuse(line_id: int, sentence: str, now: datetime) -> int:
    """Mark a line refused; a claimed seat goes back to its queue, and what nobody can act on any more is a fault."""
    line = queries.locked_line(line_id)
    if line is None:
        return 0
    handover = line.handover
    work = Work(line, handover.leaver, handover.successor, handover.ordered_by, handover.reason, now)
    back = put_back(work) if line.noun == SEAT else ""
    _end(line, "refused", f"{sentence}{back}", now)
    left_behind(work)
    return 1


def _end(line: HandoverLine, state: str, sentence: str, now: datetime) -> None:
    line.state, line.sentence, line.done_at = state, sentence, now
    events.done(line, line.handover.ordered_by, now, _case_of(line))


def _case_of(line: HandoverLine) -> int | None:
    """The case a line is about, in whose history its event is shown."""
    if line.noun == CASE:
        return line.object_id if db.session.get(ProcessInstance, line.object_id) is not None else None
    seat = db.session.get(Seat, line.object_id) if line.noun == SEAT else None
    return seat.instance_id if seat is not None else None


@transactional
def _failed(line_id: int, now: datetime, error: Exception) -> None:
    """A line that fails is tried three times with growing pauses, then is a fault and no longer in the way."""
    line = queries.locked_line(line_id)
    if line is None:
        return
    line.attempts += 1
    if line.attempts <= len(PAUSES):
        line.next_at = now + PAUSES[line.attempts - 1]
        return
    why = str(getattr(error, "sentence", "") or type(error).__name__)
    line.sentence = _("系统三次没能办成：%(why)s", why=why)
    line.state, line.done_at = "faulty", now
    report(
        line.institution_id,
        kind="handover",
        sentence=_("%(who)s 的交接有一项没能办成：%(why)s", who=line.handover.leaver.name_zh, why=why),
        detail="".join(format_exception(error)),
        element=f"handover:{line.id}",
        now=now,
    )


@transactional
def _close(handover_id: int, now: datetime) -> int:
    """End a hand-over that is through; what the leaver took on while it was ordered is handed over, too."""
    statement = select(Handover).where(Handover.id == handover_id).with_for_update(skip_locked=True)
    handover = db.session.scalar(statement.execution_options(populate_existing=True))
    if handover is None or handover.state != "running":
        return 0
    later = _later(handover)
    if any(later.values()):
        add_lines(handover, later, now)
        return 1
    handover.state, handover.done_at = "done", now
    return 1


def _later(handover: Handover) -> dict[str, list[int]]:
    """Tasks and cases that came to the leaver in the moment of ordering, of the groups that are handed over."""
    rows = select(HandoverLine.noun, HandoverLine.object_id).where(HandoverLine.handover_id == handover.id)
    known = {(row[0], row[1]) for row in db.session.execute(rows)}
    groups = {noun for noun, _id in known}
    found = {SEAT: seats_held(handover.leaver), CASE: cases_begun(handover.leaver)}
    if LOGIN not in groups:
        return {}
    return {
        noun: [object_id for object_id in db.session.scalars(ids) if (noun, object_id) not in known]
        for noun, ids in found.items()
    }
