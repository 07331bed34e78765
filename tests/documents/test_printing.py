"""Official forms on paper: what stands in the PDF and in the Word file, and that nothing in it can become code."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import docx
import pypdf
import pytest

from tests.documents.samples import LAYOUT, layout
from webapp.documents.filled import FilledForm, Opinion
from webapp.documents.filling import Facts, applies, fill, opinion
from webapp.documents.pdf import PLAIN_NOTE, render_pdf, render_png
from webapp.documents.word import render_word
from webapp.documents.wording import Values
from webapp.formkit import Choice
from webapp.formkit.display import Wording

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
VALUES = Values(Wording([], "zh"), ZoneInfo("Asia/Shanghai"))
PERSON = {"name": "张老师", "post": "编辑", "phone": "13800000000"}
EVIL = [
    '#read("/etc/passwd")',
    '#import "@preview/tiaoma:0.3.0": *',
    "$x$ *粗* _斜_ `raw` = 标题 // 注释 /* 注 */ @ref <label> \\u{1F600} #evil",
    "#while true {}",
    '{{ 7 * 7 }} {% for x in y %} <w:p/> <script>alert("x")</script> & "',
    "]#[ ] [ }{ ${} \\ \\\\ ~ -- --- ... '引' ",
    "=cmd|' /C calc'!A0",
]


def facts(application: Mapping[str, Any], opinions: Sequence[Opinion] = (), **more: Any) -> Facts:
    names = {"case": {"number": "2026年第17号"}, "Application": dict(application)}
    given = {"address": "https://beian.example.edu.cn/cases/12", "foot": ("申〔2026〕0001", "账册 128 条 9f3a"), **more}
    return Facts(VALUES, date(2026, 3, 2), names, {"UnitOpinion": opinions}, date(2026, 3, 2), **given)


def pages(form: FilledForm) -> list[str]:
    """The text of every page of the PDF, without the spaces that setting it brings."""
    reader = pypdf.PdfReader(io.BytesIO(render_pdf(form, NOW).content))
    return [plain(page.extract_text()) for page in reader.pages]


def plain(text: str) -> str:
    return re.sub(r"[\s\u200b]", "", text)


def word(form: FilledForm) -> Any:
    return docx.Document(io.BytesIO(render_word(form)))


def test_a_filled_form_says_everything_in_both_formats() -> None:
    said = opinion("同意，定位明确。", "同意", "部门主要负责人　李老师", date(2026, 3, 3))
    filled = fill(layout(), facts({"name": "设计有温度", "kind": "service", "operators": [PERSON]}, [said]))
    read = pages(filled)
    assert len(read) == 2
    for wanted in ("学年审查表", "2026年第17号", "设计有温度", "√服务号", "张老师", "13800000000", "同意，定位明确。"):
        assert wanted in read[0], wanted
    for wanted in ("部门主要负责人李老师2026年3月3日", "负责人签字（盖章）", "填报日期：2026年3月2日", "账册128条9f3a"):
        assert wanted in read[0], wanted
    assert "第1份，共2份（党委宣传部存）" in read[0]
    assert "第2份，共2份（创建单位存）" in read[1]
    document = word(filled)
    assert len(document.tables) == 2
    texts = plain("".join(cell.text for row in document.tables[0].rows for cell in row.cells))
    for wanted in ("设计有温度", "☑服务号", "□订阅号", "张老师", "同意，定位明确。", "负责人签字（盖章）"):
        assert wanted in texts, wanted
    feet = [section.footer.paragraphs[0].text for section in document.sections]
    assert ["党委宣传部" in feet[0], "创建单位" in feet[1]] == [True, True]
    assert len(document.inline_shapes) == 2


def test_one_copy_is_printed_when_one_is_asked_for() -> None:
    read = pages(fill(layout(), facts({"name": "甲"}), [2]))
    assert len(read) == 1
    assert "创建单位存" in read[0]


def test_the_pdf_is_archival_and_the_page_can_be_drawn() -> None:
    form = fill(layout(), facts({"name": "龘䶮"}), [1])
    made = render_pdf(form, NOW)
    assert made.archival
    assert b"pdfaid" in made.content
    drawn = render_png(form)
    assert len(drawn) == 1
    assert drawn[0].startswith(b"\x89PNG")


def test_a_character_the_font_lacks_gives_a_plain_pdf_that_says_so() -> None:
    form = fill(layout(), facts({"name": "笑脸😀"}), [1])
    made = render_pdf(form, NOW)
    assert not made.archival
    assert b"pdfaid" not in made.content
    assert plain(PLAIN_NOTE) in pages(form)[0]


@pytest.mark.parametrize("evil", EVIL)
def test_hostile_text_is_printed_as_it_stands_and_runs_nothing(evil: str) -> None:
    application = {"name": evil, "purpose": evil, "operators": [{**PERSON, "name": evil}]}
    form = fill(layout(), facts(application, [opinion(evil, "同意", evil, None)]), [1])
    read = "".join(pages(form))
    assert read.count(plain(evil)) >= 3 or plain(evil) in read, read
    assert "root:" not in read
    texts = [cell.text for row in word(form).tables[0].rows for cell in row.cells]
    assert evil.strip() in [text.strip() for text in texts]


def test_control_and_direction_characters_are_left_out() -> None:
    form = fill(layout(), facts({"name": "甲\x00\x07乙\u202e丙\ufffe\ud800", "purpose": "一\r\n二\u2028三"}), [1])
    assert "甲乙丙" in pages(form)[0]
    with zipfile.ZipFile(io.BytesIO(render_word(form))) as archive:
        assert "甲乙丙" in archive.read("word/document.xml").decode()


def test_a_very_long_text_goes_on_over_the_pages() -> None:
    text = "很长的定位。" * 3000
    read = pages(fill(layout(), facts({"name": "甲", "purpose": text}), [1]))
    assert len(read) > 8
    assert "".join(read).count("很长的定位") > 2900
    assert "部门意见" in read[-1]
    long_word = "a" * 5000
    assert "".join(pages(fill(layout(), facts({"name": long_word}), [1]))).count("a") > 4900
    endless = fill(layout(), facts({"name": "甲" * 1_000_000}), [1])
    assert "内容过长" in "".join(pages(endless))


def test_a_thousand_rows_have_their_header_on_every_page() -> None:
    rows = [{"name": f"第{n}位", "post": "编辑", "phone": str(n)} for n in range(1000)]
    form = fill(layout(), facts({"name": "甲", "operators": rows}), [1])
    read = pages(form)
    assert len(read) > 20
    assert "第999位" in "".join(read)
    assert all("序号姓名职务电话" in page for page in read[:-1])
    assert sum(len(table.rows) for table in word(form).tables) > 1000


def test_a_blank_form_has_its_lines_and_boxes_and_nothing_else() -> None:
    form = fill(layout(), Facts(VALUES, date(2026, 3, 2), foot=("空白表",), blank=True), [1])
    read = pages(form)[0]
    for wanted in ("新媒体名称", "订阅号", "服务号", "编号：", "空白表", "负责人签字（盖章）"):
        assert wanted in read
    assert "√" not in read
    assert [row.cells[0].text for row in word(form).tables[0].rows[3:6]] == ["1", "2", "3"]


def test_values_of_other_shapes_than_expected_are_printed_as_well_as_can_be() -> None:
    strange = {"name": {"name": "张老师"}, "kind": ["service", "x"], "operators": "nobody", "purpose": [1, None, True]}
    form = fill(layout(), facts(strange), [1])
    assert "张老师" in pages(form)[0]
    assert "√服务号" in pages(form)[0]
    failing = layout(LAYOUT.replace("value: Application.purpose", "value: 'Application.purpose + 1'"))
    assert fill(failing, facts({"purpose": "文字"})).failed == ("rows.3.1",)


def test_whether_a_layout_is_for_a_case_is_asked_of_its_answers() -> None:
    conditional = layout(LAYOUT.replace("copies: 2", "when: 'Application.kind = \"service\"'\ncopies: 2"))
    assert applies(conditional, facts({"kind": "service"}))
    assert not applies(conditional, facts({"kind": "other"}))
    assert not applies(conditional, facts({}))


def test_the_platform_of_a_registered_account_is_printed_by_its_title() -> None:
    values = Values(Wording([Choice("weibo", "微博")], "zh"), ZoneInfo("Asia/Shanghai"))

    assert values.text("weibo", "case.account.platform") == "微博"
    assert values.text("gone", "case.account.platform") == "gone"
    assert values.text(None, "case.account.platform") == ""
    assert values.text("weibo", "case.account.name") == "weibo"
