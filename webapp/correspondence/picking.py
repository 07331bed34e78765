"""Picking people by name or login: what was typed becomes people to tick, without any script."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.correspondence import queries
from webapp.organization.models import User

MOST_CANDIDATES = 20
MOST_PICKED = 50
MOST_TYPED = 1000
MOST_DIGITS = 9
_BETWEEN = re.compile(r"[、，,；;\n]+")


@dataclass
class Picked:
    """People ticked in a form. `candidates` are those a typed name may mean; `query` is what is still to be told apart.

    `errors` holds a sentence for each name that leads to nobody, and for ids that are nobody's; `undecided` one for
    each name that several have, which is no mistake while one only looks people up.
    """

    chosen: list[User] = field(default_factory=list)
    candidates: list[User] = field(default_factory=list)
    query: str = ""
    errors: list[str] = field(default_factory=list)
    undecided: list[str] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [user.id for user in self.chosen]


def pick(user: User, posted: MultiDict[str, str], name: str, *, several: bool) -> Picked:
    """The people posted as ticked under `name` and typed under `<name>-query`; a typed one takes the place of a ticked
    one where only one may be picked. Ticking "nobody" outweighs what is still typed."""
    picked = Picked()
    if not several and posted.getlist(name) == [""] and "refresh" not in posted:
        return picked
    posted_ids = [text for text in dict.fromkeys(posted.getlist(name)) if text]
    ids = [number for number in map(row_of, posted_ids[: MOST_PICKED + 1]) if number is not None]
    picked.chosen = list(queries.people_by_id(user.institution_id, ids))
    if len(posted_ids) > MOST_PICKED:
        picked.errors.append(_("一次最多选 %(n)s 人", n=MOST_PICKED))
    elif len(picked.chosen) != len(posted_ids) or (len(posted_ids) > 1 and not several):
        picked.errors.append(_("所选的人不在本校在职人员之列，请重新选择"))
    _read_names(user, posted.get(f"{name}-query", ""), picked, several)
    return picked


def row_of(text: str) -> int | None:
    """The number of a row as posted; None for what no row is numbered by."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _read_names(user: User, typed: str, picked: Picked, several: bool) -> None:
    names = [part.strip() for part in _BETWEEN.split(typed[:MOST_TYPED]) if part.strip()]
    if len(names) > (MOST_PICKED if several else 1):
        picked.query = typed[:MOST_TYPED]
        picked.errors.append(_("一次最多写 %(n)s 个姓名", n=MOST_PICKED) if several else _("一次只问一个人"))
        return
    left = []
    ticked = set(picked.ids)
    for name in names:
        found = _named(user, name)
        if len(found) == 1:
            picked.chosen = [*picked.chosen, *found] if several else found
            continue
        if ticked & {person.id for person in found}:
            continue  # told apart by ticking
        left.append(name)
        if found:
            picked.candidates += found
            picked.undecided.append(_("按“%(name)s”查到几位，请选定", name=name[:40]))
        else:
            picked.errors.append(_("没有查到“%(name)s”，请换姓名或登录名", name=name[:40]))
    picked.query = "、".join(left)
    picked.chosen = list({person.id: person for person in picked.chosen}.values())
    known = {person.id for person in picked.chosen}
    picked.candidates = list({p.id: p for p in picked.candidates if p.id not in known}.values())


def _named(user: User, name: str) -> list[User]:
    """Whose name or login it is; else whose name contains it. A bounded list."""
    exact = queries.people_named(user.institution_id, name, exactly=True, limit=MOST_CANDIDATES)
    found = exact or queries.people_named(user.institution_id, name, exactly=False, limit=MOST_CANDIDATES)
    return [person for person in found if person.id != user.id]
