"""What coverage misses in a pack: each kind of finding, planted into a pack that has none."""

from __future__ import annotations

import pytest
import yaml

from tests.coverage.planted import SILENT, pack
from webapp import create_app
from webapp.coverage.report import ClauseCover, Coverage, coverage
from webapp.engine import DefinitionError
from webapp.workflow.context import specs


def of(made: dict[str, bytes]) -> Coverage:
    assert create_app  # its import registers the operations that diagrams name
    return coverage(made, specs())


def found(made: dict[str, bytes]) -> list[tuple[str, str]]:
    return [(finding.rule, finding.element) for finding in of(made).findings]


def clause(made: dict[str, bytes], code: str) -> ClauseCover:
    return next(cover for cover in of(made).clauses if cover.code == code)


def replaced(path: str, old: str, new: str) -> dict[str, bytes]:
    made = pack()
    text = made[path].decode()
    assert old in text
    return {**made, path: text.replace(old, new).encode()}


def test_a_pack_in_which_all_is_said_has_no_findings() -> None:
    assert found(pack()) == []


def test_a_clause_that_nothing_carries_out_is_named() -> None:
    more = "      - {id: wzpt-9, kind: register, process: registry, duty_zh: 登记册}\n"
    made = pack()
    made["regulations/watch.yaml"] += b"\n" + more.encode()
    assert found(made) == [("clause-without-element", "wzpt-9")]


@pytest.mark.parametrize("kind", ["step", "rule", "deadline", "sanction", "calendar", "notice"])
def test_a_clause_that_says_what_happens_wants_a_scenario(kind: str) -> None:
    made = replaced("regulations/watch.yaml", "kind: deadline", f"kind: {kind}")
    made["scenarios/review.yaml"] = made["scenarios/review.yaml"].replace(b"[wzpt-6]", b"[]")
    assert found(made) == [("clause-without-scenario", "wzpt-6")]


@pytest.mark.parametrize("kind", ["role", "form", "register", "undertaking"])
def test_other_clauses_need_no_scenario(kind: str) -> None:
    made = replaced("regulations/watch.yaml", "kind: deadline", f"kind: {kind}")
    made["scenarios/review.yaml"] = made["scenarios/review.yaml"].replace(b"[wzpt-6]", b"[]")
    assert found(made) == []


def test_a_scenario_that_names_a_clause_and_passes_nothing_of_it_does_not_count() -> None:
    made = pack()
    scenarios = yaml.safe_load(made["scenarios/review.yaml"])
    scenarios["scenarios"][0]["clauses"] = ["wzpt-1", "wzpt-6"]
    del scenarios["scenarios"][1]
    made["scenarios/review.yaml"] = yaml.safe_dump(scenarios).encode()
    (finding,) = of(made).findings
    assert (finding.rule, finding.element) == ("clause-without-scenario", "wzpt-6")
    assert "passed" in finding.sentence_en
    assert [scenario.passes for scenario in clause(made, "wzpt-6").scenarios] == [False]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        (
            "{key: weibo, name_zh: 微博, name_en: Weibo, article: wzpt-1}",
            "{key: weibo, name_zh: 微博}",
            "platforms.weibo",
        ),
        ("found: unit, unit: xcb, article: wzpt-1}", "found: unit, unit: xcb}", "roles.unit_head"),
        ('{n:03d}号", article: wzpt-1}\n  - {key: group', '{n:03d}号"}\n  - {key: group', "number_series.account"),
        ("inactivity: {months: 2, process: rectification, article: wzpt-6}", "inactivity: {months: 2}", "inactivity"),
        ("name_zh: 报备表\n    article: wzpt-1", "name_zh: 报备表", "sheets.accounts"),
        ("name_zh: 年审\n    article: wzpt-6\n", "name_zh: 年审\n", "campaigns.yearly"),
        ("since: changed_on, article: wzpt-6}", "since: changed_on}", "processes.change.deadline.0"),
        ('请处理。"' + SILENT, '请处理。", article: not-stated', "texts.told"),
        ("limits: {article: not-stated, reason_zh: 原文未规定,", "limits: {article: not-stated,", "limits"),
    ],
)
def test_an_entry_without_a_clause_or_a_reason_is_named(old: str, new: str, place: str) -> None:
    assert ("element-without-clause", place) in found(replaced("pack.yaml", old, new))


def test_a_step_a_table_and_a_field_without_a_clause_are_named() -> None:
    made = pack()
    made["review.bpmn"] = made["review.bpmn"].replace(b'<camunda:property name="article" value="wzpt-1" />', b"", 1)
    assert found(made) == [("element-without-clause", "Application")]


def test_what_cites_a_clause_is_told_with_its_place() -> None:
    carriers = {(element.kind, element.file, element.place) for element in clause(pack(), "wzpt-6").elements}
    assert carriers >= {
        ("timer", "rectification.bpmn", "Late"),
        ("field", "forms/rectification.form", "last_update_on"),
        ("inactivity", "pack.yaml", "inactivity"),
        ("campaign", "pack.yaml", "campaigns.yearly"),
        ("deadline", "pack.yaml", "processes.change.deadline.0"),
        ("process", "pack.yaml", "processes.rectification"),
    }
    assert clause(pack(), "wzpt-6").shown_by[0].key == "silent"


def test_a_process_that_cannot_be_read_is_named_and_the_rest_is_still_told() -> None:
    made = pack()
    made["stock.bpmn"] = b"<no"
    assert ("unreadable", "processes.stock") in found(made)


def test_a_scenario_file_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(DefinitionError):
        of(pack(**{"scenarios/other.yaml": "process: review\nscenarios: [{key: a}]"}))
