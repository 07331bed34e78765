"""Reads about the cases of one account, always within one institution."""

from __future__ import annotations

from sqlalchemy import Select, and_, or_, select

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.registry.models import Filing
from webapp.workflow.models import ProcessInstance


def open_case(institution_id: int, process: str, account_id: int, *, apart_from: int | None = None) -> str | None:
    """The reference of the open case of a process about an account, None when there is none."""
    statement = _about(institution_id, process, account_id, apart_from)
    return db.session.scalar(statement.where(ProcessInstance.state.in_(["running", "suspended"])))


def case_for_period(
    institution_id: int, process: str, account_id: int, period: str, *, apart_from: int | None = None
) -> str | None:
    """The reference of a case of a process about an account for a period, unless it came to nothing."""
    void = Filing.outcome.in_(["refused", "withdrawn", "terminated"])
    statement = _about(institution_id, process, account_id, apart_from)
    return db.session.scalar(statement.where(Filing.period == period, or_(Filing.outcome.is_(None), ~void)))


def _about(institution_id: int, process: str, account_id: int, apart_from: int | None) -> Select[str]:
    statement = (
        select(ProcessInstance.reference)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .join(Filing, and_(Filing.institution_id == institution_id, Filing.instance_id == ProcessInstance.id))
        .where(ProcessInstance.account_id == account_id, ProcessDefinition.key == process)
        .order_by(ProcessInstance.id)
        .limit(1)
    )
    return statement if apart_from is None else statement.where(ProcessInstance.id != apart_from)
