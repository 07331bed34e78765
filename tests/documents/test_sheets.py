"""Spreadsheets from outside: read whole or refused with a sentence, whatever they hold."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from tests.documents.samples import GOOD, TITLES, sheet, workbook
from webapp.documents.cells import CellRefused, read_cell
from webapp.documents.reading import MAX_ROWS, read_sheet
from webapp.documents.sheets import Sheet
from webapp.documents.template import stream, template_of, workbook_of
from webapp.formkit.lookups import SheetReading


def refusal(content: bytes) -> str:
    """The sentence a file is refused with; nothing of it was taken."""
    reading = read_sheet(content, sheet())
    assert reading.refused is not None
    assert reading.rows == ()
    return reading.refused[0]


def problems(rows: list[list[object]]) -> list[tuple[int, str, str]]:
    reading = read_sheet(workbook([TITLES, *rows]), sheet())
    assert reading.rows == ()
    return [(problem.row, problem.column_zh, problem.sentence_zh) for problem in reading.problems]


def test_a_row_is_read_as_it_was_meant() -> None:
    reading = read_sheet(workbook([["新媒体报备表"], TITLES, GOOD]), sheet())
    assert reading.problems == ()
    assert reading.rows == (
        {
            "unit": "实训中心",
            "platform": "qq_group",
            "name": "工作群",
            "size": 9,
            "since": "2026-03-02",
            "phone": "13800000000",
        },
    )
    assert reading.lines == (3,)


@pytest.mark.parametrize(
    "cell",
    [
        "□微信群 ☑QQ群",
        "□微信群√QQ群",
        "□微信群 ■QQ群 □微博公众号",
        "□√QQ群 □微信群",
        "☐微信群 ☒ ＱＱ 群",
        "QQ群",
        "qq群",
    ],
)
def test_a_marked_box_is_understood_however_it_was_typed(cell: str) -> None:
    column = sheet().columns[1]
    assert read_cell(column, cell) == "qq_group"


@pytest.mark.parametrize("cell", ["□微信群 □QQ群", "☑微信群 ☑QQ群", "☑微视", "√"])
def test_a_cell_that_does_not_mark_exactly_one_box_is_refused(cell: str) -> None:
    with pytest.raises(CellRefused):
        read_cell(sheet().columns[1], cell)


def test_every_bad_cell_is_listed_with_row_column_and_reason_and_nothing_is_taken() -> None:
    bad = ["", "☑微视", "名" * 21, "很多", "2026-02-30", "12345"]
    found = problems([GOOD, bad, GOOD, [*GOOD[:5], "电话同上"]])
    assert [(row, column) for row, column, _ in found] == [*((3, title) for title in TITLES), (5, "负责人电话")]
    assert found[0][2] == "必填，不能空着"
    assert "最多 20 个字" in found[2][2]
    assert "不是数字" in found[3][2]
    assert "不是日期" in found[4][2]
    rows = read_sheet(workbook([TITLES, bad]), sheet()).bad_rows
    assert [row for row, _ in rows] == [2]
    assert len(rows[0][1]) == len(TITLES)


def test_missing_unknown_and_double_columns_are_all_named() -> None:
    sentence = refusal(workbook([[*TITLES[:3], "奇怪的列", TITLES[0]], GOOD]))
    assert "缺少：人数（报备当天人数）、开通日期、负责人电话" in sentence
    assert "不认识：奇怪的列" in sentence
    assert "重复：单位/组织名称" in sentence


def test_the_order_of_the_columns_and_marks_in_their_titles_do_not_matter() -> None:
    titles = [f" {title}* " for title in reversed(TITLES)]
    reading = read_sheet(workbook([titles, list(reversed(GOOD))]), sheet())
    assert reading.rows[0]["name"] == "工作群"


def test_dates_and_telephones_typed_as_numbers_are_read() -> None:
    reading = read_sheet(workbook([TITLES, [*GOOD[:4], 46083, 13800000000]]), sheet())
    assert reading.rows[0]["since"] == "2026-03-02"
    assert reading.rows[0]["phone"] == "13800000000"


def test_too_many_rows_are_refused_with_the_limit() -> None:
    assert f"{MAX_ROWS} 行" in refusal(workbook([TITLES, *[GOOD] * 20_000]))
    assert f"一次最多 {MAX_ROWS} 行" in refusal(workbook([TITLES, *[GOOD] * (MAX_ROWS + 1)]))
    assert read_sheet(workbook([TITLES, *[GOOD] * MAX_ROWS]), sheet()).count == MAX_ROWS


def test_of_formulas_only_the_saved_result_counts() -> None:
    made = workbook([TITLES, GOOD], [(1, 2, '=HYPERLINK("http://x")', "工作群"), (1, 3, "=1+8", 9)])
    assert read_sheet(made, sheet()).rows[0]["size"] == 9
    unsolved = read_sheet(workbook([TITLES, GOOD], [(1, 3, "=1+8", "")]), sheet())
    assert [(p.row, p.sentence_zh) for p in unsolved.problems] == [(2, "公式没有保存结果，请改填数值或文字")]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "@SUM(1)", "+1+1", "-2+3"])
def test_a_text_that_looks_like_a_formula_stays_a_text_there_and_back(text: str) -> None:
    reading = read_sheet(workbook([TITLES, [*GOOD[:2], text, *GOOD[3:]]]), sheet())
    assert reading.rows[0]["name"] == text
    again = workbook_of(sheet(), reading.rows)
    with zipfile.ZipFile(io.BytesIO(again)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert read_sheet(again, sheet()).rows == reading.rows


def test_control_characters_are_refused() -> None:
    reading = read_sheet(workbook([TITLES, [*GOOD[:2], "工\x07作", *GOOD[3:]]]), sheet())
    assert "控制字符" in reading.problems[0].sentence_zh or reading.rows == ()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"%PDF-1.7\n%%EOF", b"\xd0\xcf\x11\xe0" * 200])
def test_what_is_no_workbook_is_refused(content: bytes) -> None:
    assert "不是可以读取的 Excel 表格" in refusal(content)


def test_a_broken_workbook_is_refused_wherever_it_breaks() -> None:
    whole = workbook([TITLES, GOOD])
    for cut in range(100, len(whole), 397):
        assert refusal(whole[:cut])
    for at in range(0, len(whole), 211):
        broken = whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :]
        assert isinstance(read_sheet(broken, sheet()), SheetReading)


def test_an_empty_workbook_is_refused() -> None:
    assert "没有找到标题行" in refusal(workbook([]))
    assert "还没有填一行" in refusal(workbook([TITLES]))
    assert "还没有填一行" in refusal(workbook([TITLES, [" ", ""]]))


def rebuilt(change: dict[str, bytes]) -> bytes:
    """A good workbook with parts replaced."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([TITLES, GOOD]))) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, change.get(name, old.read(name)))
    return made.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
