"""Telling people of the tasks that wait for them: a job of its own, so that opening a task costs no step anything.

A task is told of once to each person. Whoever gives it to further people later (the next in a sequence, a seat handed
on) may set `announced` to false again: only those who were not told yet are told then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from traceback import format_exception
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from webapp.definitions.queries import pinned
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.notifications.commands import tell
from webapp.notifications.models import Notice
from webapp.organization.models import Delegation, User
from webapp.organization.queries import local_day
from webapp.workflow.context import specs
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.seats import eligible
from webapp.workflow.timers import BATCH, each

LOCALES = ("zh", "en")


@dataclass
class _Told:
    """Who is told of which seat, each with the principal acted for, None for oneself; the first seat found counts."""

    people: dict[int, tuple[User, Seat, User | None]] = field(default_factory=dict)

    def add(self, user: User, seat: Seat, principal: User | None = None) -> None:
        self.people.setdefault(user.id, (user, seat, principal))


def announce_due(now: datetime) -> int:
    """Tell everyone who may act of each open task nobody was told of; returns how many tasks were announced."""
    waiting = select(UserTask.id).where(UserTask.state == "open", ~UserTask.announced).order_by(UserTask.id)
    return each(db.session.scalars(waiting.limit(BATCH)).all(), _announce, _not_announced, now)


@transactional
def _announce(task_id: int, now: datetime) -> int:
    task = _locked(task_id)
    if task is None or task.state != "open" or task.announced:
        return 0
    task.announced = True
    told = _Told()
    able = [(seat, eligible(seat, task.instance, task.decides, now)) for seat in task.seats if seat.state == "open"]
    for seat, people in able:
        for user in [] if _told_by_the_pack(task, seat) else people:
            told.add(user, seat)
    for seat, people in able:
        for user, principal in _substitutes(task, seat, people, now):
            told.add(user, seat, principal)
    for locale in LOCALES:
        _tell(task, told, locale, now)
    return 1


def _locked(task_id: int) -> UserTask | None:
    statement = (
        select(UserTask)
        .where(UserTask.id == task_id)
        .options(joinedload(UserTask.instance), joinedload(UserTask.seats))
        .with_for_update(of=UserTask)
    )
    return db.session.scalars(statement, execution_options={"populate_existing": True}).unique().one_or_none()


def _told_by_the_pack(task: UserTask, seat: Seat) -> bool:
    """Whether the step that sent a case back to its applicant told so in the pack's own words."""
    if seat.role != "applicant" or seat.holder_id != task.instance.applicant_id:
        return False
    notice = select(Notice.id).where(
        Notice.user_id == seat.holder_id,
        Notice.instance_id == task.instance_id,
        Notice.created_at == task.opened_at,
        Notice.text_key != "",
    )
    return db.session.scalar(notice.limit(1)) is not None


def _substitutes(task: UserTask, seat: Seat, people: Sequence[User], now: datetime) -> Sequence[tuple[User, User]]:
    """Who stands in today for one of `people`, with that principal; never at what only the applicant answers."""
    if seat.role == "applicant" or not people:
        return []
    principals = {user.id: user for user in people}
    found = pinned(task.instance.definition_id)
    day = local_day(now, found.bundle.pack.institution.time_zone)
    statement = (
        select(User, Delegation.principal_id)
        .join(Delegation, Delegation.substitute_id == User.id)
        .where(
            Delegation.principal_id.in_(principals),
            Delegation.institution_id == task.institution_id,
            or_(Delegation.process_key.is_(None), Delegation.process_key == found.key),
            Delegation.valid_from <= day,
            Delegation.valid_to >= day,
            Delegation.revoked_at.is_(None),
            User.active,
        )
        .order_by(Delegation.id)
    )
    rows = db.session.execute(statement).all()
    applicant = task.instance.applicant_id if task.decides else None
    return [(user, principals[principal_id]) for user, principal_id in rows if user.id != applicant]


def _tell(task: UserTask, told: _Told, locale: str, now: datetime) -> None:
    """Everybody of one language, those of one seat and principal together."""
    groups: dict[tuple[int, int], tuple[list[int], Seat, User | None]] = {}
    for user, seat, principal in told.people.values():
        if (user.locale == "en") == (locale == "en"):
            place = seat.id, principal.id if principal else 0
            groups.setdefault(place, ([], seat, principal))[0].append(user.id)
    for people, seat, principal in groups.values():
        with force_locale(locale):
            subject, body = _words(task, seat, principal, locale)
        tell(
            task.institution_id,
            people,
            subject,
            body,
            instance_id=task.instance_id,
            now=now,
            key=f"task:{task.id}",
            kind="task",
            link=f"/tasks/{seat.id}",
        )


def _words(task: UserTask, seat: Seat, principal: User | None, locale: str) -> tuple[str, str]:
    case: ProcessInstance = task.instance
    found, english = pinned(case.definition_id), locale == "en"
    step = task.name
    if english:
        element = found.bundle.definition(found.key, specs()).elements.get(task.element)
        step = (element.properties.get("name_en") if element else "") or task.name
    facts = {"title": (english and case.title_en) or case.title_zh, "reference": case.reference, "step": step}
    if seat.role == "applicant" and task.round > 1:
        subject = _("请补正：%(title)s", **facts)
        body = _("%(reference)s 已退回给您，请按意见修改后重新提交。", **facts)
    elif principal is not None:
        name = (english and principal.name_en) or principal.name_zh
        subject = _("代办：%(title)s", **facts)
        body = _("%(reference)s 的“%(step)s”等 %(name)s 办理，您今天可以代办。", name=name, **facts)
    else:
        subject = _("待办：%(title)s", **facts)
        body = _("%(reference)s 的“%(step)s”等您办理。", **facts)
    if task.due_at is None:
        return subject, body
    zone = ZoneInfo(found.bundle.pack.institution.time_zone)
    due = _("请在 %(due)s 前办理。", due=f"{task.due_at.astimezone(zone):%Y-%m-%d %H:%M}")
    return subject, f"{body}\n{due}"


@transactional
def _not_announced(task_id: int, now: datetime, error: Exception) -> None:
    """The task stays in everybody's inbox; whose telling failed is not tried in a circle, nor in the others' way."""
    task = _locked(task_id)
    if task is None or task.announced:
        return
    task.announced = True
    report(
        task.institution_id,
        kind="announcement",
        sentence=_("“%(step)s”的办理人没有收到通知，任务仍在待办中。", step=task.name),
        detail="".join(format_exception(error)),
        instance_id=task.instance_id,
        task_id=task.id,
        element=task.element,
        now=now,
    )
