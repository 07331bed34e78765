"""The last day to file an application, as a page shows it: its arithmetic, its clause, whether it was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp.cases.moments import Moments
from webapp.workdays import Cell, Deadline, WorkdaysError, cells
from webapp.workflow.lodging import LastDay
from webapp.workflow.models import ProcessInstance


@dataclass(frozen=True)
class Term:
    """`late`: the application came, or would come today, after `last_day`. `articles` are clause ids."""

    last_day: date
    late: bool
    articles: Sequence[str]
    cells: Sequence[Cell] = ()
    sentence: str = ""


def term_to_be(found: LastDay | None, moments: Moments, filed_on: date | None = None) -> Term | None:
    """The term of an application that is still being filled in, to be filed today or filed first on `filed_on`."""
    if found is None:
        return None
    return _term(found.day, found.late(filed_on or moments.today), found.entry.article, found.deadline, moments)


def term_of(instance: ProcessInstance, moments: Moments) -> Term | None:
    """The term a case was filed in, as it was reckoned then; None where no rule sets one."""
    about: dict[str, Any] = instance.about or {}
    if not about.get("last_day"):
        return None
    try:
        reckoned = Deadline.from_json(about["reckoned"]) if about.get("reckoned") else None
    except WorkdaysError:
        reckoned = None
    day = date.fromisoformat(about["last_day"])
    return _term(day, bool(about.get("late")), about.get("deadline_article") or "", reckoned, moments)


def _term(day: date, late: bool, article: str, reckoned: Deadline | None, moments: Moments) -> Term:
    codes = [code for code in article.split() if code != "not-stated"]
    if reckoned is None:
        return Term(day, late, codes)
    drawn = cells(reckoned, moments.now, moments.locale, event=True)
    return Term(day, late, codes, drawn, reckoned.sentence(moments.locale, event=True))
