"""Reporting and resolving faults: what stopped and waits for an administrator."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.errors import NotFound
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.ledger import record
from webapp.organization.models import User

MAX_DETAIL = 20_000


@transactional
def report(
    institution_id: int,
    *,
    kind: str,
    sentence: str,
    now: datetime,
    detail: str = "",
    instance_id: int | None = None,
    task_id: int | None = None,
    element: str = "",
) -> Fault:
    """Open a fault; where one of this kind is open at the same place already, that one, with the newest words.

    `kind` as in operation, timer, job, mail, no_approver. `detail` is for the administrator (a traceback, a server's
    answer) and never leaves the fault pages. Call it in a transaction of its own after the failed one rolled back.
    """
    place = {"institution_id": institution_id, "kind": kind, "instance_id": instance_id, "element": element}
    statement = select(Fault).filter_by(**place, task_id=task_id, resolved_at=None).order_by(Fault.id).limit(1)
    fault = db.session.scalar(statement)
    if fault is not None:
        fault.sentence, fault.detail = sentence, detail[:MAX_DETAIL]
        return fault
    fault = Fault(**place, task_id=task_id, sentence=sentence, detail=detail[:MAX_DETAIL], occurred_at=now)
    db.session.add(fault)
    db.session.flush()
    _write("faults:fault:reported", fault, now, None, {"kind": kind, "element": element})
    return fault


@transactional
def resolve(institution_id: int, fault_id: int, *, by: User | None, now: datetime, note: str = "") -> Fault:
    """Close a fault; `by` is None when its cause went away by itself. Resolving twice does nothing.

    `note` says what was done about it; people get named in it, so it stands in the erasable half of the event.
    """
    fault = db.session.scalar(select(Fault).where(Fault.institution_id == institution_id, Fault.id == fault_id))
    if fault is None:
        raise NotFound(_("没有这个故障。"))
    if fault.resolved_at is None:
        fault.resolved_at, fault.resolved_by_id = now, by.id if by else None
        kept = {"kind": fault.kind, "element": fault.element}
        _write("faults:fault:resolved", fault, now, by, kept, {"note": note} if note else {})
    return fault


def _write(
    action: str,
    fault: Fault,
    now: datetime,
    actor: User | None,
    kept: dict[str, str],
    erasable: dict[str, str] | None = None,
) -> None:
    record(
        db.session(),
        institution_id=fault.institution_id,
        action=action,
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="fault",
        object_id=fault.id,
        kept=dict(kept),
        erasable=dict(erasable or {}),
        instance_id=fault.instance_id,
        task_id=fault.task_id,
        at=now,
    )
