"""Every scenario of every pack, on both databases: what `beian packs check` runs, one test each."""

from __future__ import annotations

import pytest
from flask import Flask

from webapp.config import ROOT
from webapp.definitions.packs import pack_codes, read_files
from webapp.organization.queries import institution
from webapp.scenarios.checking import run_scenario, scenario_files
from webapp.scenarios.documents import Scenario

PACKS = {code: read_files(ROOT / "processes", ROOT / "forms", code) for code in pack_codes(ROOT / "processes")}
NAMED = [
    (code, document.process, scenario)
    for code, files in PACKS.items()
    for document in scenario_files(files)
    for scenario in document.scenarios
]
SCENARIOS = [pytest.param(*named, id=f"{named[0]}-{named[1]}-{named[2].key}") for named in NAMED]


@pytest.mark.parametrize(("code", "process", "scenario"), SCENARIOS)
def test_a_scenario_goes_as_its_process_owner_wrote_it(app: Flask, code: str, process: str, scenario: Scenario) -> None:
    found = institution(code)
    assert found is not None
    assert run_scenario(found.id, process, scenario) == []


@pytest.mark.parametrize("code", PACKS)
def test_every_clause_a_scenario_names_is_one_of_the_pack(code: str) -> None:
    from webapp.regulations.documents import parse_document

    known = {
        clause.id
        for path, content in PACKS[code].items()
        if path.startswith("regulations/")
        for article in parse_document(content, path).articles
        for clause in article.clauses
    }
    named = {clause for doc in scenario_files(PACKS[code]) for scenario in doc.scenarios for clause in scenario.clauses}
    assert named <= known
