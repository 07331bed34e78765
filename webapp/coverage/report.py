"""The coverage of a pack: every clause with what carries it out and what shows it, and what is missing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from webapp.coverage.elements import Elements, elements_of
from webapp.coverage.parts import Element
from webapp.coverage.passing import Key, Passing
from webapp.definitions.bundle import Bundle, make_bundle
from webapp.engine import Finding, OperationSpec
from webapp.engine.errors import DefinitionError
from webapp.regulations.documents import ArticleEntry, ClauseEntry, Document, parse_document
from webapp.scenarios.documents import Scenario, parse_scenarios

# Kinds of clauses that say what happens: each wants a scenario that shows it.
SHOWN_KINDS = ("step", "rule", "deadline", "sanction", "calendar", "notice")
_KEPT = 8


@dataclass(frozen=True)
class ScenarioRef:
    """A scenario that names a clause. `passes`: whether it passes an element citing the clause."""

    process: str
    key: str
    title_zh: str
    title_en: str
    file: str
    passes: bool

    def title(self, locale: str) -> str:
        return (self.title_en or self.title_zh) if locale == "en" else self.title_zh


@dataclass(frozen=True)
class ClauseCover:
    """One clause: the elements that cite it and the scenarios that name it."""

    institution: str
    document: Document = field(repr=False)
    article: ArticleEntry = field(repr=False)
    clause: ClauseEntry
    elements: tuple[Element, ...]
    scenarios: tuple[ScenarioRef, ...]

    @property
    def code(self) -> str:
        return self.clause.id

    @property
    def shown_by(self) -> tuple[ScenarioRef, ...]:
        """The scenarios that count: they name the clause and pass something that cites it."""
        return tuple(scenario for scenario in self.scenarios if scenario.passes)

    @property
    def wants_scenario(self) -> bool:
        return self.clause.kind in SHOWN_KINDS


@dataclass(frozen=True)
class Coverage:
    """What `coverage` found in one pack."""

    institution: str
    clauses: tuple[ClauseCover, ...]
    elements: Elements
    findings: tuple[Finding, ...]


def coverage(files: Mapping[str, bytes] | Bundle, operations: Mapping[str, OperationSpec]) -> Coverage:
    """The coverage of a pack's files (path -> bytes) or of a deployed bundle.

    Raises DefinitionError when `pack.yaml`, a regulation or a scenario file cannot be read.
    """
    bundle = files if isinstance(files, Bundle) else make_bundle(files)
    elements = elements_of(bundle, operations)
    named = _scenarios(bundle, operations)
    citing = elements.citing()
    clauses = tuple(
        ClauseCover(
            bundle.pack.institution.code,
            document,
            article,
            clause,
            tuple(citing.get(clause.id, ())),
            tuple(_refs(clause.id, citing.get(clause.id, ()), named)),
        )
        for document in _documents(bundle)
        for article in document.articles
        for clause in article.clauses
    )
    return Coverage(bundle.pack.institution.code, clauses, elements, tuple(_findings(clauses, elements)))


@dataclass(frozen=True)
class _Named:
    process: str
    file: str
    scenario: Scenario
    passed: frozenset[Key]


def _documents(bundle: Bundle) -> list[Document]:
    return [parse_document(bundle.files[path], path) for path in bundle.pack.regulations if path in bundle.files]


def _scenarios(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> list[_Named]:
    passing = Passing(bundle, operations)
    found = []
    for path in sorted(path for path in bundle.files if path.startswith("scenarios/")):
        document = parse_scenarios(bundle.files[path], path)
        for scenario in document.scenarios:
            found.append(_Named(document.process, path, scenario, passing.passed(document.process, scenario)))
    return found


def _refs(code: str, elements: Sequence[Element], named: Sequence[_Named]) -> Iterator[ScenarioRef]:
    keys = {key for element in elements for key in passing_keys(element)}
    for row in named:
        if code in row.scenario.clauses:
            passes = bool(keys & row.passed)
            scenario = row.scenario
            yield ScenarioRef(row.process, scenario.key, scenario.title_zh, scenario.title_en, row.file, passes)


def passing_keys(element: Element) -> list[Key]:
    """The keys by which a scenario passes an element (see `passing`)."""
    if element.kind in ("field", "rule"):
        return [(element.process, f"{element.owner} {element.place}")]
    if element.kind == "document":
        return [("", f"document {element.file} {key}") for key in element.owner.split()]
    return [(element.process, element.place)]


def _findings(clauses: Sequence[ClauseCover], elements: Elements) -> Iterator[Finding]:
    for cover in clauses:
        if not cover.elements:
            zh = f"条款 {cover.code}（{cover.article.number}）没有任何环节、表、字段或条目落实"
            en = f"nothing carries out clause {cover.code} ({cover.article.number})"
            yield Finding(cover.document.document, cover.code, "clause-without-element", zh, en)
        elif cover.wants_scenario and not cover.shown_by:
            yield _without_scenario(cover)
    for element in elements.listed:
        if element.must and not element.cites:
            yield _without_clause(element)
    for process in elements.faulty:
        zh, en = f"流程“{process}”读不出来，先用 packs check 检查", f"process {process} cannot be read; check it first"
        yield Finding("pack.yaml", f"processes.{process}", "unreadable", zh, en)


def _without_scenario(cover: ClauseCover) -> Finding:
    names = "、".join(scenario.key for scenario in cover.scenarios)
    zh = f"条款 {cover.code}（{cover.clause.kind}）没有情景"
    en = f"no scenario shows clause {cover.code} ({cover.clause.kind})"
    if names:
        zh = f"情景 {names} 列了条款 {cover.code}，但没有经过引用它的部分"
        en = f"clause {cover.code} is named by {names}, which passes nothing that cites it"
    return Finding(cover.document.document, cover.code, "clause-without-scenario", zh, en)


def _without_clause(element: Element) -> Finding:
    silent = "not-stated" in element.articles
    zh = f"“{element.name_zh}”" + ("写了 not-stated，没有写理由" if silent else "没有写依据哪一条")
    en = f'"{element.name("en")}" ' + ("says not-stated and gives no reason" if silent else "cites no clause")
    return Finding(element.file, element.place, "element-without-clause", zh, en)


_lock = threading.Lock()
_coverages: OrderedDict[str, Coverage] = OrderedDict()
_elements: OrderedDict[str, Elements] = OrderedDict()


def coverage_of(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> Coverage | None:
    """The coverage of a deployed bundle, kept; None when a file of it cannot be read any more."""
    with _lock:
        if bundle.hash not in _coverages:
            try:
                _coverages[bundle.hash] = coverage(bundle, operations)
            except DefinitionError:
                return None
            while len(_coverages) > _KEPT:
                _coverages.popitem(last=False)
        return _coverages[bundle.hash]


def deployed_elements(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> Elements:
    """The elements of a deployed bundle, kept."""
    with _lock:
        if bundle.hash not in _elements:
            _elements[bundle.hash] = elements_of(bundle, operations)
            while len(_elements) > _KEPT:
                _elements.popitem(last=False)
        return _elements[bundle.hash]
