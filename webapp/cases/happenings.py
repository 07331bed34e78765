"""What people did with tasks besides deciding them, as the ledger tells it: handed on, asked for, taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.cases.actors import person_name
from webapp.extensions import db
from webapp.ledger.queries import EventView
from webapp.organization.models import User

_ASKED, _RECALLED = "workflow:seat:asked", "workflow:seat:recalled"
TOLD = (
    *("workflow:task:transferred", "workflow:task:released", _ASKED, _RECALLED),
    *("workflow:seat:takenback", "workflow:task:takenback"),
    *("workflow:case:suspended", "workflow:case:resumed", "workflow:case:terminated"),
)


@dataclass
class Happening:
    """One act: `task_id` is None for what was done to the whole case."""

    what: str
    who: str
    at: datetime
    note: str
    task_id: int | None
    names: list[str] = field(default_factory=list)


def happenings(events: Sequence[EventView], locale: str) -> list[Happening]:
    """The acts among a case's events, oldest first; people asked in one go are one act."""
    told = sorted((event for event in events if event.action in TOLD), key=lambda event: event.seq)
    people = _people(told)
    found: list[tuple[object, Happening]] = []
    for event in told:
        key = (event.action, event.actor_id, event.at, event.task_id, event.kept.get("kind"))
        name = _name(event, people, locale)
        if found and found[-1][0] == key and event.action in (_ASKED, _RECALLED):
            found[-1][1].names.append(name)
            continue
        said = event.erasable or {}
        note = str(said.get("note") or said.get("reason") or "")
        who = event.actor_label or str(_("（已抹去）") if event.erased else _("系统"))
        found.append((key, Happening(_what(event), who, event.at, note, event.task_id, [name] if name else [])))
    separator = "、" if locale == "zh" else ", "
    for _key, act in found:
        act.what = f"{act.what} {separator.join(act.names)}".strip()
    return [act for _key, act in found]


def _what(event: EventView) -> str:
    kinds = {"delegate": _("委派"), "before": _("前加签"), "after": _("后加签")}
    kind = str(event.kept.get("kind", ""))
    if event.action == _ASKED:
        return str(kinds.get(kind, _("请意见")))
    if event.action == _RECALLED:
        return str(_("拿回委派") if kind == "delegate" else _("减签"))
    words = {
        "workflow:task:transferred": _("改派给") if event.kept.get("administrator") else _("转办给"),
        "workflow:task:released": _("放回待认领"),
        "workflow:seat:takenback": _("拿回办理"),
        "workflow:task:takenback": _("拿回办理"),
        "workflow:case:suspended": _("挂起"),
        "workflow:case:resumed": _("恢复办理"),
        "workflow:case:terminated": _("终止"),
    }
    return str(words[event.action])


def _name(event: EventView, people: Mapping[int, User], locale: str) -> str:
    user = event.kept.get("from" if event.action == _RECALLED else "to")
    return person_name(people.get(user), locale) if isinstance(user, int) else ""


def _people(events: Sequence[EventView]) -> dict[int, User]:
    ids = {event.kept.get(end) for event in events for end in ("from", "to")}
    wanted = [user for user in ids if isinstance(user, int)]
    if not wanted:
        return {}
    return {user.id: user for user in db.session.scalars(select(User).where(User.id.in_(wanted)))}
