"""Clauses as tags on a page: the article's number, its words behind it, and the way to the regulation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for

from webapp.regulations.models import Clause
from webapp.regulations.queries import clauses


@dataclass(frozen=True)
class Citation:
    """One clause for macro `cites`: `label` as people quote it, `title` its words, `href` the regulation's page."""

    code: str
    label: str
    title: str
    href: str


class Citing:
    """The clauses a page names, read in one statement. Unknown codes and "not-stated" give nothing."""

    def __init__(self, institution_id: int, codes: Iterable[str], locale: str) -> None:
        found = clauses(institution_id, codes)
        self._tags = {code: citation(clause, locale) for code, clause in found.items()}

    def __call__(self, codes: Iterable[str]) -> list[Citation]:
        """The tags of these codes in their order, one for each article."""
        tags = [self._tags[code] for code in codes if code in self._tags]
        return list({tag.label: tag for tag in reversed(tags)}.values())[::-1]


def citation(clause: Clause, locale: str) -> Citation:
    """The tag of a clause, which must have its article and regulation loaded."""
    regulation = clause.article.regulation
    english = locale == "en"
    words = clause.duty_en or clause.duty_zh if english else clause.duty_zh
    source = regulation.title_en or regulation.title_zh if english else regulation.title_zh
    return Citation(clause.code, clause.article.number, f"{source} {clause.article.number}：{words}", href(clause.code))


def href(code: str) -> str:
    """The address of a clause on the page of regulations."""
    return url_for("regulations.regulations", _anchor=code)
