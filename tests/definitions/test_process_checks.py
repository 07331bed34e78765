"""What processes name in pack.yaml is there, or is a finding; common parts stand in where a pack has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.support.changing import files
from tests.support.watch import files as watched
from webapp.definitions.checks import check_pack
from webapp.definitions.packs import parse_pack, read_files
from webapp.engine import DefinitionError
from webapp.workflow.context import specs

Files = dict[str, bytes]


def changed(old: str, new: str, path: str = "pack.yaml", made: Files | None = None) -> Files:
    found = made or files()
    assert old.encode() in found[path], old
    return {**found, path: found[path].replace(old.encode(), new.encode(), 1)}


def test_the_packs_the_changes_start_from_are_in_order() -> None:
    assert check_pack(files(), specs()) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("since: changed_on", "since: changed", "processes.change.deadline.1"),
        ("since: changed_on", "since: name", "processes.change.deadline.1"),
        ("kind = ", "sort = ", "processes.change.deadline.0"),
        ('kind = "old"', "kind = ", "processes.change.deadline.0"),
        ('kind = "old"', "due(1) = 1", "processes.change.deadline.0"),
        (", when: 'kind = \"old\"'", "", "processes.change.deadline.0"),
        (", article: wzpt-6}]", "}]", "processes.change.deadline.1"),
        (", article: wzpt-6}]", ", article: not-stated}]", "processes.change.deadline.1"),
        ("period_field: period", "period_field: year", "processes.report.period_field"),
        ("account_states: [rectification]", "account_states: [rectification, null]", "processes.relief.account_states"),
        ("start: {kinds: [staff]}", "start: {kinds: [everyone]}", "processes.change.start"),
        ("start: {kinds: [staff]}", "start: {roles: [nobody]}", "processes.change.start"),
        ('    title_zh: "三级审批"', '    about: account, title_zh: "三级审批"', "processes.chain.about"),
        ("number_series:", "inactivity: {months: 2, process: none}\nnumber_series:", "inactivity"),
    ],
)
def test_a_name_that_is_not_there_is_found(old: str, new: str, place: str) -> None:
    found = check_pack(changed(old.strip(), new.strip()), specs())
    assert [finding.element for finding in found if finding.rule == "process"] == [place]
    assert all(finding.sentence and finding.sentence_en for finding in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("account_states: [rectification]", "account_states: [gone]"),
        ("since: changed_on, ", ""),
        ("n: 7, ", "n: -7, "),
        ("unit: working_days", "unit: hours"),
        ('last_day: "2026-01-31"', 'last_day: "soon"'),
        ("about: account", "about: people"),
        ("number_series:", "pages: [{page: moon, article: wzpt-1}]\nnumber_series:"),
        ("number_series:", "inactivity: {months: 0}\nnumber_series:"),
    ],
)
def test_an_entry_that_is_not_understood_is_refused(old: str, new: str) -> None:
    with pytest.raises(DefinitionError):
        parse_pack(changed(old, new)["pack.yaml"])


def test_texts_processes_and_series_that_a_step_needs_are_there(app: Flask) -> None:
    gone = changed('"criticism"', '"critique"', "rectification.bpmn", watched())
    assert [(f.element, f.rule) for f in check_pack(gone, specs())] == [("Criticise", "process")]
    gone = changed("{key: bulletin,", "{key: notice,", made=watched())
    assert [(f.element, f.rule) for f in check_pack(gone, specs())] == [("Criticise", "process")]
    gone = changed('>"review"<', '>"revue"<', "order.bpmn", watched())
    assert [(f.element, f.rule) for f in check_pack(gone, specs())] == [("Ask", "process")]


def test_common_forms_stand_in_where_a_pack_has_none_of_the_name(tmp_path: Path) -> None:
    for place, content in {
        "processes/one/pack.yaml": "x",
        "processes/one/documents/review_form.yaml": "x",
        "processes/common/hearing.bpmn": "x",
        "forms/common/shared.form": "common",
        "forms/common/own.form": "common",
        "forms/one/own.form": "own",
    }.items():
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    found = read_files(tmp_path / "processes", tmp_path / "forms", "one")
    assert found["forms/shared.form"] == b"common"
    assert found["forms/own.form"] == b"own"
    assert {"common/hearing.bpmn", "documents/review_form.yaml"} <= set(found)
