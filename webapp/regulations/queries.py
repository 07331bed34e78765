"""Reads about the legal basis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import case, select
from sqlalchemy.orm import joinedload, selectinload

from webapp.extensions import db
from webapp.regulations.models import Article, Clause, Regulation


def clauses(institution_id: int, codes: Iterable[str]) -> dict[str, Clause]:
    """The clauses of the given codes with their articles; unknown codes are absent."""
    wanted = {code for code in codes if code != "not-stated"}
    if not wanted:
        return {}
    statement = (
        select(Clause)
        .where(Clause.institution_id == institution_id, Clause.code.in_(wanted))
        .options(joinedload(Clause.article).joinedload(Article.regulation))
    )
    return {clause.code: clause for clause in db.session.scalars(statement)}


def clauses_for_process(institution_id: int, process: str) -> Sequence[Clause]:
    """Clauses a decision in this process can rest on: its own and general ones first, then the institution's others.

    A change is refused for what the filing of an account asks, a review fails over an undertaking: any clause may be
    the ground. Each part stands in the order of the regulations.
    """
    own = Clause.process.in_([process, "registry", "identity"])
    statement = (
        select(Clause)
        .join(Article)
        .where(Clause.institution_id == institution_id)
        .options(joinedload(Clause.article).joinedload(Article.regulation))
        .order_by(case((own, 0), else_=1), Article.regulation_id, Article.position, Clause.position)
    )
    return db.session.scalars(statement).all()


def regulations(institution_id: int) -> Sequence[Regulation]:
    """Every regulation with articles and clauses."""
    statement = (
        select(Regulation)
        .where(Regulation.institution_id == institution_id)
        .options(selectinload(Regulation.articles).selectinload(Article.clauses))
        .order_by(Regulation.id)
    )
    return db.session.scalars(statement).all()