HEAD = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
FOOT = b"</sheetData></worksheet>"


def test_a_zip_bomb_is_refused_before_anything_reads_it() -> None:
    bomb = rebuilt({SHEET: HEAD + b'<row r="1"><c r="A1"><v>1</v></c></row>' + b" " * 300_000_000 + FOOT})
    assert len(bomb) < 1_000_000
    assert "展开后过大" in refusal(bomb)


def test_a_bomb_that_lies_about_its_size_is_refused_too() -> None:
    """The sizes in the directory say little; what comes out is counted."""
    content = bytearray(rebuilt({SHEET: HEAD + b" " * 200_000_000 + FOOT}))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = archive.getinfo(SHEET)
    at = content.rfind(SHEET.encode()) - 46
    assert content[at : at + 4] == b"PK\x01\x02"
    content[at + 24 : at + 28] = struct.pack("<I", 1000)
    content[entry.header_offset + 22 : entry.header_offset + 26] = struct.pack("<I", 1000)
    assert refusal(bytes(content))


def test_a_filled_cell_in_the_farthest_corner_does_not_fill_the_memory() -> None:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    assert "超过" in refusal(rebuilt({SHEET: HEAD + far + FOOT}))
    wide = b'<row r="1"><c r="XFD1"><v>1</v></c></row>'
    assert "列以外" in refusal(rebuilt({SHEET: HEAD + wide + FOOT}))


def test_xml_that_brings_its_own_entities_is_refused() -> None:
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    evil = HEAD.replace(b'"?>', b'"?>' + laughs) + b'<row r="1"><c r="A1" t="str"><v>&b;</v></c></row>' + FOOT
    assert "不是可以读取" in refusal(rebuilt({SHEET: evil}))


def test_deep_and_broken_xml_is_refused() -> None:
    assert refusal(rebuilt({SHEET: HEAD + b"<row>" * 100_000}))
    assert refusal(rebuilt({"xl/workbook.xml": b"<workbook/>"}))
    assert refusal(rebuilt({"xl/_rels/workbook.xml.rels": b""}))


def test_compressed_data_that_is_no_data_is_refused() -> None:
    content = bytearray(workbook([TITLES, GOOD]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entry = archive.getinfo(SHEET)
    start = entry.header_offset + 30 + len(SHEET)
    content[start : start + 20] = b"\xff" * 20
    with pytest.raises(zlib.error):
        zlib.decompressobj(-15).decompress(bytes(content[start : start + entry.compress_size]))
    assert refusal(bytes(content))


def test_the_template_is_a_workbook_that_only_lacks_its_rows() -> None:
    template = template_of(sheet())
    assert "还没有填一行" in refusal(template)
    with zipfile.ZipFile(io.BytesIO(template)) as archive:
        page = archive.read(SHEET).decode()
        assert "dataValidation" in page
        assert "微信公众号" in page
        texts = archive.read("xl/sharedStrings.xml").decode()
    assert "单位/组织名称*" in texts
    assert "13800000000" in texts
    assert read_sheet(template_of(sheet(), "en"), sheet()).refused is not None


def test_a_hundred_thousand_rows_are_written_one_by_one() -> None:
    rows = ({"unit": f"单位{n}", "name": "=1+1", "size": n} for n in range(100_000))
    with stream(sheet(), rows) as made:
        assert made.read(2) == b"PK"
        assert made.seek(0, io.SEEK_END) > 500_000


def test_a_sheet_that_cannot_be_told_apart_is_refused() -> None:
    column = {"key": "a", "title_zh": "甲"}
    with pytest.raises(ValueError, match="key"):
        Sheet.model_validate({"key": "s", "name_zh": "表", "columns": [column, column]})
    with pytest.raises(ValueError, match="title"):
        Sheet.model_validate({"key": "s", "name_zh": "表", "columns": [column, {"key": "b", "title_zh": " 甲 "}]})
    with pytest.raises(ValueError, match="choices"):
        Sheet.model_validate({"key": "s", "name_zh": "表", "columns": [{**column, "kind": "choice"}]})
