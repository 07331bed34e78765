"""Reads about bulletins, always within one institution; newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import select

from webapp.bulletins.models import Bulletin
from webapp.extensions import db

PAGE = 30


def bulletins(
    institution_id: int, *, kind: str = "", before: int | None = None, limit: int = PAGE
) -> Sequence[Bulletin]:
    """Bulletins with an id below `before`, of one kind or all."""
    statement = select(Bulletin).where(Bulletin.institution_id == institution_id)
    if kind:
        statement = statement.where(Bulletin.kind == kind)
    if before is not None:
        statement = statement.where(Bulletin.id < before)
    return db.session.scalars(statement.order_by(Bulletin.id.desc()).limit(limit)).all()


def bulletin(bulletin_id: int, narrow: Callable[[Any], Any]) -> Bulletin | None:
    """A bulletin among those that `narrow` leaves."""
    found: Bulletin | None = db.session.scalar(narrow(select(Bulletin).where(Bulletin.id == bulletin_id)))
    return found
