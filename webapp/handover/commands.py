"""What an administrator does about a person who leaves: order the hand-over, try again what was refused.

The hand-over itself is done line by line in the background (`webapp.handover.carrying`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NoReturn, cast

from flask_babel import gettext as _
from sqlalchemy import Table, insert, update

from webapp.errors import Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db, transactional, work_waits
from webapp.handover import events, queries
from webapp.handover.holdings import CASE, LOGIN, NOUNS, SEAT, holdings
from webapp.handover.models import Handover, HandoverLine
from webapp.organization.models import User
from webapp.organization.policy import acting, may
from webapp.organization.queries import local_day
from webapp.substitution.queries import administers, locked_people

MOST_WORDS = 500
_LINES = insert(cast(Table, HandoverLine.__table__))


@transactional
def order(
    actor: User, leaver_id: int, successor_id: int, reason: str, nouns: Collection[str], *, now: datetime
) -> Handover:
    """离职交接: what the leaver has of these groups goes to the successor, line by line in the background.

    Raises Forbidden (not an administrator), Invalid (people, reason or groups that cannot be), Refused (one of this
    person is under way, or there is nothing to hand over).
    """
    acting(actor)
    if not may(actor, "handover.order"):
        raise Forbidden(_("只有系统管理员可以办理离职交接。"))
    words = reason.strip()
    if not words:
        _refuse("reason", _("请写明缘由。"))
    if len(words) > MOST_WORDS:
        _refuse("reason", _("缘由不超过 %(n)s 字。", n=MOST_WORDS))
    people = locked_people(actor.institution_id, {leaver_id, successor_id})
    leaver, successor = check_people(actor, people.get(leaver_id), people.get(successor_id), now)
    if queries.running(actor.institution_id, leaver.id) is not None:
        raise Refused(_("%(who)s 的交接正在进行，办完后才能再办。", who=leaver.name_zh))
    found = holdings(leaver, local_day(now, actor.institution.time_zone))
    wanted = {noun: found[noun] for noun in NOUNS if noun in nouns and found[noun]}
    _check_groups(leaver, found, wanted)
    handover = Handover(
        institution_id=actor.institution_id,
        leaver=leaver,
        successor=successor,
        ordered_by=actor,
        reason=words,
        ordered_at=now,
    )
    db.session.add(handover)
    db.session.flush()
    add_lines(handover, wanted, now)
    events.ordered(handover, actor, {noun: len(ids) for noun, ids in wanted.items()}, now)
    return handover


def check_people(actor: User, leaver: User | None, successor: User | None, now: datetime) -> tuple[User, User]:
    """The two people, once one may take over from the other. Raises Invalid at the field that names the wrong one."""
    today = local_day(now, actor.institution.time_zone)
    if leaver is None:
        _refuse("leaver", _("没有这个人。"))
    if leaver.id == actor.id:
        _refuse("leaver", _("不能办理本人的交接，请另一位系统管理员办理。"))
    if successor is None:
        _refuse("successor", _("没有这个人。"))
    if successor.id == leaver.id:
        _refuse("successor", _("接办人须是另一个人。"))
    if not successor.active:
        _refuse("successor", _("%(who)s 的登录已停用，不能接办。", who=successor.name_zh))
    if administers(successor.id, today, today):
        _refuse("successor", _("%(who)s 是管理员或审计员，不办理事项，不能接办。", who=successor.name_zh))
    return leaver, successor


def _check_groups(leaver: User, found: dict[str, list[int]], wanted: dict[str, list[int]]) -> None:
    """Raise where the ticked groups do not go together, or come to nothing."""
    if not wanted:
        raise Refused(_("没有选定要移交的内容。"))
    if LOGIN in wanted and any(found[noun] and noun not in wanted for noun in (SEAT, CASE)):
        _refuse("nouns", _("停用登录时，手中的待办和发起的事项须一并移交，否则没有人能办。"))
    if CASE in wanted and leaver.active and LOGIN not in wanted:
        _refuse("nouns", _("发起的事项只能与停用登录一并移交，否则本人以后可能审批自己提出的申请。"))


def add_lines(handover: Handover, wanted: dict[str, list[int]], now: datetime) -> None:
    """Write a line for each thing, in the order of the groups; the background job is told."""
    own = {"institution_id": handover.institution_id, "handover_id": handover.id, "next_at": now}
    rows = [{**own, "noun": noun, "object_id": object_id} for noun in NOUNS for object_id in wanted.get(noun, ())]
    if rows:
        db.session.execute(_LINES, rows)
        work_waits()


@transactional
def try_again(actor: User, handover_id: int, *, now: datetime) -> int:
    """Let the lines that were refused or failed be tried once more, after their cause was mended; returns how many.

    Raises NotFound, Forbidden.
    """
    acting(actor)
    if not may(actor, "handover.order"):
        raise Forbidden(_("只有系统管理员可以办理离职交接。"))
    handover = queries.handover(actor, handover_id)
    if handover is None:
        raise NotFound(_("没有这次交接。"))
    stuck = (HandoverLine.handover_id == handover.id, HandoverLine.state.in_(["refused", "faulty"]))
    fresh = {"state": "waiting", "sentence": "", "attempts": 0, "next_at": now, "done_at": None}
    again = update(HandoverLine).where(*stuck).values(**fresh)
    ids = db.session.scalars(again.returning(HandoverLine.id)).all()
    if ids:
        handover.state, handover.done_at = "running", None
        handover.ordered_by = actor
        events.tried_again(handover, actor, len(ids), now)
        work_waits()
    return len(ids)


def _refuse(field: str, sentence: str) -> NoReturn:
    raise Invalid(sentence, ((field, sentence),))
