"""Writing the legal basis from a deployed pack."""

from __future__ import annotations

from sqlalchemy import select

from webapp.extensions import db, transactional
from webapp.regulations.documents import Document
from webapp.regulations.models import Article, Clause, Regulation


@transactional
def sync_document(institution_id: int, document: Document) -> Regulation:
    """Bring a regulation's rows to what the document says; clauses keep their ids, so old citations stay true."""
    key = {"institution_id": institution_id, "document": document.document, "in_force_from": document.in_force_from}
    row = db.session.scalar(select(Regulation).filter_by(**key))
    if row is None:
        row = Regulation(**key, title_zh=document.title_zh)
        db.session.add(row)
    row.reference, row.title_zh, row.title_en = document.ref, document.title_zh, document.title_en
    row.in_force_to = document.in_force_to
    db.session.flush()
    articles = {article.number: article for article in row.articles}
    statement = select(Clause).where(Clause.institution_id == institution_id)
    clauses = {clause.code: clause for clause in db.session.scalars(statement)}
    for position, entry in enumerate(document.articles):
        article = articles.get(entry.number)
        if article is None:
            article = Article(regulation=row, number=entry.number, position=position)
            db.session.add(article)
        article.position, article.heading_zh, article.heading_en = position, entry.heading_zh, entry.heading_en
        for place, item in enumerate(entry.clauses):
            clause = clauses.get(item.id)
            if clause is None:
                clause = Clause(institution_id=institution_id, code=item.id)
                db.session.add(clause)
            clause.article, clause.position = article, place
            clause.kind, clause.process = item.kind, item.process
            clause.duty_zh, clause.duty_en = item.duty_zh, item.duty_en
    db.session.flush()
    return row
