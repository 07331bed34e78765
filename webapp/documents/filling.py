"""A layout filled in with the answers, results and opinions of a case, or left blank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from webapp.documents.filled import Align, Box, Cells, Copy, FilledCell, FilledForm, Opinion, Segment
from webapp.documents.layout import Cell, Layout, Repeat
from webapp.documents.wording import Values, day_text, printable
from webapp.engine import feel
from webapp.engine.errors import EngineError
from webapp.engine.feel import Json

# Repeated lines beyond this make a table of their own, whose header comes again on every page.
_FEW: Final = 8
MOST_LINES: Final = 5_000


@dataclass
class Facts:
    """What a form is filled with. `names`: what expressions see; `opinions` by user task; `filed_on`: the day printed
    above the table; `blank`: nothing is filled in."""

    values: Values
    today: date
    names: Mapping[str, Json] = field(default_factory=dict)
    opinions: Mapping[str, Sequence[Opinion]] = field(default_factory=dict)
    filed_on: date | None = None
    foot: Sequence[str] = ()
    address: str = ""
    blank: bool = False


@dataclass
class _Run:
    layout: Layout
    facts: Facts
    failed: list[str] = field(default_factory=list)

    def value(self, expression: str | None, place: str, more: Mapping[str, Json] | None = None) -> Any:
        """The value of an expression, None on a blank form or where it has none."""
        if expression is None or self.facts.blank:
            return None
        compiled = feel.compile(expression)
        names = {**dict.fromkeys(compiled.names), **self.facts.names, **(more or {})}
        try:
            return compiled.evaluate(names, {"today": lambda: self.facts.today.isoformat()})
        except EngineError:
            self.failed.append(place)
            return None


def applies(layout: Layout, facts: Facts) -> bool:
    """Whether the layout is for this case; a condition without a value means no."""
    return layout.when is None or _Run(layout, facts).value(layout.when, "when") is True


def fill(layout: Layout, facts: Facts, copies: Sequence[int] | None = None, locale: str = "zh") -> FilledForm:
    """The layout filled in; `copies` (from 1) are the copies to print, None all of them."""
    run = _Run(layout, facts)
    wanted = [n for n in (copies or range(1, layout.copies + 1)) if 1 <= n <= layout.copies]
    number = facts.values.text(run.value(layout.number, "number"), layout.number or "")
    segments = tuple(_segments(run))
    return FilledForm(
        title=layout.title(locale),
        columns=layout.columns,
        segments=segments,
        copies=[Copy(n, layout.holder(n)) for n in wanted],
        of=layout.copies,
        number=number,
        numbered=layout.number is not None,
        head=_head(run),
        notes=layout.notes,
        foot=facts.foot,
        address=facts.address,
        landscape=layout.landscape,
        failed=tuple(run.failed),
    )


def _head(run: _Run) -> list[tuple[str, str]]:
    layout, facts = run.layout, run.facts
    if not layout.head:
        return [("填报日期", day_text(facts.filed_on) if facts.filed_on else "")]
    lines = enumerate(layout.head)
    return [(line.label, facts.values.text(run.value(line.value, f"head.{n}"), line.value or "")) for n, line in lines]


def _segments(run: _Run) -> Iterator[Segment]:
    """The table in parts: what stands together, and long lists with a header of their own."""
    pending: list[Cells] = []
    for number, line in enumerate(run.layout.rows):
        if not isinstance(line, Repeat):
            pending.append([_cell(run, cell, f"rows.{number}.{n}") for n, cell in enumerate(line)])
            continue
        header = [_cell(run, cell, f"rows.{number}.header") for cell in line.heads()]
        rows = _repeated(run, line, number)
        if len(rows) <= _FEW:
            pending += [header, *rows] if header else rows
            continue
        if pending:
            yield Segment(pending)
            pending = []
        yield Segment(rows, header)
    if pending:
        yield Segment(pending)


def _repeated(run: _Run, line: Repeat, number: int) -> list[Cells]:
    found = run.value(line.repeat, f"rows.{number}.repeat")
    entries: list[Any] = found if isinstance(found, list) else [] if found is None else [found]
    left_out = max(0, len(entries) - MOST_LINES)
    entries = entries[:MOST_LINES]
    entries += [None] * (max(line.least, 1 if not entries else 0) - len(entries))
    rows: list[Cells] = []
    for index, entry in enumerate(entries, start=1):
        rows.append(
            [_cell(run, cell, f"rows.{number}.cells.{n}", line, entry, index) for n, cell in enumerate(line.cells)]
        )
    if left_out:
        text = f"另有 {left_out} 行未印，见系统内的记录"
        rows.append([FilledCell("text", text, span=len(run.layout.columns))])
    return rows


def _cell(
    run: _Run, cell: Cell, place: str, repeat: Repeat | None = None, entry: Any = None, index: int = 0
) -> FilledCell:
    placed: dict[str, Any] = {"span": cell.span, "lines": cell.lines, "height": cell.height}
    if cell.label is not None:
        return FilledCell("label", cell.label, align=cell.align or "center", **placed)
    if cell.text is not None:
        return FilledCell("text", cell.text, align=cell.align or "left", **placed)
    if cell.index:
        return FilledCell("text", str(index), align=cell.align or "center", **placed)
    if cell.opinion or cell.sign is not None:
        given = [one for name in cell.opinion for one in run.facts.opinions.get(name.rsplit(".", 1)[-1], ())]
        return FilledCell("opinion", opinions=given, sign=cell.sign or "", align=cell.align or "left", **placed)
    expression = cell.value or ""
    more = {"row": entry} if repeat is not None else None
    value = None if repeat is not None and entry is None else run.value(expression, place, more)
    if cell.boxes is not None:
        return FilledCell("boxes", boxes=_boxes(cell.boxes, value), align=cell.align or "left", **placed)
    text = run.facts.values.text(value, expression, repeat.repeat if repeat else "")
    align: Align = cell.align or ("center" if repeat is not None and len(text) <= 12 else "left")
    return FilledCell("text", text, align=align, **placed)


def _boxes(boxes: Mapping[str, str], value: Any) -> list[Box]:
    chosen = {_word(entry) for entry in (value if isinstance(value, list) else [value]) if entry is not None}
    return [Box(title, key in chosen) for key, title in boxes.items()]


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def opinion(text: str, decision: str, who: str, on: date | None) -> Opinion:
    """What stands in an opinion cell: the words, else the decision's own word."""
    return Opinion(printable(text.strip() or decision), printable(who), day_text(on) if on else "")
