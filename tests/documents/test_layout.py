"""Layouts as data: what is wrong in one is said with file and place, before anything is printed."""

from __future__ import annotations

import pytest

from tests.documents.samples import LAYOUT, layout
from webapp.config import ROOT
from webapp.definitions.checks import check_pack
from webapp.definitions.packs import read_files
from webapp.engine.errors import DefinitionError, Finding
from webapp.workflow.context import specs

ROW = "  - [{label: 定位}, {value: Application.purpose, span: 3}]\n"


def findings(old: str, new: str) -> list[Finding]:
    assert old in LAYOUT
    with pytest.raises(DefinitionError) as refused:
        layout(LAYOUT.replace(old, new))
    return list(refused.value.findings)


def test_a_layout_says_what_it_rests_on() -> None:
    read = layout()
    assert read.article == "wzpt-11.7"
    assert read.citations == ("wzpt-11.7",)
    assert [read.holder(n) for n in (1, 2)] == ["党委宣传部", "创建单位"]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("span: 3}]\n  - [{label: 类型}", "span: 2}]\n  - [{label: 类型}", "rows.0"),
        ("value: Application.purpose", "value: 'Application.purpose ='", "rows.3.1.value"),
        ("value: Application.purpose", "valeu: Application.purpose", "rows.3.1.valeu"),
        ("value: Application.purpose", "value: Application.purpose, label: 甲", "rows.3.1"),
        ("value: row.name", "value: '1 +'", "rows.2.cells.1.value"),
        ("header: [序号, 姓名, 职务, 电话]", "header: [序号, 姓名]", "rows.2.header"),
        ("columns: [3, 4, 3, 4]", "columns: [3, -4, 3, 4]", "columns"),
        ("copies: 2", "copies: 3", "(root)"),
        ("copies: 2", "copies: 1000", "copies"),
        ("article: wzpt-11.7", "article: not-stated", "(root)"),
        ("article: wzpt-11.7", "ours: true", "(root)"),
        ("title_zh: ", "titel_zh: ", "title_zh"),
        ("number: case.number", "number: 'case.'", "number"),
        ("key: sample_form", "key: Review Form", "key"),
        ("  - repeat: Application.operators", "  - repeat: 'Application ..'", "rows.2.repeat"),
    ],
)
def test_a_mistake_is_named_with_its_place(old: str, new: str, place: str) -> None:
    found = findings(old, new)
    assert place in [finding.element for finding in found], found
    assert {finding.file for finding in found} == {"documents/sample_form.yaml"}


def test_bad_yaml_is_named_with_its_line() -> None:
    with pytest.raises(DefinitionError) as refused:
        layout("key: [")
    assert refused.value.findings[0].rule == "yaml"


def test_cells_that_reach_down_count_in_the_lines_below() -> None:
    spanning = "  - [{label: 甲, lines: 2}, {text: 一, span: 3}]\n  - [{text: 二, span: 3}]\n"
    assert layout(LAYOUT.replace(ROW, spanning))
    too_wide = spanning.replace("{text: 二, span: 3}", "{label: 乙}, {text: 二, span: 3}")
    assert [finding.element for finding in findings(ROW, too_wide)] == ["rows.4"]


DOCUMENTS = "\ndocuments: [documents/sample_form.yaml]"


def packed(text: str, listed: bool = True) -> list[Finding]:
    """What `beian packs check` says of wzpt with this layout."""
    files = dict(read_files(ROOT / "processes", ROOT / "forms", "wzpt"))
    if listed:
        pack = files["pack.yaml"].decode()
        files["pack.yaml"] = pack.replace(
            "\ndocuments:\n", "\ndocuments:\n  - documents/sample_form.yaml\n", 1
        ).encode()
    files["documents/sample_form.yaml"] = text.encode()
    return [finding for finding in check_pack(files, specs()) if finding.file == "documents/sample_form.yaml"]


SOUND = LAYOUT.replace("operators", "administrators").replace("Application.kind", "Application.filing_kind")
SOUND = SOUND.replace("row.name", "row.person").replace("row.post", "row.kind")


def test_a_sound_layout_passes_the_packs_check() -> None:
    assert packed(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("Application.purpose", "Application.porpuse", "没有字段“porpuse”"),
        ("Application.purpose", "Aplication.purpose", "Aplication 不存在"),
        ("Application.purpose", "row.purpose", "row 不存在"),
        ("Application.purpose", "case.nothing", "case 没有 nothing"),
        ("Application.purpose", "made_up(Application)", "没有函数 made_up"),
        ("opinion: UnitOpinion", "opinion: UnitOpinions", "没有用户任务“UnitOpinions”"),
        ("process: new_account", "process: no_such", "没有流程“no_such”"),
        ("article: wzpt-11.7", "article: wzpt-999", "没有条款“wzpt-999”"),
    ],
)
def test_names_that_are_not_there_are_found_before_deploying(old: str, new: str, words: str) -> None:
    found = packed(SOUND.replace(old, new))
    assert any(words in finding.sentence for finding in found), found


def test_a_layout_nobody_lists_and_one_that_is_missing_are_found() -> None:
    assert "没有列出" in packed(SOUND, listed=False)[0].sentence
    files = dict(read_files(ROOT / "processes", ROOT / "forms", "wzpt"))
    files.pop("documents/registration_form.yaml")
    assert any(f.file == "documents/registration_form.yaml" for f in check_pack(files, specs()))
