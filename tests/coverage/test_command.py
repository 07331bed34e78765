"""`beian packs coverage`: a table with findings, or a list for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.coverage.planted import pack
from webapp.cli import main


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packs with one pack in it, which the settings name."""
    for path, content in pack().items():
        root = tmp_path / "forms" / "watch" if path.startswith("forms/") else tmp_path / "processes" / "watch"
        target = root / path.removeprefix("forms/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    monkeypatch.setenv("BEIAN_PROCESSES_DIR", str(tmp_path / "processes"))
    monkeypatch.setenv("BEIAN_FORMS_DIR", str(tmp_path / "forms"))
    return tmp_path


def test_it_ends_well_when_nothing_is_missing(folder: Path) -> None:
    done = CliRunner().invoke(main, ["packs", "coverage"])
    assert done.exit_code == 0
    assert "watch: 2 clauses" in done.output
    assert "watch: 0 findings" in done.output


def test_it_names_each_finding_and_ends_with_1(folder: Path) -> None:
    (folder / "processes/watch/scenarios/review.yaml").unlink()
    done = CliRunner().invoke(main, ["packs", "coverage", "watch"])
    assert done.exit_code == 1
    assert "clause-without-scenario: watch wzpt-1" in done.output
    assert "watch: 2 findings" in done.output


def test_as_json_it_lists_every_clause(folder: Path) -> None:
    done = CliRunner().invoke(main, ["packs", "coverage", "--json"])
    rows = json.loads(done.output)
    assert [row["clause"] for row in rows] == ["wzpt-1", "wzpt-6"]
    assert rows[1].keys() == {"institution", "clause", "kind", "article", "elements", "scenarios"}
    assert (rows[1]["institution"], rows[1]["kind"], rows[1]["article"]) == ("watch", "deadline", "第一条")
    assert {"kind": "inactivity", "file": "pack.yaml", "place": "inactivity"}.items() <= next(
        element for element in rows[1]["elements"] if element["kind"] == "inactivity"
    ).items()
    assert rows[1]["scenarios"] == [{"process": "review", "key": "silent", "title_zh": "久未更新"}]


def test_a_pack_that_is_not_there_or_cannot_be_read_is_said(folder: Path) -> None:
    done = CliRunner().invoke(main, ["packs", "coverage", "other"])
    assert (done.exit_code, "There is no pack named other" in done.output) == (1, True)
    (folder / "processes/watch/pack.yaml").write_text("format: [}")
    done = CliRunner().invoke(main, ["packs", "coverage"])
    assert (done.exit_code, "line 1" in done.output) == (1, True)
