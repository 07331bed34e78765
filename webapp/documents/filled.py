"""A form ready to be printed: texts and boxes only, nothing left to evaluate. PDF and Word are made from the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Align = Literal["left", "center", "right"]
CellKind = Literal["label", "text", "boxes", "opinion"]


@dataclass(frozen=True)
class Opinion:
    """What somebody said at a step. `who` with the role, `on` the day in words."""

    text: str
    who: str
    on: str


@dataclass(frozen=True)
class Box:
    """One of several boxes in a cell."""

    title: str
    marked: bool


@dataclass(frozen=True)
class FilledCell:
    """One cell; `span` columns wide, `lines` rows deep, at least `height` centimetres high (None: as its text)."""

    kind: CellKind
    text: str = ""
    boxes: Sequence[Box] = ()
    opinions: Sequence[Opinion] = ()
    sign: str = ""
    span: int = 1
    lines: int = 1
    height: float | None = None
    align: Align = "left"


Cells = Sequence[FilledCell]


@dataclass(frozen=True)
class Segment:
    """Lines that stand together; `header` is printed again at the top of every page they reach."""

    rows: Sequence[Cells]
    header: Cells = ()


@dataclass(frozen=True)
class Copy:
    """One copy of a form: copy `number`, kept by `holder` ("" when nobody is named)."""

    number: int
    holder: str


@dataclass(frozen=True)
class FilledForm:
    """`numbered`: there is a place for a number; `head`: lines between title and table; `foot`: what stands at the
    foot of every page; `address`: where the case stands, as QR code, "" for a blank form; `failed`: places whose
    expression had no value."""

    title: str
    columns: Sequence[float]
    segments: Sequence[Segment]
    copies: Sequence[Copy]
    of: int
    number: str = ""
    numbered: bool = False
    head: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()
    foot: Sequence[str] = ()
    address: str = ""
    landscape: bool = False
    failed: Sequence[str] = ()
