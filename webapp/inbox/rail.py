"""The left of the inbox: every view there is for this person, with its counter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _

from webapp.cases.actors import person_name
from webapp.inbox import counters
from webapp.inbox.counters import MOST_COUNTED
from webapp.inbox.lists import Listing


@dataclass(frozen=True)
class Entry:
    """One view. `count` is what stands beside it, "" for none; `kind` over or soon where somebody must act."""

    label: str
    href: str
    count: str = ""
    kind: str = ""
    current: bool = False
    note: str = ""


@dataclass(frozen=True)
class Group:
    caption: str
    entries: list[Entry] = field(default_factory=list)
    edit: str = ""


def shown(number: int) -> str:
    """A counter as it stands: 12, 99+."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def _some(number: int) -> str:
    """The same, nothing for none."""
    return shown(number) if number else ""


def rail(listing: Listing) -> list[Group]:
    """The groups in their order; those with nothing in them are left out."""
    groups = [
        Group(str(_("待办")), _to_do(listing)),
        Group(str(_("按流程")), _by_process(listing)),
        Group(str(_("我的视图")), _saved(listing), url_for("arrangements.views")),
        Group(str(_("经办")), [_view(listing, _("流转中"), "flowing"), _view(listing, _("已办"), "done")]),
        Group(str(_("其他")), _others(listing)),
    ]
    return [group for group in groups if group.entries]


def _to_do(listing: Listing) -> list[Entry]:
    counts = listing.counts
    plain = not listing.saved and not listing.process
    found = [
        _view(listing, _("待办"), "todo", shown(counts.todo), current=plain and not listing.late),
        _view(listing, _("待认领"), "unclaimed", _some(counts.unclaimed)),
        _late(listing, _("已超时"), "over", counts.overdue),
        _late(listing, _("两日内到期"), "soon", counts.soon),
    ]
    for principal, number in counts.for_others.items():
        name = person_name(listing.people.get(principal), listing.moments.locale)
        current = listing.view == "for" and listing.principal == principal and not listing.saved
        href = url_for("inbox.todo", view="for", principal=principal)
        found.append(Entry(str(_("代 %(who)s", who=name)), href, shown(number), current=current))
    return [*found, _view(listing, _("停表、挂起"), "paused", _some(counts.held))]


def _by_process(listing: Listing) -> list[Entry]:
    counted = counters.by_process(listing.user, listing.moments.now)
    found = []
    for key, name in listing.processes:
        number = counted.numbers.get(key, 0)
        if number:
            text = f"{number}+" if counted.more and number <= MOST_COUNTED else shown(number)
            current = listing.view == "todo" and listing.process == key and not listing.saved
            found.append(Entry(name, url_for("inbox.todo", process=key), text, current=current))
    return found


def _saved(listing: Listing) -> list[Entry]:
    found = []
    for view in listing.views:
        mine = view.owner_id == listing.user.id
        note = "" if mine else str(_("%(who)s 共享", who=person_name(view.owner, listing.moments.locale)))
        current = listing.saved is not None and listing.saved.id == view.id
        found.append(Entry(view.name, url_for("inbox.todo", saved=view.id), current=current, note=note))
    return found


def _others(listing: Listing) -> list[Entry]:
    copies = "correspondence.copies"
    found = [Entry(str(_("抄送我的")), url_for(copies))] if copies in current_app.view_functions else []
    return [*found, _view(listing, _("我发起的"), "started"), _view(listing, _("草稿箱"), "drafts")]


def _view(listing: Listing, label: Any, view: str, count: str = "", *, current: bool | None = None) -> Entry:
    here = listing.view == view and not listing.saved and not (listing.acting and listing.late)
    return Entry(
        str(label), url_for("inbox.todo", view=view), count, current=here if current is None else here and current
    )


def _late(listing: Listing, label: Any, late: str, number: int) -> Entry:
    kind = late if number else ""
    current = listing.acting and listing.late == late and not listing.saved
    return Entry(str(label), url_for("inbox.todo", view="todo", late=late), _some(number), kind, current)
