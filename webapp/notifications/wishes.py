"""How people want to be told: their preferences, a kind of notice by a channel each, with the robots they named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select
from sqlalchemy.dialects import postgresql, sqlite

from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.notifications.kinds import AT_ONCE, CHANNELS, KINDS, MODES
from webapp.notifications.models import NoticePreference, Webhook
from webapp.organization.models import Institution, User

# The daily digest leaves at this hour of the institution's day.
DIGEST_HOUR = 8
Wanted = Mapping[tuple[str, str], str]


@dataclass
class Wish:
    """How one person wants one kind of notice. `modes` by channel; `webhooks`: name by id of the robots in use."""

    user: User
    modes: dict[str, str] = field(default_factory=lambda: dict.fromkeys(CHANNELS, AT_ONCE))
    webhooks: dict[int, str] = field(default_factory=dict)


def wishes(institution_id: int, user_ids: Iterable[int], kind: str) -> list[Wish]:
    """The active people of the institution among `user_ids`, in that order, with what they want; one statement."""
    wanted = list(dict.fromkeys(user_ids))
    if not wanted:
        return []
    preferred = and_(NoticePreference.user_id == User.id, NoticePreference.kind == kind)
    statement = (
        select(User, NoticePreference.channel, NoticePreference.mode, Webhook.id, Webhook.name)
        .outerjoin(NoticePreference, preferred)
        .outerjoin(Webhook, and_(Webhook.user_id == User.id, Webhook.active))
        .where(User.id.in_(wanted), User.institution_id == institution_id, User.active)
        .order_by(Webhook.id)
    )
    found: dict[int, Wish] = {}
    for user, channel, mode, webhook_id, name in db.session.execute(statement):
        wish = found.setdefault(user.id, Wish(user))
        if channel is not None:
            wish.modes[channel] = mode
        if webhook_id is not None:
            wish.webhooks[webhook_id] = name
    # Somebody whose leaving is not written yet is as good as gone.
    return [found[user_id] for user_id in wanted if user_id in found and found[user_id].user.active]


def next_digest(institution_id: int, now: datetime) -> tuple[date, datetime]:
    """The day and the moment of the next digest after `now`, in the institution's zone."""
    institution = db.session.get_one(Institution, institution_id)
    zone = ZoneInfo(institution.time_zone)
    day = now.astimezone(zone).date()
    at = datetime.combine(day, time(DIGEST_HOUR), zone)
    if at <= now:
        day += timedelta(days=1)
        at = datetime.combine(day, time(DIGEST_HOUR), zone)
    return day, at


def preferences(user: User) -> dict[tuple[str, str], str]:
    """What the person wants of every kind by every channel; at once where nothing was said."""
    found = dict.fromkeys(((kind, channel) for kind in KINDS for channel in CHANNELS), AT_ONCE)
    for row in db.session.scalars(select(NoticePreference).where(NoticePreference.user_id == user.id)):
        if (row.kind, row.channel) in found:
            found[row.kind, row.channel] = row.mode
    return found


@transactional
def set_preferences(actor: User, wanted: Wanted, now: datetime) -> int:
    """Set how the person is told; what is not named stays. Returns how many changed, which is one event.

    Raises ValueError for a kind, channel or mode there is not.
    """
    for (kind, channel), mode in wanted.items():
        if kind not in KINDS or channel not in CHANNELS or mode not in MODES:
            raise ValueError(f"no such preference: {kind} {channel} {mode}")
    held = preferences(actor)
    changed = {place: mode for place, mode in wanted.items() if held[place] != mode}
    if not changed:
        return 0
    own = {"institution_id": actor.institution_id, "user_id": actor.id}
    rows = [{**own, "kind": kind, "channel": channel, "mode": mode} for (kind, channel), mode in changed.items()]
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(NoticePreference.__table__)
    place = ["user_id", "kind", "channel"]
    statement = statement.on_conflict_do_update(index_elements=place, set_={"mode": statement.excluded.mode})
    db.session.execute(statement, rows)
    record(
        db.session(),
        institution_id=actor.institution_id,
        action="notifications:preference:set",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="user",
        object_id=actor.id,
        kept={"changes": [{"kind": row["kind"], "channel": row["channel"], "mode": row["mode"]} for row in rows]},
        erasable={},
        at=now,
    )
    return len(changed)
