"""Cases the system starts: asked for in one transaction, started by a job in another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from webapp.extensions import db, transactional, work_waits
from webapp.ledger import record
from webapp.organization.models import User
from webapp.workflow.models import CaseRequest


@transactional
def request_case(
    institution_id: int,
    key: str,
    process: str,
    *,
    account_id: int | None = None,
    unit_id: int | None = None,
    answers: Mapping[str, Any] | None = None,
    open: bool = True,
    cause: Mapping[str, Any] | None = None,
    since: date | None = None,
    instance_id: int | None = None,
    actor: User | None = None,
    now: datetime,
) -> CaseRequest:
    """Ask for a case of `process` to be started; the same key of an institution is asked for once.

    `open` leaves its application to its applicant, else `answers` are filed at once. `cause` is what the case will
    know of it, `instance_id` the case that asks.
    """
    made = db.session.scalar(
        select(CaseRequest).where(CaseRequest.institution_id == institution_id, CaseRequest.key == key)
    )
    if made is not None:
        return made
    row = CaseRequest(
        institution_id=institution_id,
        key=key,
        process=process,
        account_id=account_id,
        unit_id=unit_id,
        answers=dict(answers or {}),
        open=open,
        cause=dict(cause or {}),
        since=since,
        requested_by_id=instance_id,
        requested_at=now,
        next_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record(
        db.session(),
        institution_id=institution_id,
        action="workflow:case:requested",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="case_request",
        object_id=row.id,
        kept={"process": process, "account_id": account_id, "unit_id": unit_id, "open": open},
        erasable={"answers": row.answers, "cause": row.cause},
        at=now,
        instance_id=instance_id,
    )
    work_waits()
    return row
