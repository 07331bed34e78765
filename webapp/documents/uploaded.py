"""Spreadsheets among the stored uploads: read once for each content and sheet, and shown as a table."""

from __future__ import annotations

import threading
from typing import Any, Final

from sqlalchemy import select

from webapp.documents.cells import shown
from webapp.documents.reading import read_sheet
from webapp.documents.sheets import Sheet, titles
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.formkit.lookups import Locale, SheetReading, SheetTable

# A form is bound several times between upload and filing; its file is the same.
_KEPT: Final = 8
_kept: list[tuple[str, Sheet, SheetReading]] = []
_lock = threading.Lock()


def read_upload(key: str, sheet: Sheet) -> SheetReading | None:
    """The upload `key` read by `sheet`, None when there is none. Who may read it is the caller's to ask."""
    digest = db.session.scalar(select(StoredFile.sha256).where(StoredFile.key == key))
    if digest is None:
        return None
    with _lock:
        for known, by, reading in _kept:
            if known == digest and by == sheet:
                return reading
    content = db.session.scalar(select(StoredFile.content).where(StoredFile.key == key))
    reading = read_sheet(content or b"", sheet)
    with _lock:
        _kept.append((digest, sheet, reading))
        del _kept[:-_KEPT]
    return reading


def table_of(sheet: Sheet, rows: Any, locale: Locale) -> SheetTable:
    """Filed rows as texts under the sheet's titles."""
    listed = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return SheetTable(
        tuple(titles(sheet.columns, locale)),
        tuple(tuple(shown(column, row.get(column.key)) for column in sheet.columns) for row in listed),
    )
