"""Spreadsheets we write: the template of a sheet, a sheet with rows, and long lists row by row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import IO, Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from webapp.documents.cells import shown
from webapp.documents.reading import MAX_ROWS
from webapp.documents.sheets import Sheet, SheetColumn

_WIDE: Final = 18
_LONGEST_LIST: Final = 255  # characters a drop-down may hold
_OPTIONS: Final[dict[str, Any]] = {
    "in_memory": True,
    # A value is a text, whatever it begins with: never a formula, never a link.
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def template_of(sheet: Sheet, locale: str = "zh") -> bytes:
    """An empty workbook to fill in: a note, the titles, drop-downs; a second page shows a filled row."""
    return _written(sheet, (), locale, help=True)


def workbook_of(sheet: Sheet, rows: Iterable[Mapping[str, Any]], locale: str = "zh") -> bytes:
    """A workbook with rows of answers, readable by `read_sheet` again."""
    return _written(sheet, [[shown(c, row.get(c.key)) for c in sheet.columns] for row in rows], locale)


def workbook_of_cells(sheet: Sheet, rows: Iterable[Sequence[Any]]) -> bytes:
    """A workbook with these very cells below the titles, as somebody would have typed them."""
    return _written(sheet, rows, "zh")


def stream(sheet: Sheet, rows: Iterable[Mapping[str, Any]], locale: str = "zh") -> IO[bytes]:
    """As `workbook_of` for any number of rows: they are written to a temporary file one by one. Who gets it
    closes it.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115  handed on, closed by who sends it
    book = xlsxwriter.Workbook(target, {**_OPTIONS, "in_memory": False, "constant_memory": True})
    page = book.add_worksheet(_page_name(sheet.name(locale)))
    _head(book, page, sheet, 0, locale)
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    for number, row in enumerate(rows, start=1):
        for n, column in enumerate(sheet.columns):
            _write(page, number, n, _cell(column, row.get(column.key)), plain)
    book.close()
    target.seek(0)
    return target


def _written(sheet: Sheet, rows: Iterable[Sequence[Any]], locale: str, help: bool = False) -> bytes:
    made = BytesIO()
    book = xlsxwriter.Workbook(made, _OPTIONS)
    page = book.add_worksheet(_page_name(sheet.name(locale)))
    top = _note(book, page, sheet, locale) if help else 0
    _head(book, page, sheet, top, locale)
    plain = book.add_format({"text_wrap": True, "valign": "top"})
    for number, cells in enumerate(rows, start=top + 1):
        for n, value in enumerate(cells):
            _write(page, number, n, value, plain)
    if help:
        _drop_downs(page, sheet, top)
        _sample(book, sheet, locale)
    page.freeze_panes(top + 1, 0)
    page.set_landscape()
    page.set_paper(9)
    book.close()
    return made.getvalue()


def _note(book: Any, page: Worksheet, sheet: Sheet, locale: str) -> int:
    """The name of the sheet and how to fill it in, above the titles; returns the row of the titles."""
    last = max(len(sheet.columns) - 1, 1)
    title = book.add_format({"bold": True, "font_size": 14, "align": "center", "valign": "vcenter"})
    page.merge_range(0, 0, 0, last, sheet.name(locale), title)
    page.set_row(0, 26)
    if locale == "en":
        how = f"One row for each. Columns with * must be filled in; at most {MAX_ROWS} rows. Do not change the titles."
    else:
        how = f"每项一行；带 * 的列必填；一次最多 {MAX_ROWS} 行。请不要改动标题行。"
    small = book.add_format({"text_wrap": True, "font_color": "#4b5154", "valign": "top"})
    page.merge_range(1, 0, 1, last, " ".join(part for part in (how, sheet.note(locale)) if part), small)
    page.set_row(1, 32)
    return 2


def _head(book: Any, page: Worksheet, sheet: Sheet, row: int, locale: str) -> None:
    titles = book.add_format({"bold": True, "bg_color": "#e8eef0", "border": 1, "text_wrap": True, "valign": "vcenter"})
    # Text cells, so that telephones and numbers keep their zeros.
    text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    for n, column in enumerate(sheet.columns):
        wide = 34 if column.kind == "checkbox_choice" else _WIDE
        page.set_column(n, n, wide, None if column.kind in ("number", "date") else text)
        _write(page, row, n, column.title(locale) + ("*" if column.required else ""), titles)


def _drop_downs(page: Worksheet, sheet: Sheet, top: int) -> None:
    for n, column in enumerate(sheet.columns):
        first, last = top + 1, top + MAX_ROWS
        if column.kind in ("choice", "checkbox_choice"):
            titles = list(column.choices.values())
            if len(",".join(titles)) <= _LONGEST_LIST and not any("," in title for title in titles):
                # Several boxes in one cell are understood too: what is typed instead is not stopped here.
                rule = {"validate": "list", "source": titles, "error_type": "warning"}
                page.data_validation(first, n, last, n, rule)
        elif column.kind == "number":
            page.data_validation(
                first, n, last, n, {"validate": "decimal", "criteria": ">=", "value": 0, "error_type": "warning"}
            )


def _sample(book: Any, sheet: Sheet, locale: str) -> None:
    page = book.add_worksheet("Sample" if locale == "en" else "示例")
    _head(book, page, sheet, 0, locale)
    plain = book.add_format({"text_wrap": True, "valign": "top", "italic": True})
    notes = book.add_format({"text_wrap": True, "valign": "top", "font_color": "#4b5154"})
    for n, column in enumerate(sheet.columns):
        _write(page, 1, n, column.example or _example(column), plain)
        _write(page, 2, n, (column.help_en or column.help_zh) if locale == "en" else column.help_zh, notes)


def _example(column: SheetColumn) -> str:
    if column.choices:
        first = next(iter(column.choices))
        return shown(column, first)
    return {"number": "120", "date": "2026-03-02", "phone": "13800000000"}.get(column.kind, "")


def _cell(column: SheetColumn, value: Any) -> Any:
    if column.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return shown(column, value)


def _write(page: Worksheet, row: int, column: int, value: Any, style: Format) -> None:
    """Numbers as numbers, everything else as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        page.write_number(row, column, value, style)
    elif value not in (None, ""):
        page.write_string(row, column, str(value)[:32_000], style)


def _page_name(name: str) -> str:
    """A name spreadsheet programs take: 31 characters, none of []:*?/\\."""
    return "".join(char for char in name if char not in "[]:*?/\\'")[:31] or "Sheet"
