"""What a person is typing, saved as they type: exactly the posted pairs, so that nothing typed is ever lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask_babel import gettext as _
from sqlalchemy import delete, select
from werkzeug.datastructures import MultiDict

from webapp.errors import Invalid
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.workflow import queries
from webapp.workflow.models import AnswerDraft, Seat

BATCH = 50
MAX_PAIRS = 3000
MAX_LENGTH = 500_000
_NOT_KEPT = ("csrf_token",)


@transactional
def save_draft(
    actor: User, posted: MultiDict[str, str], *, process_key: str | None = None, seat_id: int | None = None, title: str
) -> AnswerDraft:
    """暂存: keep what was posted for a new case (`process_key`) or a seat. Raises Invalid when it is absurdly long."""
    pairs = [[key, value] for key, value in posted.items(multi=True) if key not in _NOT_KEPT]
    if len(pairs) > MAX_PAIRS or sum(len(key) + len(value) for key, value in pairs) > MAX_LENGTH:
        raise Invalid(_("草稿过长，未能暂存。"))
    row = queries.draft(actor, process_key=process_key, seat_id=seat_id)
    if row is None:
        row = AnswerDraft(
            institution_id=actor.institution_id, user_id=actor.id, process_key=process_key, seat_id=seat_id, version=0
        )
        db.session.add(row)
    row.posted, row.saved_at, row.title, row.version = pairs, datetime.now(UTC), title[:200], row.version + 1
    db.session.flush()
    return row


@transactional
def discard_draft(actor: User, draft_id: int) -> None:
    """Throw away a draft of one's own; somebody else's is left alone."""
    db.session.execute(delete(AnswerDraft).where(AnswerDraft.id == draft_id, AnswerDraft.user_id == actor.id))


def forget_answered(now: datetime) -> int:
    """Delete drafts whose seat no longer waits for an answer, a batch at a time; returns how many."""
    closed = (
        select(AnswerDraft.id).join(Seat, Seat.id == AnswerDraft.seat_id).where(Seat.state.not_in(["open", "waiting"]))
    )
    ids = db.session.scalars(closed.limit(BATCH)).all()
    return _forget(ids) if ids else 0


@transactional
def _forget(ids: Sequence[int]) -> int:
    db.session.execute(delete(AnswerDraft).where(AnswerDraft.id.in_(ids)))
    return len(ids)


def posted_of(draft: AnswerDraft | None) -> MultiDict[str, str] | None:
    """The saved pairs as a form would post them."""
    return MultiDict([(pair[0], pair[1]) for pair in draft.posted]) if draft else None
