"""加签、减签: asking others before or after one's own decision, and doing without them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.extensions import transactional
from webapp.organization.models import User
from webapp.tasks.handing import ask, recall
from webapp.workflow.models import Seat

MOST_SIGNERS = 10


@transactional
def add_signers(
    actor: User,
    seat_id: int,
    seat_version: int,
    kind: str,
    user_ids: Sequence[int],
    note: str,
    *,
    now: datetime | None = None,
) -> list[Seat]:
    """前加签 (`kind` "before"): they give opinions, then the actor decides. 后加签 ("after"): the actor decides, then
    they confirm; one who objects sends it back to the actor. Gives their seats.

    Raises NotFound, Stale, Forbidden, Refused (one of them may not be asked), Invalid (none, or too many).
    """
    if kind not in ("before", "after"):
        raise Invalid(_("没有这种加签。"))
    wanted = list(dict.fromkeys(user_ids))
    if not wanted:
        raise Invalid(_("请选定加签的人。"), (("user_ids", _("请选定加签的人")),))
    if len(wanted) > MOST_SIGNERS:
        raise Invalid(_("一次最多加签 %(n)s 人。", n=MOST_SIGNERS), (("user_ids", _("人太多了")),))
    return ask(actor, seat_id, seat_version, kind, wanted, note, now or datetime.now(UTC))


def remove_signer(actor: User, seat_id: int, *, now: datetime | None = None) -> Seat:
    """减签: do without somebody asked who has not spoken yet. Raises as `recall`."""
    return recall(actor, seat_id, now=now)
