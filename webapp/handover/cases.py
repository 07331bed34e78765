"""A case the leaver began gets another applicant; nobody comes to decide on an own case that way."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from webapp.definitions.queries import pinned
from webapp.engine import Run, store
from webapp.errors import Refused
from webapp.extensions import db
from webapp.handover.holdings import OPEN_CASES
from webapp.handover.seats import note_of, report_unmanned
from webapp.handover.work import Work
from webapp.notifications.commands import tell
from webapp.workflow import queries
from webapp.workflow.countersign import STILL
from webapp.workflow.facts import applicant_facts
from webapp.workflow.guards import step_of
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.starting import may_start


def hand_over_case(work: Work) -> str:
    """The applicant and the applicant's open tasks; expressions read the new applicant from now on.

    Raises Refused where the successor has had, or has, another part in the case, may not apply at all, or the leaver
    could still log in and one day decide on what was an own application.
    """
    instance = queries.lock_instance(work.object_id)
    if instance is None or instance.institution_id != work.line.institution_id:
        raise Refused(_("没有这件事项。"))
    if instance.state not in OPEN_CASES or instance.applicant_id != work.leaver.id:
        return str(_("已经办结，或申请人已不是 %(who)s，无须移交。", who=work.leaver.name_zh))
    _check(instance, work)
    tasks = queries.open_tasks(instance)
    for seat in (seat for task in tasks.values() for seat in task.seats):
        if seat.role == "applicant" and seat.state in STILL and seat.holder_id == work.leaver.id:
            seat.holder_id, seat.handed_by_id, seat.note = work.successor.id, work.actor.id, note_of(work)
            seat.version += 1
    instance.applicant = work.successor
    _tell_the_run(instance, work)
    instance.version += 1
    report_unmanned(instance, work)
    _invite(instance, work)
    return str(_("申请人改为 %(who)s。", who=work.successor.name_zh))


def _check(instance: ProcessInstance, work: Work) -> None:
    successor, process = work.successor, pinned(instance.definition_id)
    if work.leaver.active:
        raise Refused(_("%(who)s 的登录没有停用，本人发起的事项不能移交。", who=work.leaver.name_zh))
    if _has_part(instance, successor.id):
        raise Refused(
            _("%(who)s 办理过或正在办理这件事项，不能同时作它的申请人，请另定接办人。", who=successor.name_zh)
        )
    if not instance.requested and not may_start(successor, process.bundle.process(process.key)):
        raise Refused(_("%(who)s 不在可以发起这项流程的人员之列。", who=successor.name_zh))


def _has_part(instance: ProcessInstance, user_id: int) -> bool:
    """Whether the person holds a seat of the case, has answered one, or one was answered on the person's behalf."""
    mine = or_(
        Seat.answered_by_id == user_id,
        and_(Seat.holder_id == user_id, Seat.state.in_(STILL)),
        and_(Seat.on_behalf_of_id == user_id, Seat.state.in_([*STILL, "answered"])),
    )
    return db.session.scalar(select(Seat.id).where(Seat.instance_id == instance.id, mine).limit(1)) is not None


def _tell_the_run(instance: ProcessInstance, work: Work) -> None:
    """Let `case.applicant` be the successor wherever the case's data is at."""
    if instance.state_blob is None:
        return
    step = step_of(instance, None, work.now)
    step.load()
    _replace_applicant(step.run, applicant_facts(work.successor))
    instance.state_blob = store.dump(step.run)


def _replace_applicant(run: Run, applicant: dict[str, Any]) -> None:
    # Tokens share their data, and what is the same is stored once: each is made anew once.
    made: dict[int, tuple[Any, Any]] = {}

    def renewed(old: Any, new: Any) -> Any:
        return made.setdefault(id(old), (old, new))[1]

    for scope in run.top.scopes():
        for token in scope.tasks.values():
            data, case = token.data, token.data.get("case")
            if id(data) in made:
                token.data = made[id(data)][1]
            elif isinstance(case, dict) and "applicant" in case:
                token.data = renewed(data, {**data, "case": renewed(case, {**case, "applicant": applicant})})


def _invite(instance: ProcessInstance, work: Work) -> None:
    tell(
        instance.institution_id,
        [work.successor.id],
        _("由您接任申请人：%(title)s", title=instance.title_zh),
        _(
            "%(leaver)s 离职，%(reference)s 由您接着办。%(reason)s",
            leaver=work.leaver.name_zh,
            reference=instance.reference,
            reason=work.reason,
        ),
        instance_id=instance.id,
        now=work.now,
        key=f"handover:{work.line.id}",
        text_key="handover_case",
        kind="handover",
    )
