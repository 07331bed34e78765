"""Two rounds of an application side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from flask_babel import gettext as _

from webapp.cases.casefile import CaseFile
from webapp.cases.records import schema_of
from webapp.formkit import differences


@dataclass(frozen=True)
class Cell:
    text: str
    kind: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    label: str
    cells: Sequence[Cell]
    same: bool = False


@dataclass(frozen=True)
class Comparison:
    """What changed from one round to the next: `changed` of `total` fields."""

    round: int
    heads: tuple[str, str]
    lines: Sequence[Line]
    changed: int
    total: int


def comparisons(file: CaseFile) -> list[Comparison]:
    """One for each corrected application, newest first."""
    filed = file.applications()
    made = []
    for old, new in pairwise(filed):
        schema = schema_of(file, new)
        if schema is None:
            continue
        found = differences(schema, old.data, new.data, file.lookups, file.locale)
        lines = [Line(d.label, (Cell(d.old_text, "del"), Cell(d.new_text, "ins"))) for d in found]
        fields = {spec.key for spec in schema.top if spec.key in old.data or spec.key in new.data}
        changed = len({d.path.split(".")[0] for d in found})
        if same := len(fields) - changed:
            lines.append(Line(_("其余 %(n)s 项", n=same), (Cell(_("相同")), Cell(_("相同"))), same=True))
        days = [file.moments.day(row.filed_at, weekday=False) for row in (old, new)]
        heads = (
            _("第 %(n)s 轮　%(day)s", n=old.round, day=days[0]),
            _("第 %(n)s 轮　%(day)s", n=new.round, day=days[1]),
        )
        made.append(Comparison(new.round, heads, lines, changed, len(fields)))
    return list(reversed(made))
