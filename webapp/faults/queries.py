"""Reads about faults, always within one institution."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from webapp.extensions import db
from webapp.faults.models import Fault


def open_faults(institution_id: int, *, before: int | None = None, limit: int = 30) -> Sequence[Fault]:
    """Faults waiting for an administrator, newest first; `before` is the last id of the page shown."""
    statement = select(Fault).where(Fault.institution_id == institution_id, Fault.resolved_at.is_(None))
    if before is not None:
        statement = statement.where(Fault.id < before)
    return db.session.scalars(statement.order_by(Fault.id.desc()).limit(limit)).all()


def resolved_faults(institution_id: int, limit: int = 10) -> Sequence[Fault]:
    """The faults resolved last, newest first."""
    statement = select(Fault).where(Fault.institution_id == institution_id, Fault.resolved_at.is_not(None))
    return db.session.scalars(statement.order_by(Fault.resolved_at.desc(), Fault.id.desc()).limit(limit)).all()


def faults_of_instance(institution_id: int, instance_id: int) -> Sequence[Fault]:
    """Every fault of a case, open and resolved, oldest first."""
    statement = select(Fault).where(Fault.institution_id == institution_id, Fault.instance_id == instance_id)
    return db.session.scalars(statement.order_by(Fault.id)).all()


def fault(institution_id: int, fault_id: int) -> Fault | None:
    return db.session.scalar(select(Fault).where(Fault.institution_id == institution_id, Fault.id == fault_id))


def count_open(institution_id: int, at_most: int = 100) -> int:
    """How many faults are open; counting stops at `at_most`."""
    found = select(Fault.id).where(Fault.institution_id == institution_id, Fault.resolved_at.is_(None)).limit(at_most)
    return db.session.scalar(select(func.count()).select_from(found.subquery())) or 0
