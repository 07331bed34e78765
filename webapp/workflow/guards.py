"""Who may act, on what as it stands now: locking a case, finding a stale page, keeping duties apart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy.exc import OperationalError

from webapp.engine.errors import EngineError, OperationError
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Refused, Stale
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.organization.models import User
from webapp.organization.policy import acting, can
from webapp.registry.queries import filing_of_instance
from webapp.workflow import queries
from webapp.workflow.countersign import STILL
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, UserTask
from webapp.workflow.rules import acts_for, asked_for, decides
from webapp.workflow.stepping import Step

Result = TypeVar("Result")


class Taken(NamedTuple):
    """A locked case, its open tasks by token, the seat, and the roles of the person's answers that still stand."""

    instance: ProcessInstance
    tasks: dict[str, UserTask]
    seat: Seat
    roles: frozenset[str]


def take(actor: User, seat_id: int, seat_version: int | None, key: str | None) -> Taken:
    """Lock the case and find the seat as it stands now; a repeated submission comes back answered.

    `seat_version` is the one the person saw; None where the caller compares it.
    """
    acting(actor)
    instance = queries.lock_instance_of_seat(seat_id, actor.institution_id)
    if instance is None:
        raise NotFound(_("没有这件待办。"))
    tasks, roles = queries.tasks_at_hand(instance, actor)
    seat = next((seat for task in tasks.values() for seat in task.seats if seat.id == seat_id), None)
    if seat is None:
        seat = db.session.get(Seat, seat_id, populate_existing=True)
    if seat is None or not can(actor, "view", seat):
        raise NotFound(_("没有这件待办。"))
    if key and seat.submission_key == key and seat.answered_by_id == actor.id:
        return Taken(instance, tasks, seat, roles)
    if seat.state not in ("open", "waiting", "held"):
        raise Stale(_closed_sentence(seat, actor))
    if seat.task.state == "suspended":
        raise Refused(_("这件事项已挂起，暂不能办理。"))
    if seat.holder_id not in (None, actor.id) and acts_for(actor, seat) is None and seat.holder is not None:
        raise Stale(_("%(who)s 已认领这件待办。", who=seat.holder.name_zh))
    if seat.state == "waiting":
        raise Refused(waiting_sentence(seat))
    if seat_version is not None:
        check_version(seat, seat_version)
    return Taken(instance, tasks, seat, roles)


def waiting_sentence(seat: Seat) -> str:
    """For whom a seat waits whose turn has not come."""
    asked = [s for s in seat.task.seats if s.parent_id == seat.id and s.state in ("open", "waiting", "held")]
    names = "、".join(s.holder.name_zh for s in asked if s.holder is not None)
    if names:
        return str(_("正在等 %(names)s 的意见，之后由您决定；也可以收回不等。", names=names))
    return str(_("还没有轮到您办理这件待办。"))


def check_version(seat: Seat, seat_version: int) -> None:
    """Raise Stale when the seat changed since the person saw it."""
    if seat.version != seat_version:
        raise Stale(_("这件待办在您打开之后有了变化，请重新查看后再办理。"))


def _closed_sentence(seat: Seat, reader: User) -> str:
    if seat.answered_by is not None and seat.answered_at is not None:
        zone = ZoneInfo(reader.institution.time_zone)
        at = seat.answered_at.astimezone(zone).strftime("%m-%d %H:%M")
        return str(_("%(who)s 已于 %(at)s 办理了这件待办。", who=seat.answered_by.name_zh, at=at))
    return str(_("这件待办已不需要办理（事项已撤销或转到别的环节）。"))


def step_of(instance: ProcessInstance, actor: User | None, now: datetime) -> Step:
    """The case at work, with its filing. Raises NotFound."""
    filing = filing_of_instance(instance.institution_id, instance.id)
    if filing is None:
        raise NotFound(_("没有这件事项。"))
    return Step(instance, actor, now, filing_id=filing.id)


def check_decision(offered: str | None, submission: Submission) -> None:
    """Raise Invalid unless the step offers this decision and the words it needs are there."""
    allowed = [part.strip() for part in offered.split(",")] if offered else ["submit"]
    if submission.decision not in allowed:
        raise Invalid(_("这一步不能作这样的决定。"))
    if submission.decision == "reject" and not submission.grounds:
        raise Invalid(_("不予备案须选定所依据的条款。"), (("grounds", _("请选定条款")),))
    if submission.decision in ("reject", "request_correction") and not submission.opinion.strip():
        raise Invalid(_("请写明意见。"), (("opinion", _("请写明意见")),))


def check_separation(actor: User, taken: Taken, step: Step) -> None:
    """Raise Forbidden where duties must stay apart.

    Nobody decides on an own application, nor in a role beside a decision of the same person in another one that still
    stands (unless the pack allows that).
    """
    seat = taken.seat
    if not can(actor, "answer", seat):
        raise Forbidden(_("您不能办理这件待办：本人的申请不能由本人审批，或您不在办理人之列。"))
    principal = acts_for(actor, seat)
    others = [s for s in seat.task.seats if s.id != seat.id and s.kind == "main" and s.state == "answered"]
    signed = {person for s in others for person in (s.answered_by_id, s.on_behalf_of_id)} - {None}
    if actor.id in signed:
        raise Forbidden(_("您已在这一步签过意见，会签中一人只签一次，不能再代他人签。"))
    if principal in signed:
        raise Forbidden(_("委托您的人已在这一步签过意见，会签中一人只签一次。"))
    still = {s.holder_id for s in seat.task.seats if s.id != seat.id and s.kind == "main" and s.state in STILL} - {None}
    if seat.kind == "main" and still & {actor.id, principal}:
        raise Forbidden(_("您或委托您的人在这一步另有一席，会签中一人只签一次，请办理那一席。"))
    if principal is not None and asked_for(actor, seat):
        raise Forbidden(_("这里要听的是别人的意见；请您代理的人的意见，不能由您自己给自己。"))
    if not decides(seat) or seat.role in ("applicant", "assignee") or step.process.same_person_two_roles:
        return
    roles = taken.roles if principal is None else taken.roles | queries.standing_roles(taken.instance, principal)
    if roles - {seat.role, "applicant", "assignee"}:
        raise Forbidden(_("您已以另一角色办理过这件事项，那次办理仍然有效，须由他人办理。"))


def guarded(command: Callable[[], Result], institution_id: int, instance_of: Callable[[], int | None]) -> Result:
    """Run a command; when an operation or the engine fails, everything is undone and a Fault tells the administrator.

    Raises Refused with a sentence for the person; the task stays open. A database that is gone, locked or full is
    no fault of the operation: that error is raised as it is.
    """
    try:
        return command()
    except EngineError as error:
        if isinstance(error.__cause__, OperationalError):
            raise error.__cause__ from error
        element = error.element if isinstance(error, OperationError) else ""
        cause = f"{type(error.__cause__ or error).__name__}: {error.__cause__ or error}"
        report_failure(institution_id, instance_of(), element, error.sentence, cause)
        if isinstance(error.__cause__, BeianError):
            raise error.__cause__ from error
        raise Refused(
            _("系统没能完成这一步，已通知管理员；您的办理没有丢失，可稍后再试。（%(why)s）", why=error.sentence)
        ) from error


@transactional
def report_failure(institution_id: int, instance_id: int | None, element: str, sentence: str, detail: str) -> None:
    report(
        institution_id,
        kind="operation",
        sentence=sentence,
        detail=detail,
        instance_id=instance_id,
        element=element,
        now=datetime.now(UTC),
    )
