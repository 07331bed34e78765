"""The five packs against their regulations: every clause is carried out, and shown where it says what happens."""

from __future__ import annotations

import pytest

from webapp import create_app
from webapp.config import ROOT
from webapp.coverage.report import Coverage, coverage
from webapp.definitions.packs import pack_codes, read_files
from webapp.workflow.context import specs

# Clauses by institution, as catalogued from the regulations.
CATALOGUED = {"culr": 28, "qjnu": 22, "sias": 31, "wzpt": 46, "zzlg": 54}
THERE = pack_codes(ROOT / "processes")


def of(code: str) -> Coverage:
    assert create_app  # its import registers the operations that diagrams name
    return coverage(read_files(ROOT / "processes", ROOT / "forms", code), specs())


@pytest.mark.parametrize("code", CATALOGUED)
def test_a_pack_holds_every_catalogued_clause_and_nothing_is_missing(code: str) -> None:
    if code not in THERE:
        pytest.skip(f"there is no pack {code} yet")
    found = of(code)
    assert len(found.clauses) == CATALOGUED[code]
    assert [f"{finding.rule} {finding.element}: {finding.sentence_en}" for finding in found.findings] == []
    assert all(cover.elements for cover in found.clauses)
    assert all(cover.shown_by for cover in found.clauses if cover.wants_scenario)


def test_five_packs_hold_181_clauses() -> None:
    assert sum(CATALOGUED.values()) == 181
    if missing := CATALOGUED.keys() - set(THERE):
        pytest.skip(f"packs to come: {', '.join(sorted(missing))}")
    assert sum(len(of(code).clauses) for code in CATALOGUED) == 181
