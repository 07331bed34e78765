"""The page of coverage: articles and what carries them out, or the other way round, with what is missing on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from flask import Blueprint, render_template, request
from flask_login import current_user

from webapp.cases.moments import Moments
from webapp.coverage import queries
from webapp.coverage.links import Links
from webapp.coverage.naming import finding_names, kind_names
from webapp.coverage.parts import Element
from webapp.coverage.report import SHOWN_KINDS, ClauseCover, Coverage
from webapp.organization.policy import requires
from webapp.regulations.citing import Citing
from webapp.regulations.wording import kind_names as clause_kinds
from webapp.workflow.context import specs

blueprint = Blueprint("coverage", __name__)
Named = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """What the page is narrowed to: `view` clauses or elements, a `kind` of these, only what is `missing`."""

    view: str = "clauses"
    kind: str = ""
    missing: bool = False

    @property
    def narrowed(self) -> bool:
        return bool(self.kind or self.missing)


@blueprint.get("/coverage")
@requires("coverage.read")
def coverage() -> str:
    """The pack in force: every clause with its elements and scenarios, or every element with its clauses."""
    moments = Moments.of(current_user)
    asked = Asked(
        "elements" if request.args.get("view") == "elements" else "clauses",
        request.args.get("kind", "")[:20],
        request.args.get("missing") == "1",
    )
    found = queries.deployed_coverage(current_user.institution_id, specs())
    places = queries.links(current_user.institution_id, moments.locale)
    elements = _elements(found, asked) if found else []
    codes = {code for element in elements for code in element.codes}
    return render_template(
        "coverage/coverage.html",
        found=found,
        asked=asked,
        clauses=_clauses(found, asked) if found else [],
        elements=elements,
        figures=_figures(found) if found else {},
        grouped=lambda cover: grouped(cover.elements, places),
        places=places,
        citing=Citing(current_user.institution_id, codes if asked.view == "elements" else (), moments.locale),
        kinds=kind_names(),
        clause_kinds=clause_kinds(),
        shown_kinds=SHOWN_KINDS,
        finding_names=finding_names(),
        moments=moments,
    )


def _clauses(found: Coverage, asked: Asked) -> list[tuple[str, list[ClauseCover]]]:
    """The clauses asked for, by regulation."""
    if asked.view != "clauses":
        return []
    wrong = {finding.element for finding in found.findings if finding.rule.startswith("clause-")}
    listed = [
        cover
        for cover in found.clauses
        if (not asked.kind or cover.clause.kind == asked.kind) and (not asked.missing or cover.code in wrong)
    ]
    return [(title, list(covers)) for title, covers in groupby(listed, key=lambda cover: cover.document.title_zh)]


def _elements(found: Coverage, asked: Asked) -> list[Element]:
    if asked.view != "elements":
        return []
    return [
        element
        for element in found.elements.listed
        if (not asked.kind or element.kind == asked.kind)
        and (not asked.missing or (element.must and not element.cites))
    ]


def _figures(found: Coverage) -> dict[str, int]:
    return {
        "clauses": len(found.clauses),
        "carried": sum(bool(cover.elements) for cover in found.clauses),
        "wanting": sum(cover.wants_scenario for cover in found.clauses),
        "shown": sum(cover.wants_scenario and bool(cover.shown_by) for cover in found.clauses),
        "elements": sum(element.cites for element in found.elements.listed),
        "findings": len(found.findings),
    }


def grouped(elements: Sequence[Element], places: Links) -> list[tuple[str, list[tuple[str, list[Named]]]]]:
    """Elements as (kind, [(process, [(name, address)])]), each once, kinds in the order of the filter."""
    found: dict[str, dict[str, dict[Named, None]]] = {}
    for element in elements:
        of_kind = found.setdefault(element.kind, {})
        of_kind.setdefault(places.process(element), {})[places.name(element), places.href(element)] = None
    return [
        (word, [(process, list(named)) for process, named in found[kind].items()])
        for kind, word in kind_names().items()
        if kind in found
    ]
