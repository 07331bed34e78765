"""`beian packs coverage`: the coverage of packs as a table with its findings, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from webapp.coverage.naming import kind_words
from webapp.coverage.parts import Element
from webapp.coverage.report import ClauseCover, Coverage, coverage
from webapp.definitions.packs import pack_codes, read_files
from webapp.engine import OperationSpec
from webapp.engine.errors import DefinitionError, place

Say = Callable[[str], None]


def print_coverage(
    processes_dir: Path,
    forms_dir: Path,
    codes: Sequence[str],
    operations: Mapping[str, OperationSpec],
    say: Say,
    *,
    as_json: bool = False,
) -> int:
    """Say what covers the clauses of the packs named (default all); returns how many findings there were."""
    found, findings = [], 0
    for code in codes or pack_codes(processes_dir):
        try:
            one = coverage(read_files(processes_dir, forms_dir, code), operations)
        except DefinitionError as error:
            findings += len(error.findings)
            for finding in error.findings:
                say(f"{code}: {place(finding)}: {finding.sentence} / {finding.sentence_en}")
            continue
        findings += len(one.findings)
        found.append(one)
    if as_json:
        say(json.dumps([as_row(cover) for one in found for cover in one.clauses], ensure_ascii=False, indent=1))
    else:
        for one in found:
            _table(one, say)
    return findings


def as_row(cover: ClauseCover) -> dict[str, Any]:
    """A clause as the JSON list has it; only scenarios that count are named."""
    return {
        "institution": cover.institution,
        "clause": cover.code,
        "kind": cover.clause.kind,
        "article": cover.article.number,
        "elements": [_element(element) for element in cover.elements],
        "scenarios": [
            {"process": scenario.process, "key": scenario.key, "title_zh": scenario.title_zh}
            for scenario in cover.shown_by
        ],
    }


def _element(element: Element) -> dict[str, str]:
    return {
        "kind": element.kind,
        "process": element.process,
        "file": element.file,
        "place": element.place,
        "name_zh": element.name_zh,
        "name_en": element.name_en,
    }


def _table(one: Coverage, say: Say) -> None:
    say(f"{one.institution}: {len(one.clauses)} clauses")
    for cover in one.clauses:
        kinds: dict[str, int] = {}
        for element in cover.elements:
            kinds[element.kind] = kinds.get(element.kind, 0) + 1
        parts = ", ".join(f"{number} {kind_words(kind)}" for kind, number in kinds.items()) or "-"
        shown = len(cover.shown_by)
        scenarios = f"{shown} scenario{'s' * (shown != 1)}" if shown or cover.wants_scenario else ""
        say(f"  {cover.code:<14}{cover.clause.kind:<12}{parts}{'; ' * bool(scenarios)}{scenarios}")
    for finding in one.findings:
        say(f"  {finding.rule}: {place(finding)}: {finding.sentence} / {finding.sentence_en}")
    say(f"{one.institution}: {len(one.findings)} findings")
