"""Forms as Word files, from the same filled form as the PDF: a table built cell by cell, one section for each copy."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import docx
import segno
from docx.document import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from webapp.documents.filled import Cells, Copy, FilledCell, FilledForm, Segment
from webapp.documents.wording import printable

FONT: Final = "宋体"
_TWIPS: Final = 567  # to a centimetre
_SIDE_CM: Final = 2.0
_DATED: Final = "：　　　　　　　　　　　　年　　月　　日"


def render_word(form: FilledForm) -> bytes:
    """The form as .docx; texts are only ever texts."""
    document = docx.Document()
    _style(document)
    for position, copy in enumerate(form.copies):
        section = document.sections[0] if position == 0 else document.add_section(WD_SECTION.NEW_PAGE)
        _page(section, form, copy)
        _copy(document, form)
    document.core_properties.title = printable(form.title)[:200]
    document.core_properties.author = ""
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _style(document: Document) -> None:
    normal = document.styles["Normal"]
    normal.font.name, normal.font.size = FONT, Pt(10.5)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    normal.paragraph_format.space_after = Pt(0)


def _page(section: Any, form: FilledForm, copy: Copy) -> None:
    wide, high = (Mm(297), Mm(210)) if form.landscape else (Mm(210), Mm(297))
    section.orientation = WD_ORIENT.LANDSCAPE if form.landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = wide, high
    section.left_margin = section.right_margin = Mm(_SIDE_CM * 10)
    section.top_margin, section.bottom_margin = Mm(16), Mm(20)
    start = OxmlElement("w:pgNumType")
    start.set(qn("w:start"), "1")
    section._sectPr.append(start)
    section.footer.is_linked_to_previous = False
    foot = section.footer.paragraphs[0]
    words = list(form.foot)
    if form.of > 1:
        words.append(f"第 {copy.number} 份，共 {form.of} 份" + (f"（{copy.holder}存）" if copy.holder else ""))
    _run(foot, "　".join([*words, "第 "]), 7.5)
    _page_number(foot)
    _run(foot, " 页", 7.5)


def _copy(document: Document, form: FilledForm) -> None:
    title = document.add_paragraph()
    title.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(title, form.title, 16)
    head = document.add_paragraph()
    number = f"　　编号：{form.number or '　　　　　　'}" if form.numbered else ""
    _run(head, "　　".join(f"{label}：{text or '　　　　'}" for label, text in form.head) + number, 10.5)
    for position, segment in enumerate(form.segments):
        if position:
            _run(document.add_paragraph(), "", 1)
        _table(document, form, segment)
    for note in form.notes:
        _run(document.add_paragraph(), note, 9)
    if form.address:
        drawn = BytesIO()
        segno.make(form.address, error="m").save(drawn, kind="png", scale=6, border=1)
        drawn.seek(0)
        last = document.add_paragraph()
        last.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        last.add_run().add_picture(drawn, width=Mm(18))


def _table(document: Document, form: FilledForm, segment: Segment) -> None:
    """One table with fixed widths; cells that reach down are continued in the lines below them."""
    total = (29.7 if form.landscape else 21.0) - 2 * _SIDE_CM
    widths = [round(width / sum(form.columns) * total * _TWIPS) for width in form.columns]
    table = _element("w:tbl")
    properties = _element("w:tblPr")
    properties.append(_element("w:tblW", w=str(sum(widths)), type="dxa"))
    borders = _element("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        borders.append(_element(f"w:{side}", val="single", sz="4", space="0", color="000000"))
    properties.append(borders)
    properties.append(_element("w:tblLayout", type="fixed"))
    table.append(properties)
    grid = _element("w:tblGrid")
    for width in widths:
        grid.append(_element("w:gridCol", w=str(width)))
    table.append(grid)
    reaching: dict[int, tuple[int, int]] = {}  # column -> (columns wide, lines still to come)
    if segment.header:
        table.append(_row(segment.header, widths, reaching, header=True))
    for cells in segment.rows:
        table.append(_row(cells, widths, reaching))
    document.element.body.insert(len(document.element.body) - 1, table)


def _row(cells: Cells, widths: Sequence[int], reaching: dict[int, tuple[int, int]], header: bool = False) -> Any:
    row = _element("w:tr")
    properties = _element("w:trPr")
    least = max((cell.height or 0.75 for cell in cells if cell.lines == 1), default=0.75)
    properties.append(_element("w:trHeight", val=str(round(least * _TWIPS)), hRule="atLeast"))
    if header:
        properties.append(_element("w:tblHeader"))
    row.append(properties)
    waiting = list(cells)
    column = 0
    while column < len(widths):
        if column in reaching:
            span, left = reaching.pop(column)
            if left > 1:
                reaching[column] = (span, left - 1)
            row.append(_cell(FilledCell("text", span=span), widths[column : column + span], continued=True))
        elif waiting:
            cell = waiting.pop(0)
            span = cell.span
            if cell.lines > 1:
                reaching[column] = (span, cell.lines - 1)
            row.append(_cell(cell, widths[column : column + span], least))
        else:
            break
        column += span
    return row


def _cell(cell: FilledCell, widths: Sequence[int], high: float = 0, continued: bool = False) -> Any:
    made = _element("w:tc")
    properties = _element("w:tcPr")
    properties.append(_element("w:tcW", w=str(sum(widths)), type="dxa"))
    if cell.span > 1:
        properties.append(_element("w:gridSpan", val=str(cell.span)))
    if continued:
        properties.append(_element("w:vMerge"))
    elif cell.lines > 1:
        properties.append(_element("w:vMerge", val="restart"))
    properties.append(_element("w:vAlign", val="top" if cell.kind == "opinion" else "center"))
    made.append(properties)
    for text, align in _paragraphs(cell, high):
        made.append(_paragraph(text, align))
    return made


def _paragraphs(cell: FilledCell, high: float) -> list[tuple[str, str]]:
    """The texts of a cell, each with its side."""
    if cell.kind == "boxes":
        return [("　".join(f"{'☑' if box.marked else '□'}{box.title}" for box in cell.boxes), cell.align)]
    if cell.kind != "opinion":
        return [(line, cell.align) for line in cell.text.split("\n")]
    said: list[tuple[str, str]] = []
    for one in cell.opinions:
        said += [*((line, "left") for line in one.text.split("\n")), (f"{one.who}　{one.on}", "right")]
    if not said:
        said += [("", "left")] * max(0, round(high / 0.5) - 2)
    return [*said, (cell.sign + _DATED, "right")] if cell.sign else said or [("", "left")]


def _paragraph(text: str, align: str) -> Any:
    paragraph = _element("w:p")
    if align != "left":
        properties = _element("w:pPr")
        properties.append(_element("w:jc", val=align))
        paragraph.append(properties)
    run = _element("w:r")
    words = _element("w:t")
    words.text = printable(text)
    words.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    run.append(words)
    paragraph.append(run)
    return paragraph


def _element(tag: str, **attributes: str) -> Any:
    made = OxmlElement(tag)
    for name, value in attributes.items():
        made.set(qn(f"w:{name}"), value)
    return made


def _run(paragraph: Paragraph, text: str, size: float) -> None:
    run = paragraph.add_run(printable(text))
    run.font.size = Pt(size)


def _page_number(paragraph: Paragraph) -> None:
    run = paragraph.add_run()
    run.font.size = Pt(7.5)
    for kind in ("begin", "", "end"):
        if kind:
            run._r.append(_element("w:fldChar", fldCharType=kind))
        else:
            code = _element("w:instrText")
            code.text = "PAGE"
            run._r.append(code)
