"""Narrowing a list by what its cases are: which of two bounded ways finds the rows.

What few cases have (a rare word, a small process or unit) is looked up in the index of terms, and their tasks are then
asked whose they are. What many have is found soon enough in the order of the list itself: the next `SCANNED` tasks are
looked through, an equal share in each queue, and where that does not fill the page it says from where to go on.
Neither way costs more in a larger table.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, func, literal, or_, select, union_all

from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.inbox.models import CaseTerm
from webapp.inbox.terms import process_term, unit_term
from webapp.registry.terms import search_terms
from webapp.workflow.models import ProcessInstance

# So many cases with a term are few; their tasks are looked up one by one.
RARE = 1500
# So many tasks are looked through for one page.
SCANNED = 3000
_LAST = "\uffff"


def case_conditions(process: str, unit_id: int | None, text: str) -> list[ColumnElement[bool]]:
    """What a filter asks of the case itself; whoever comes to it by the index of terms is asked the same."""
    found: list[ColumnElement[bool]] = []
    if process:
        versions = select(ProcessDefinition.id).where(ProcessDefinition.key == process)
        found.append(ProcessInstance.definition_id.in_(versions))
    if unit_id:
        found.append(ProcessInstance.unit_id == unit_id)
    words = (CaseTerm.term.between(word, word + _LAST) for word in search_terms(text).prefixes)
    found += [exists().where(CaseTerm.instance_id == ProcessInstance.id, word) for word in words]
    return found + _unbroken(text)


def candidates(institution_id: int, process: str, unit_id: int | None, text: str) -> list[int] | None:
    """The cases that may meet a filter, when few have its rarest term; None when all its terms are frequent."""
    matches = _matches(process, unit_id, text)
    counting = []
    for place, match in enumerate(matches):
        own = select(CaseTerm.term).where(CaseTerm.institution_id == institution_id, match).limit(RARE)
        counting.append(select(literal(place), select(func.count()).select_from(own.subquery()).scalar_subquery()))
    if not counting:
        return None
    counted = db.session.execute(union_all(*counting)).all()
    rarest, number = min(((row[0], row[1]) for row in counted), key=lambda row: row[1])
    if number >= RARE:
        return None
    having = select(CaseTerm.instance_id).where(CaseTerm.institution_id == institution_id, matches[rarest])
    return list(db.session.scalars(having.distinct()))


def _matches(process: str, unit_id: int | None, text: str) -> list[ColumnElement[bool]]:
    """Each term that a case has to have, for looking it up."""
    searched = search_terms(text)
    exact = [process_term(process)] if process else []
    exact += [unit_term(unit_id)] if unit_id else []
    exact += [term for term in searched.exact if len(term) > 1]
    words = [CaseTerm.term.between(word, word + _LAST) for word in searched.prefixes]
    return [*(CaseTerm.term == term for term in exact), *words]


def _unbroken(text: str) -> list[ColumnElement[bool]]:
    """The runs of Chinese as they were typed; what is only signs is looked for as it stands."""
    searched = search_terms(text)
    runs = searched.runs or (() if searched.prefixes or not text else (text,))
    columns = (ProcessInstance.reference, ProcessInstance.title_zh, ProcessInstance.title_en)
    return [or_(*(column.icontains(run, autoescape=True) for column in columns)) for run in runs]
