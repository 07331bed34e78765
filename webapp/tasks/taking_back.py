"""拿回: taking one's own answer back while nobody has acted on it."""

from __future__ import annotations

from datetime import UTC, datetime

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.definitions import queries as definitions
from webapp.engine import Definition, Element, RestartRefused, is_opinion_block, return_targets
from webapp.errors import NotFound, Refused
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.policy import acting, can
from webapp.tasks.handing import event
from webapp.workflow import countersign, queries
from webapp.workflow.context import specs
from webapp.workflow.countersign import STILL, unanswer
from webapp.workflow.guards import step_of
from webapp.workflow.models import History, ProcessInstance, Seat, Timer, UserTask
from webapp.workflow.returning import return_data
from webapp.workflow.stepping import Step


def obstacle_to_taking_back(actor: User, seat: Seat) -> str:
    """Why the person cannot take this answer back now, "" when possible as far as can be told without trying."""
    if not can(actor, "take_back", seat):
        return str(_("只能拿回自己办理的意见。"))
    instance, task = seat.task.instance, seat.task
    if instance.state != "running":
        return str(_("事项已挂起，不能拿回。") if instance.state == "suspended" else _("事项已办结，不能拿回。"))
    if seat.returned_to == task.element or task.state == "cancelled":
        return str(_("这次办理已不再有效，无须拿回。"))
    return _used_within(seat) if task.state == "open" else _used_after(seat)


def _used_within(seat: Seat) -> str:
    """Whether others at the same task have acted on the answer: whoever asked for it, or came after it."""
    task = seat.task
    parent = next((other for other in task.seats if other.id == seat.parent_id), None)
    if parent is not None and seat.kind in ("delegate", "before"):
        return _acted(parent) if parent.state == "answered" else ""
    if parent is not None and (seat.decision == "object" or (seat.kind == "after" and parent.state != "answered")):
        return str(_("%(who)s 已在重新决定，不能拿回。", who=parent.holder.name_zh if parent.holder else _("他人")))
    acted = [other for other in countersign.children(task, seat, "after") if other.state == "answered"]
    if _in_sequence(task):
        later = [other for other in countersign.main_seats(task) if other.position > (parent or seat).position]
        acted += [other for other in later if other.state == "answered" or _taken_on(task, other)]
    return _acted(acted[0]) if acted else ""


def _taken_on(task: UserTask, seat: Seat) -> bool:
    """Whether the person whose turn it is has begun: asked others, handed it on, or taken it from its queue."""
    asked = countersign.children(task, seat, "delegate", "before", "after")
    given = seat.holder_id is not None and not _seated(task, seat)
    return bool(asked) or seat.handed_by_id is not None or given


def _seated(task: UserTask, seat: Seat) -> bool:
    """Whether the system gave the seat to its holder as it opened: by name, or as one of those who countersign."""
    said = _element(task).properties
    return seat.queue is None or ("countersign" in said and said.get("countersigners", "people") == "people")


def _used_after(seat: Seat) -> str:
    """Whether anybody, or the system, has acted on the completed task."""
    task = seat.task
    if any(is_opinion_block(_definition(task), part) for part in task.scope.split("/") if part):
        return str(_("会办中的意见不能单独拿回；可请后一环节把会办整体退回。"))
    if seat.kind != "main" or len([s for s in task.seats if s.kind == "main" and s.state == "answered"]) > 1:
        return str(_("会签已有结论，不能单独拿回；可请后一环节退回。"))
    since = task.closed_at
    assert since is not None
    later = select(UserTask).where(UserTask.instance_id == task.instance_id, UserTask.id > task.id)
    for other in db.session.scalars(later.where(UserTask.opened_at >= since)):
        # What was carried over had been answered before, by people who have not looked at this answer.
        acted = next((s for s in other.seats if s.answered_at is not None and s.answered_at >= since), None)
        if acted is not None:
            return _acted(acted)
        held = next((s for s in other.seats if s.state in STILL and _taken_on(other, s)), None)
        if held is not None and held.holder is not None:
            return str(_("%(who)s 已接手下一环节，不能拿回；可请其退回。", who=held.holder.name_zh))
    closed = later.where(UserTask.closed_at > since, UserTask.state == "completed").limit(1)
    if db.session.scalar(closed) is not None:
        return str(_("后面的环节已经办理，不能拿回；可请其退回。"))
    fired = select(Timer.id).where(Timer.instance_id == task.instance_id, Timer.state == "fired", Timer.due_at >= since)
    return str(_("期间已有到期事项自动办理，不能拿回。")) if db.session.scalar(fired.limit(1)) else ""


