"""What people arrange for themselves: each change is one transaction with its ledger event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from flask_babel import gettext as _
from sqlalchemy import select

from webapp.arrangements import keys as keyboard
from webapp.arrangements import queries
from webapp.arrangements.models import InboxView, Phrase, Shortcuts
from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import User

Row = TypeVar("Row", InboxView, Phrase)
MOST_VIEWS = 30
MAX_NAME = 40
MOST_PHRASES = 50
MAX_PHRASE = 200
# What of an address a saved view keeps, and how much of each.
KEPT = {"view": 20, "process": 60, "unit": 10, "late": 10, "q": 60, "principal": 10}


@transactional
def save_view(actor: User, name: str, query: Mapping[str, str], *, now: datetime | None = None) -> InboxView:
    """Keep what a list is narrowed to under a name; one's own view of that name is replaced.

    Raises Invalid for a name that is empty or too long, Refused for one view too many.
    """
    name = _name(name)
    kept = {key: query[key][:most] for key, most in KEPT.items() if query.get(key)}
    own = _own_views(actor)
    found = next((view for view in own if view.name == name), None)
    if found is None:
        if len(own) >= MOST_VIEWS:
            raise Refused(_("最多存 %(n)s 个视图，请先删去不用的。", n=MOST_VIEWS))
        found = InboxView(
            institution_id=actor.institution_id,
            owner_id=actor.id,
            name=name,
            position=max((view.position for view in own), default=0) + 1,
            created_at=now or datetime.now(UTC),
        )
        db.session.add(found)
    found.query = kept
    db.session.flush()
    _record(actor, "arrangements:view:saved", found.id, {"query": kept}, {"name": name})
    return found


@transactional
def rename_view(actor: User, view_id: int, name: str) -> InboxView:
    """Give an own view another name. Raises NotFound, and Invalid for a name that is bad or taken."""
    own = _own_views(actor)
    found = _own(own, view_id)
    name = _name(name)
    if any(view.name == name and view is not found for view in own):
        raise Invalid(_("您已有一个叫「%(name)s」的视图。", name=name), (("name", ""),))
    found.name = name
    _record(actor, "arrangements:view:renamed", found.id, {}, {"name": name})
    return found


@transactional
def move_view(actor: User, view_id: int, up: bool) -> None:
    """Move an own view one place; at the end it stays. Raises NotFound."""
    own = _own_views(actor)
    _move(own, _own(own, view_id), up)
    _record(actor, "arrangements:view:moved", view_id, {"up": up}, {})


@transactional
def share_view(actor: User, view_id: int, shared: bool) -> InboxView:
    """Share an own view with everybody of one's unit, or with nobody. Raises NotFound; Refused without a unit."""
    found = _own(_own_views(actor), view_id)
    if shared and actor.unit_id is None:
        raise Refused(_("您不在任何单位，没有可以共享的人。"))
    found.shared_unit_id = actor.unit_id if shared else None
    _record(actor, "arrangements:view:shared", view_id, {"unit_id": found.shared_unit_id}, {})
    return found


@transactional
def remove_view(actor: User, view_id: int) -> None:
    """Delete an own view. Raises NotFound."""
    found = _own(_own_views(actor), view_id)
    db.session.delete(found)
    _record(actor, "arrangements:view:removed", view_id, {}, {"name": found.name})


@transactional
def add_phrase(actor: User, words: str) -> Phrase:
    """Keep one more phrase. Raises Invalid for one that is empty or too long, Refused for one too many."""
    words = _words(words)
    own = _own_phrases(actor)
    if len(own) >= MOST_PHRASES:
        raise Refused(_("最多存 %(n)s 条常用语，请先删去不用的。", n=MOST_PHRASES))
    position = max((phrase.position for phrase in own), default=0) + 1
    found = Phrase(institution_id=actor.institution_id, user_id=actor.id, words=words, position=position)
    db.session.add(found)
    db.session.flush()
    _record(actor, "arrangements:phrase:added", found.id, {}, {"words": words})
    return found


@transactional
def change_phrase(actor: User, phrase_id: int, words: str) -> Phrase:
    """Raises NotFound, and Invalid as `add_phrase`."""
    found = _own(_own_phrases(actor), phrase_id)
    found.words = _words(words)
    _record(actor, "arrangements:phrase:changed", phrase_id, {}, {"words": found.words})
    return found


@transactional
def move_phrase(actor: User, phrase_id: int, up: bool) -> None:
    """Raises NotFound."""
    own = _own_phrases(actor)
    _move(own, _own(own, phrase_id), up)
    _record(actor, "arrangements:phrase:moved", phrase_id, {"up": up}, {})


@transactional
def remove_phrase(actor: User, phrase_id: int) -> None:
    """Raises NotFound."""
    found = _own(_own_phrases(actor), phrase_id)
    db.session.delete(found)
    _record(actor, "arrangements:phrase:removed", phrase_id, {}, {"words": found.words})


@transactional
def set_keys(actor: User, wanted: Mapping[str, str]) -> dict[str, str]:
    """Take over a person's keys, all of them; returns what they are now. Raises Invalid, a sentence for each action."""
    keys = {action: wanted.get(action, "").strip().lower() for action in keyboard.USUAL}
    wrong = keyboard.problems(keys)
    if wrong:
        raise Invalid(_("有的键不能这样设，请改正。"), tuple(wrong.items()))
    _lock(actor)
    changed = {action: key for action, key in keys.items() if key != keyboard.USUAL[action]}
    found = queries.shortcuts(actor)
    if found is None:
        found = Shortcuts(institution_id=actor.institution_id, user_id=actor.id, keys=changed)
        db.session.add(found)
    found.keys = changed
    _record(actor, "arrangements:keys:set", actor.id, {"keys": changed}, {})
    return keys


def _own_views(actor: User) -> Sequence[InboxView]:
    _lock(actor)
    return queries.own_views(actor)


def _own_phrases(actor: User) -> Sequence[Phrase]:
    _lock(actor)
    return queries.phrases(actor)


def _lock(actor: User) -> None:
    """One change at a time of what is one person's, so that counting and ordering hold."""
    db.session.execute(select(User.id).where(User.id == actor.id).with_for_update())


def _own(own: Sequence[Row], row_id: int) -> Row:
    found = next((row for row in own if row.id == row_id), None)
    if found is None:
        raise NotFound(_("没有这一条，可能已经删去。"))
    return found


def _move(own: Sequence[Row], row: Row, up: bool) -> None:
    order = list(own)
    place = order.index(row)
    other = place - 1 if up else place + 1
    if 0 <= other < len(order):
        order[place], order[other] = order[other], order[place]
    for number, entry in enumerate(order, 1):
        entry.position = number


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > MAX_NAME:
        raise Invalid(_("请给视图起一个 %(n)s 字以内的名字。", n=MAX_NAME), (("name", ""),))
    return name


def _words(text: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words or len(words) > MAX_PHRASE:
        raise Invalid(_("常用语须有内容，最长 %(n)s 字。", n=MAX_PHRASE), (("words", ""),))
    return words


def _record(actor: User, action: str, object_id: int, kept: dict[str, object], erasable: dict[str, object]) -> None:
    record(
        db.session(),
        institution_id=actor.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="inbox_arrangement",
        object_id=object_id,
        kept=kept,
        erasable=erasable,
    )
