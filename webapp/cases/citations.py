"""Clauses as people quote them: a tag with the article's number, and the words behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import get_template_attribute
from markupsafe import Markup

from webapp.regulations.citing import href
from webapp.regulations.models import Clause
from webapp.regulations.queries import clauses


@dataclass(frozen=True)
class Cited:
    """One clause for a page: `label` the article's number, `text` what it asks, `source` the regulation."""

    code: str
    label: str
    text: str
    source: str

    @property
    def href(self) -> str:
        return href(self.code)

    @property
    def title(self) -> str:
        return f"{self.source} {self.label}：{self.text}"


class Citations:
    """The clauses a page names, read in one statement; calling it with a clause id gives its tag."""

    def __init__(self, institution_id: int, codes: Iterable[str], locale: str) -> None:
        wanted = sorted({code for code in codes if code})
        self._clauses = {code: _cited(found, locale) for code, found in clauses(institution_id, wanted).items()}

    def __call__(self, code: str) -> Markup:
        found = self._clauses.get(code)
        if found is None:
            return Markup("")
        tag: Markup = get_template_attribute("_macros.html", "cite")(found.label, found.href, found.title)
        return tag

    def tags(self, codes: Iterable[str]) -> Markup:
        """The tags of several clauses, each article once."""
        labels: dict[str, str] = {}
        for found in self.all(codes):
            labels.setdefault(found.label, found.code)
        return Markup(" ").join(self(code) for code in labels.values())

    def all(self, codes: Iterable[str]) -> list[Cited]:
        """Those known among `codes`, in their order."""
        return [self._clauses[code] for code in codes if code in self._clauses]


def cited(clause: Clause, locale: str) -> Cited:
    """A clause with its article and regulation, which must be loaded."""
    return _cited(clause, locale)


def _cited(clause: Clause, locale: str) -> Cited:
    regulation = clause.article.regulation
    english = locale == "en"
    text = clause.duty_en or clause.duty_zh if english else clause.duty_zh
    source = regulation.title_en or regulation.title_zh if english else regulation.title_zh
    return Cited(clause.code, clause.article.number, text, source)