def _acted(seat: Seat) -> str:
    by = seat.answered_by or seat.holder
    who = by.name_zh if by is not None else _("系统")
    return str(_("%(who)s 已据此办理，不能拿回；可请其退回。", who=who))


@transactional
def take_back(actor: User, seat_id: int, *, now: datetime | None = None) -> Seat:
    """Open the actor's own answer again; where the case has gone on, it comes back to this step. Gives the open seat.

    Raises NotFound, or Refused with who has acted on it meanwhile.
    """
    now = now or datetime.now(UTC)
    acting(actor)
    instance = queries.lock_instance_of_seat(seat_id, actor.institution_id)
    seat = db.session.get(Seat, seat_id, populate_existing=True) if instance is not None else None
    if instance is None or seat is None or not can(actor, "view", seat):
        raise NotFound(_("没有这件待办。"))
    tasks = queries.open_tasks(instance)
    if sentence := obstacle_to_taking_back(actor, seat):
        raise Refused(sentence)
    if seat.task.state == "open":
        return _within(actor, seat, now)
    return _across(actor, instance, tasks, seat, now)


def _within(actor: User, seat: Seat, now: datetime) -> Seat:
    """The task is still open: those who were to come after wait again."""
    task = seat.task
    for child in (s for s in task.seats if s.parent_id == seat.id and s.kind == "after" and s.state in STILL):
        child.state, child.version = "waiting", child.version + 1
    parent = next((s for s in task.seats if s.id == seat.parent_id), None)
    if parent is not None and seat.kind in ("delegate", "before") and parent.state == "open":
        parent.state, parent.version = "waiting", parent.version + 1
    if seat.kind in ("main", "after") and _in_sequence(task):
        for other in countersign.main_seats(task):
            if other.position > (parent or seat).position and other.state == "open":
                other.state, other.version = "waiting", other.version + 1
    unanswer(seat)
    event("workflow:seat:takenback", actor, seat, {"kind": seat.kind}, "", now)
    return seat


def _definition(task: UserTask) -> Definition:
    pinned = definitions.pinned(task.instance.definition_id)
    return pinned.bundle.definition(pinned.key, specs())


def _element(task: UserTask) -> Element:
    return _definition(task).elements[task.element]


def _in_sequence(task: UserTask) -> bool:
    return countersign.rule_of(_element(task)).kind == "sequence"


def _across(actor: User, instance: ProcessInstance, tasks: dict[str, UserTask], seat: Seat, now: datetime) -> Seat:
    """The case has gone on: it comes back to this step, which is the actor's again."""
    step, task = step_of(instance, actor, now), seat.task
    scope = tuple(part for part in task.scope.split("/") if part)
    step.load()
    if task.element not in _open_to(step, task, scope):
        raise Refused(_("其后已经登记或送出，不能拿回。"))
    seat.returned_to, seat.version = task.element, seat.version + 1
    step.restarted = task.element
    try:
        step.run.restart(task.element, return_data(step), scope=scope)
    except RestartRefused as refused:
        raise Refused(_("不能拿回：%(why)s。", why=refused.sentence)) from refused
    instance.round += 1
    step.settle(tasks)
    opened = next(made for made in step.opened if made.element == task.element)
    mine = next((s for s in opened.seats if s.queue == seat.queue), opened.seats[0])
    mine.holder_id, mine.on_behalf_of_id = actor.id, seat.on_behalf_of_id
    opened.announced = True
    db.session.flush()
    event("workflow:task:takenback", actor, mine, {"from": seat.id, "round": instance.round}, "", now)
    return mine


def _open_to(step: Step, task: UserTask, scope: tuple[str, ...]) -> list[str]:
    """The elements the case may be set back to: nothing lies before an operation that must not happen twice."""
    passed = db.session.scalars(
        select(History.element).where(History.instance_id == task.instance_id).order_by(History.seq)
    )
    return return_targets(step.definition, list(passed), "", scope)
