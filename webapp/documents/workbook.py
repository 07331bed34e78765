"""Opening an uploaded .xlsx: how large it unpacks is measured before anything parses it, then its cells are read.

What a workbook says of itself (sizes, dimensions) is never believed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree
from python_calamine import CalamineError, CalamineWorkbook, PasswordError

_MAX_ENTRIES: Final = 500
_MAX_UNPACKED: Final = 60_000_000
_MAX_RATIO: Final = 150
_SMALL: Final = 2_000_000  # what may unpack to this much is harmless whatever its ratio
MAX_COLUMNS: Final = 100
_MAIN: Final = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_PLACE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


class WorkbookRefused(ValueError):
    """A file that is not read, with the reason in both languages."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.zh, self.en = zh, en


@dataclass(frozen=True)
class Grid:
    """The first worksheet from row 1 and column A. `unsolved`: cells (row and column from 0) holding a formula whose
    result was not saved."""

    rows: Sequence[Sequence[Any]]
    unsolved: frozenset[tuple[int, int]]


def read_grid(content: bytes, *, most_rows: int, heading: int = 0) -> Grid:
    """The cells of a workbook's first sheet. Raises WorkbookRefused for what is no workbook, unpacks to too much,
    or has more than `most_rows` rows besides `heading` lines above them.
    """
    parts = _unpacked(content)
    sheet = _first_sheet(parts)
    unsolved = _measured(sheet, most_rows, heading)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except PasswordError:
        raise WorkbookRefused("表格设了密码，请去掉密码后再传。", "The workbook has a password; remove it.") from None
    except (CalamineError, ValueError, OSError, IndexError):
        raise _broken() from None
    # Rust code that panics arrives as a BaseException of its own.
    except BaseException as error:
        if type(error).__name__ == "PanicException":
            raise _broken() from None
        raise
    return Grid(rows, unsolved)


def _broken() -> WorkbookRefused:
    return WorkbookRefused(
        "这不是可以读取的 Excel 表格（.xlsx），或者文件已损坏。请下载模板填写，另存为 .xlsx。",
        "This is no readable Excel workbook (.xlsx), or it is damaged. Fill in the template and save it as .xlsx.",
    )


def _too_large() -> WorkbookRefused:
    return WorkbookRefused(
        "这个表格展开后过大，没有读取。请只留需要填报的行，另存后再传。",
        "The workbook unpacks to too much and was not read. Keep only the rows to file, save it again and upload that.",
    )


def _unpacked(content: bytes) -> dict[str, bytes]:
    """The XML parts, unpacked with a limit on what really comes out, not on what the directory claims."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, OSError):
        raise _broken() from None
    limit = max(_SMALL, min(_MAX_UNPACKED, _MAX_RATIO * len(content)))
    if len(entries) > _MAX_ENTRIES or sum(entry.compress_size for entry in entries) > len(content):
        raise _too_large()
    if sum(entry.file_size for entry in entries) > limit:
        raise _too_large()
    parts: dict[str, bytes] = {}
    total = 0
    for entry in entries:
        data = _part(content, entry, limit - total)
        total += len(data)
        if entry.filename.endswith((".xml", ".rels")):
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise _broken()
            parts[entry.filename.lstrip("/")] = data
    return parts


def _part(content: bytes, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.flag_bits & 0x1 or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _broken()
    head = content[entry.header_offset : entry.header_offset + 30]
    if len(head) < 30 or not head.startswith(b"PK\x03\x04"):
        raise _broken()
    start = entry.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    packed = content[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        data = packed
    else:
        try:
            data = zlib.decompressobj(-15).decompress(packed, most + 1)
        except zlib.error:
            raise _broken() from None
    if len(data) > most:
        raise _too_large()
    if len(data) != entry.file_size:
        raise _broken()
    return data


def _first_sheet(parts: dict[str, bytes]) -> bytes:
    """The XML of the workbook's first sheet."""
    book = _tree(parts.get("xl/workbook.xml"))
    relations = _tree(parts.get("xl/_rels/workbook.xml.rels"))
    first = book.find(f"{_MAIN}sheets/{_MAIN}sheet")
    wanted = None if first is None else first.get(f"{_REL}id")
    targets = [str(entry.get("Target") or "") for entry in relations if wanted and entry.get("Id") == wanted]
    if not targets:
        raise _broken()
    path = targets[0].lstrip("/") if targets[0].startswith("/") else f"xl/{targets[0]}"
    if path not in parts:
        raise _broken()
    return parts[path]


def _tree(content: bytes | None) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(content or b"", parser)
    except etree.XMLSyntaxError:
        raise _broken() from None


def _measured(sheet: bytes, most_rows: int, heading: int) -> frozenset[tuple[int, int]]:
    """Formulas without a result. Raises WorkbookRefused when a filled cell lies beyond the limits: the reader makes a
    full rectangle up to the last one."""
    unsolved: set[tuple[int, int]] = set()
    row = column = 0
    try:
        for _event, cell in etree.iterparse(
            io.BytesIO(sheet),
            events=("end",),
            tag=(f"{_MAIN}c", f"{_MAIN}row"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
        ):
            if cell.tag.endswith("row"):
                row, column = int(cell.get("r") or row + 1), 0
                cell.clear(keep_tail=False)
                while cell.getprevious() is not None:
                    del cell.getparent()[0]
                continue
            here, column = _place(cell, row + 1, column + 1)
            value, formula = cell.find(f"{_MAIN}v"), cell.find(f"{_MAIN}f")
            filled = (value is not None and value.text) or cell.find(f"{_MAIN}is") is not None
            if filled or formula is not None:
                _within(here - heading, column, most_rows)
                if formula is not None and not filled:
                    unsolved.add((here - 1, column - 1))
    except (etree.XMLSyntaxError, ValueError) as error:
        if isinstance(error, WorkbookRefused):
            raise
        raise _broken() from None
    return frozenset(unsolved)


def _place(cell: etree._Element, row: int, column: int) -> tuple[int, int]:
    """Row and column from 1: as the cell says, else where it stands."""
    named = cell.get("r")
    if named is None:
        return row, column
    match = _PLACE.fullmatch(named)
    if match is None:
        raise _broken()
    number = 0
    for letter in match[1]:
        number = number * 26 + ord(letter) - 64
    return int(match[2]), number


def _within(row: int, column: int, most_rows: int) -> None:
    if row > most_rows:
        raise WorkbookRefused(
            f"表格有内容的行超过 {most_rows} 行，没有读取。请分成几个文件。",
            f"The sheet has more than {most_rows} filled rows and was not read. Split it into several files.",
        )
    if column > MAX_COLUMNS:
        raise WorkbookRefused(
            f"第 {MAX_COLUMNS} 列以外还有内容，没有读取。请使用模板的列。",
            f"There is something beyond column {MAX_COLUMNS}; nothing was read. Use the columns of the template.",
        )
