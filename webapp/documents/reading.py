"""An uploaded workbook read by a pack's sheet: every row taken, or every fault named and nothing taken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from webapp.documents.cells import CellRefused, cell_text, read_cell
from webapp.documents.sheets import Sheet, SheetColumn
from webapp.documents.workbook import Grid, WorkbookRefused, read_grid
from webapp.formkit.lookups import SheetProblem, SheetReading

MAX_ROWS: Final = 5_000
# Where the line of titles may stand: below a heading and a note.
_HEADING_ROWS: Final = 20


def read_sheet(content: bytes, sheet: Sheet) -> SheetReading:
    """The rows of an .xlsx, or why it is refused. Never raises for what a file holds; `problems` names rows as the
    spreadsheet program numbers them.
    """
    try:
        grid = read_grid(content, most_rows=MAX_ROWS, heading=_HEADING_ROWS)
        at, columns = _titles(grid, sheet)
        filled = [n for n in range(at + 1, len(grid.rows)) if _filled(grid, n, columns)]
        if not filled:
            raise WorkbookRefused("表里还没有填一行。", "Not a single row has been filled in.")
        if len(filled) > MAX_ROWS:
            raise WorkbookRefused(
                f"表里有 {len(filled)} 行，一次最多 {MAX_ROWS} 行。请分成几个文件。",
                f"The sheet has {len(filled)} rows; at most {MAX_ROWS} at a time. Split it into several files.",
            )
    except WorkbookRefused as refused:
        return SheetReading(refused=(refused.zh, refused.en))
    rows: list[dict[str, Any]] = []
    problems: list[SheetProblem] = []
    for number in filled:
        row, wrong = _row(grid, number, columns)
        rows.append(row)
        problems += wrong
    if problems:
        return SheetReading(problems=tuple(problems), count=len(filled))
    return SheetReading(rows=tuple(rows), count=len(filled), lines=tuple(number + 1 for number in filled))


Placed = Sequence[tuple[int, SheetColumn]]


def _titles(grid: Grid, sheet: Sheet) -> tuple[int, Placed]:
    """The line of titles (from 0) and where each column stands. Raises WorkbookRefused listing what does not fit."""
    best, found = -1, 0
    for number, row in enumerate(grid.rows[:_HEADING_ROWS]):
        known = {c.key for cell in row if (c := _column(sheet, cell)) is not None}
        if len(known) > found:
            best, found = number, len(known)
    if best < 0:
        titles = "、".join(column.title_zh for column in sheet.columns)
        raise WorkbookRefused(
            f"没有找到标题行。应有这些列：{titles}。请下载模板填写。",
            f"The line of titles is missing. The columns are: {titles}. Fill in the template.",
        )
    placed: list[tuple[int, SheetColumn]] = []
    unknown: list[str] = []
    for n, cell in enumerate(grid.rows[best]):
        column = _column(sheet, cell)
        if column is not None:
            placed.append((n, column))
        elif cell_text(cell):
            unknown.append(_short(cell_text(cell)))
    keys = [column.key for _, column in placed]
    missing = [column.title_zh for column in sheet.columns if column.key not in keys and not column.may_lack]
    twice = [column.title_zh for column in sheet.columns if keys.count(column.key) > 1]
    if missing or unknown or twice:
        zh = [f"缺少：{'、'.join(missing)}"] * bool(missing) + [f"不认识：{'、'.join(unknown)}"] * bool(unknown)
        zh += [f"重复：{'、'.join(twice)}"] * bool(twice)
        en = [f"missing: {', '.join(missing)}"] * bool(missing) + [f"unknown: {', '.join(unknown)}"] * bool(unknown)
        en += [f"twice: {', '.join(twice)}"] * bool(twice)
        raise WorkbookRefused(
            f"列与模板不符。{'；'.join(zh)}。请用模板的标题行。",
            f"The columns are not those of the template: {'; '.join(en)}. Use the template's line of titles.",
        )
    return best, placed


def _column(sheet: Sheet, cell: Any) -> SheetColumn | None:
    return sheet.column_titled(cell) if isinstance(cell, str) and 0 < len(cell) <= 80 else None


def _filled(grid: Grid, number: int, columns: Placed) -> bool:
    row = grid.rows[number]
    return any(n < len(row) and cell_text(row[n]) for n, _ in columns) or any(
        (number, n) in grid.unsolved for n, _ in columns
    )


def _row(grid: Grid, number: int, columns: Placed) -> tuple[dict[str, Any], list[SheetProblem]]:
    cells = grid.rows[number]
    row: dict[str, Any] = {}
    wrong: list[SheetProblem] = []
    for n, column in columns:
        try:
            if (number, n) in grid.unsolved:
                raise CellRefused(
                    "公式没有保存结果，请改填数值或文字", "a formula without a saved result; type the value"
                )
            row[column.key] = read_cell(column, cells[n] if n < len(cells) else None)
        except CellRefused as refused:
            wrong.append(
                SheetProblem(
                    number + 1, column.title_zh, column.title_en or column.title_zh, refused.fault.zh, refused.fault.en
                )
            )
    return row, wrong


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 20 else line[:19] + "…"
