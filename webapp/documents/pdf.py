"""Forms as PDF by typst: one template of ours, the data as JSON. Nothing in the data can become code."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import segno
from flask_babel import gettext as _

from webapp.documents.filled import Cells, FilledCell, FilledForm
from webapp.errors import Refused
from webapp.front_end import DIST, FrontEndMissing

TEMPLATE: Final = Path(__file__).parent / "templates" / "official.typ"
PROGRAM: Final = Path(__file__).parent / "typeset.py"
FONT: Final = "noto-serif-sc.ttf"
ARCHIVAL: Final = "a-2b"
# Cells with more text than this may break over pages; shorter ones stay together.
_SHORT: Final = 350
SECONDS: Final = 60
_REFUSED: Final = 3
# A long form takes some hundred megabytes while it is set.
_one_at_a_time = threading.Lock()
_log = logging.getLogger(__name__)
PLAIN_NOTE: Final = "本件含字库没有的字，未能按 PDF/A 存档格式生成。"


@dataclass(frozen=True)
class Pdf:
    """`archival`: the file is PDF/A; else some character has no glyph in the font, and the foot line says so."""

    content: bytes
    archival: bool


class NotSet(Refused):
    """A form that could not be printed in the time there is."""


def render_pdf(form: FilledForm, now: datetime) -> Pdf:
    """The form as PDF, dated `now` (aware). Raises NotSet, or FrontEndMissing when the font was not built."""
    asked = {"format": "pdf", "timestamp": int(now.timestamp())}
    content = _typeset({**asked, "standard": ARCHIVAL}, form, ())
    if content is not None:
        return Pdf(content, archival=True)
    content = _typeset({**asked, "standard": ""}, form, (PLAIN_NOTE,))
    if content is None:
        raise NotSet(_("这份表格没有排出来，请改用 Word 版，并告知管理员。"))
    return Pdf(content, archival=False)


def render_png(form: FilledForm, *, ppi: float = 80) -> list[bytes]:
    """The pages as pictures, for looking at them."""
    made = _typeset({"format": "png", "ppi": ppi}, form, ()) or b""
    return [base64.b64decode(page) for page in made.split(b"\n") if page]


def _typeset(asked: dict[str, Any], form: FilledForm, more: tuple[str, ...]) -> bytes | None:
    """What the program makes of it; None when typst refuses."""
    if not (DIST / FONT).is_file():
        raise FrontEndMissing("The font of printed forms is not built yet. Run: make frontend")
    places = {"template": str(TEMPLATE), "root": str(TEMPLATE.parent), "fonts": str(DIST)}
    data = json.dumps(as_data(form, more), ensure_ascii=False)
    told = json.dumps({**asked, **places, "data": data}).encode()
    with _one_at_a_time:
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(PROGRAM)], input=told, capture_output=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise NotSet(_("这份表格内容过多，没有在时限内排完，请改用 Word 版。")) from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode != _REFUSED:
        _log.error("typst did not set the form %s: %s", form.title, done.stderr[-2000:].decode("utf-8", "replace"))
    return None


def as_data(form: FilledForm, more_foot: tuple[str, ...] = ()) -> dict[str, Any]:
    """The form as the template reads it."""
    return {
        "title": form.title,
        "number": form.number,
        "numbered": form.numbered,
        "head": [{"label": label, "text": text} for label, text in form.head],
        "columns": list(form.columns),
        "segments": [
            {"header": _line(part.header), "rows": [_line(row) for row in part.rows]} for part in form.segments
        ],
        "copies": [asdict(copy) for copy in form.copies],
        "of": form.of,
        "notes": list(form.notes),
        "foot": [*form.foot, *more_foot],
        "landscape": form.landscape,
        "qr": _qr(form.address) if form.address else "",
    }


def _line(cells: Cells) -> list[dict[str, Any]]:
    """One line of the table. It is as high as its highest cell, and breaks over pages only as a whole: one long cell
    makes all of them breakable."""
    long = any(_length(cell) > _SHORT for cell in cells)
    high = max((cell.height or 0.75 for cell in cells if cell.lines == 1), default=0.75)
    return [
        {**asdict(cell), "long": long, "height": high if cell.lines == 1 else cell.height or high} for cell in cells
    ]


def _length(cell: FilledCell) -> int:
    words = [cell.text, *(one.text for one in cell.opinions), *(box.title for box in cell.boxes)]
    return sum(len(text) + 30 * text.count("\n") for text in words)


def _qr(address: str) -> str:
    drawn = BytesIO()
    segno.make(address, error="m").save(drawn, kind="svg", border=0, xmldecl=False)
    return drawn.getvalue().decode()
