"""Handing a task on: for good (转办), for an opinion (委派), or by an administrator when its holder is away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from flask_babel import gettext as _

from webapp.errors import Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import User
from webapp.organization.policy import acting, can
from webapp.tasks.standing import colleague, objection_to_deciding, objection_to_speaking
from webapp.workflow import queries
from webapp.workflow.commands import go_on_without
from webapp.workflow.countersign import STILL
from webapp.workflow.guards import check_separation, check_version, guarded, step_of, take
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.rules import acts_for, asked_for
from webapp.workflow.telling import tell_of

MOST_WORDS = 500


@transactional
def transfer(
    actor: User, seat_id: int, seat_version: int, to_id: int, note: str, *, now: datetime | None = None
) -> Seat:
    """转办: somebody else who may act on the seat finishes it in the actor's place.

    Raises NotFound, Stale, Forbidden (not the actor's to hand on), Refused (the other may not), Invalid (the note).
    """
    now = now or datetime.now(UTC)
    seat = take(actor, seat_id, None, None).seat
    check_version(seat, seat_version)
    if not can(actor, "transfer", seat):
        raise Forbidden(_("这件待办不能由您转办。"))
    to = colleague(actor, to_id)
    if to.id == actor.id:
        raise Refused(_("不能转给自己。"))
    refuse(objection_to_deciding(to, seat))
    given = {"from": seat.holder_id or actor.id, "to": to.id}
    _hand_on(seat, actor, to, note)
    event("workflow:task:transferred", actor, seat, given, note, now)
    _tell(seat, to, _("%(who)s 转给您办理：%(title)s", who=actor.name_zh, title=seat.task.instance.title_zh), note, now)
    return seat


@transactional
def delegate(
    actor: User, seat_id: int, seat_version: int, to_id: int, note: str, *, now: datetime | None = None
) -> Seat:
    """委派: somebody gives an opinion first, then the seat is the actor's again, who decides. Gives the new seat.

    Raises as `transfer`.
    """
    return ask(actor, seat_id, seat_version, "delegate", [to_id], note, now or datetime.now(UTC))[0]


def ask(
    actor: User, seat_id: int, seat_version: int, kind: str, user_ids: list[int], note: str, now: datetime
) -> list[Seat]:
    """Open a seat below the actor's own for each of these people; part of a command. Raises as `transfer`."""
    taken = take(actor, seat_id, None, None)
    seat = taken.seat
    check_version(seat, seat_version)
    if not can(actor, "delegate" if kind == "delegate" else "add_sign", seat):
        raise Forbidden(_("这件待办不能由您请他人办理。"))
    check_separation(actor, taken, step_of(taken.instance, actor, now))  # who asks takes it on, and must be able to
    words = _words(note)
    made = []
    for user_id in dict.fromkeys(user_ids):
        to = colleague(actor, user_id)
        if to.id == actor.id:
            raise Refused(_("不能请自己。"))
        refuse(objection_to_speaking(to, seat))
        made.append(_seat_below(seat, actor, to, kind, words))
    if seat.holder_id is None:  # who asks others has taken the task on
        seat.on_behalf_of_id, seat.holder_id = acts_for(actor, seat), actor.id
    if kind != "after":
        seat.state = "waiting"
    seat.version += 1
    db.session.flush()
    for child in made:
        event("workflow:seat:asked", actor, child, {"kind": kind, "to": child.holder_id, "seat": seat.id}, words, now)
        if kind != "after":
            _tell_asked(child, actor, words, now)
    return made


def _seat_below(seat: Seat, actor: User, to: User, kind: str, note: str) -> Seat:
    child = Seat(
        institution_id=seat.institution_id,
        task=seat.task,
        instance_id=seat.instance_id,
        kind=kind,
        parent_id=seat.id,
        position=seat.position,
        holder_id=to.id,
        handed_by_id=actor.id,
        note=note,
        state="waiting" if kind == "after" else "open",
        urgency=seat.urgency,
        role="",
    )
    db.session.add(child)
    return child


def recall(actor: User, seat_id: int, *, now: datetime | None = None) -> Seat:
    """拿回委派、减签: do without an opinion that has not been given. Gives the seat that is waited for no more.

    Where it was the last confirmation of a decision, the case goes on. Raises NotFound, or Refused when it has been
    given.
    """
    return guarded(
        lambda: _recall(actor, seat_id, now or datetime.now(UTC)),
        actor.institution_id,
        lambda: queries.instance_id_of_seat(seat_id),
    )


@transactional
def _recall(actor: User, seat_id: int, now: datetime) -> Seat:
    acting(actor)
    instance = queries.lock_instance_of_seat(seat_id, actor.institution_id)
    seat = _at(instance, seat_id)
    if instance is None or seat is None or not asked_for(actor, seat):
        raise NotFound(_("没有这件待办。"))
    if seat.state == "void":
        return seat
    if instance.state != "running" or not can(actor, "recall", seat):
        raise Refused(_("意见已经给出，或事项已挂起，不能收回。"))
    seat.state, seat.version = "void", seat.version + 1
    parent = next(other for other in seat.task.seats if other.id == seat.parent_id)
    awaited = [s for s in seat.task.seats if s.parent_id == parent.id and s.kind != "after" and s.state in STILL]
    if seat.kind != "after" and not awaited and parent.state == "waiting":
        parent.state, parent.version = "open", parent.version + 1
    event("workflow:seat:recalled", actor, seat, {"kind": seat.kind, "from": seat.holder_id}, "", now)
    if seat.kind == "after" and parent.state == "answered":
        go_on_without(step_of(instance, actor, now), queries.open_tasks(instance), seat)
    return seat


@transactional
def reassign(actor: User, seat_id: int, to_id: int, note: str, *, now: datetime | None = None) -> Seat:
    """An administrator gives a seat to somebody else who may act on it. `note` is the reason.

    Raises NotFound, Refused (the other may not act on it, or it is answered), Invalid (no reason).
    """
    now = now or datetime.now(UTC)
    seat = _overseen(actor, seat_id)
    to = colleague(actor, to_id)
    refuse(objection_to_deciding(to, seat) if seat.kind == "main" else objection_to_speaking(to, seat))
    given = {"from": seat.holder_id, "to": to.id, "administrator": True}
    asked_by = seat.handed_by_id
    _hand_on(seat, actor, to, _reason(note))
    if seat.kind != "main":
        seat.handed_by_id = asked_by
    event("workflow:task:transferred", actor, seat, given, note, now)
    _tell(seat, to, _("由您接办：%(title)s", title=seat.task.instance.title_zh), note, now)
    return seat


@transactional
def release(actor: User, seat_id: int, note: str, *, now: datetime | None = None) -> Seat:
    """An administrator puts a claimed seat back into its queue. Raises as `reassign`, Refused without a queue."""
    now = now or datetime.now(UTC)
    seat = _overseen(actor, seat_id)
    if seat.queue is None or seat.kind != "main":
        raise Refused(_("这件待办指定了办理人，没有可以放回的队列。"))
    if len([other for other in seat.task.seats if other.kind == "main" and other.queue == seat.queue]) > 1:
        raise Refused(_("会签中每人一席，不能放回队列；请改由他人办理。"))
    given = {"from": seat.holder_id, "to": None, "administrator": True}
    seat.holder_id, seat.on_behalf_of_id, seat.handed_by_id = None, None, None
    seat.note, seat.version = _reason(note), seat.version + 1
    event("workflow:task:released", actor, seat, given, note, now)
    return seat


def _overseen(actor: User, seat_id: int) -> Seat:
    acting(actor)
    instance = queries.lock_instance_of_seat(seat_id, actor.institution_id)
    if instance is None or not can(actor, "oversee", instance):
        raise NotFound(_("没有这件待办。"))
    seat = _at(instance, seat_id)
    if seat is None or seat.state not in STILL:
        raise Refused(_("这件待办已经办结或撤销，无须交接。"))
    if seat.role == "applicant":
        raise Refused(_("申请人自己的事项随申请一并交接，不能单独转给他人。"))
    return seat


def _at(instance: ProcessInstance | None, seat_id: int) -> Seat | None:
    """The seat as it stands in its locked case, with the others of its task."""
    if instance is None:
        return None
    seats = (seat for task in queries.open_tasks(instance).values() for seat in task.seats)
    return next((seat for seat in seats if seat.id == seat_id), None)


def _hand_on(seat: Seat, actor: User, to: User, note: str) -> None:
    seat.holder_id, seat.on_behalf_of_id, seat.handed_by_id = to.id, None, actor.id
    seat.note, seat.version = _words(note), seat.version + 1


def _words(note: str) -> str:
    words = note.strip()
    if len(words) > MOST_WORDS:
        raise Invalid(_("说明不超过 %(n)s 字。", n=MOST_WORDS), (("note", _("太长了")),))
    return words


def _reason(note: str) -> str:
    if not note.strip():
        raise Invalid(_("请写明缘由。"), (("note", _("请写明缘由")),))
    return _words(note)


def refuse(sentence: str) -> None:
    """Raise Refused with a sentence, when there is one."""
    if sentence:
        raise Refused(sentence)


def event(action: str, actor: User, seat: Seat, given: Mapping[str, object], note: str, now: datetime) -> None:
    """The ledger's line on a seat."""
    record(
        db.session(),
        institution_id=seat.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="seat",
        object_id=seat.id,
        kept={"element": seat.task.element, "element_name": seat.task.name, **given},
        erasable={"note": note} if note else {},
        at=now,
        instance_id=seat.instance_id,
        task_id=seat.task_id,
    )


def _tell_asked(seat: Seat, actor: User, note: str, now: datetime) -> None:
    to = db.session.get_one(User, seat.holder_id)
    _tell(
        seat, to, _("%(who)s 请您给出意见：%(title)s", who=actor.name_zh, title=seat.task.instance.title_zh), note, now
    )


def _tell(seat: Seat, to: User, subject: str, note: str, now: datetime) -> None:
    case = seat.task.instance
    body = _("%(reference)s 的“%(step)s”，请办理。", reference=case.reference, step=seat.task.name)
    body = f"{body}\n{note}" if note else body
    tell_of(seat, [to.id], subject, body, kind="task", key=f"handed:{seat.id}:{seat.version}", now=now)
