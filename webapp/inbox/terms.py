"""The search terms of cases, kept by the session's own flush: no writer of cases can forget them.

Of a title and a reference: bigrams of Chinese, words of Latin letters and digits. Beside them the process and the
unit, so that every filter of the inbox can be looked up in one index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, event, insert, inspect, select
from sqlalchemy.orm import Session

from webapp.definitions import queries as definitions
from webapp.extensions import db, transactional
from webapp.inbox.models import CaseTerm
from webapp.registry.terms import terms
from webapp.workflow.models import ProcessInstance

_NAMED = ("title_zh", "title_en", "reference", "unit_id", "definition_id")


def process_term(key: str) -> str:
    """The term of a process; no text has such a one, as no word begins with a sign."""
    return f"=p:{key}"


def unit_term(unit_id: int) -> str:
    return f"=u:{unit_id}"


def terms_of(case: ProcessInstance, process_key: str) -> set[str]:
    """What a case is found by. A number is found without its leading noughts, too."""
    words = terms([case.title_zh, case.title_en, case.reference])
    found = {word for word in words if len(word) > 1}
    found |= {word.lstrip("0") for word in found if word.isdecimal()} - {""}
    return found | {process_term(process_key), unit_term(case.unit_id)}


@event.listens_for(Session, "after_flush")
def _keep(session: Session, _context: object) -> None:
    """Write the terms of new cases, and of those that have changed their name, in one statement each."""
    fresh = [row for row in session.new if isinstance(row, ProcessInstance)]
    renamed = [row for row in session.dirty if isinstance(row, ProcessInstance) and _is_renamed(row)]
    if renamed:
        ids = [case.id for case in renamed]
        outdated = delete(CaseTerm).where(CaseTerm.instance_id.in_(ids))
        session.execute(outdated.execution_options(synchronize_session=False))
    if fresh or renamed:
        session.execute(insert(CaseTerm), _rows([*fresh, *renamed]))


def _is_renamed(case: ProcessInstance) -> bool:
    attributes = inspect(case).attrs
    return any(attributes[name].history.has_changes() for name in _NAMED)


def _rows(cases: Iterable[ProcessInstance]) -> list[dict[str, Any]]:
    return [
        {"instance_id": case.id, "institution_id": case.institution_id, "term": term}
        for case in cases
        for term in sorted(terms_of(case, definitions.pinned(case.definition_id).key))
    ]


def rebuild(session: Session, at_a_time: int = 500) -> int:
    """Write the terms of every case anew, e.g. of those filed before there were any; how many. The caller commits."""
    session.execute(delete(CaseTerm))
    done = last = 0
    while cases := session.scalars(
        select(ProcessInstance).where(ProcessInstance.id > last).order_by(ProcessInstance.id).limit(at_a_time)
    ).all():
        session.execute(insert(CaseTerm), _rows(cases))
        done, last = done + len(cases), cases[-1].id
        session.expunge_all()
    return done


@transactional
def write_missing_terms() -> int:
    """Write the terms of all cases where none has any yet, as after an upgrade from before there were terms."""
    if db.session.scalar(select(CaseTerm.instance_id).limit(1)) is not None:
        return 0
    return rebuild(db.session())
