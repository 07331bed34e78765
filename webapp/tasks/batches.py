"""Approving several tasks at once: only what was ticked, only where the process owner allowed it, each by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.definitions import queries as definitions
from webapp.engine import Element
from webapp.errors import BeianError, Invalid, Refused
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow import binding, commands, queries
from webapp.workflow.context import specs
from webapp.workflow.countersign import AGREEING
from webapp.workflow.filing import Submission
from webapp.workflow.models import Seat

MOST_TICKED = 100


@dataclass(frozen=True)
class Row:
    """What became of one ticked task."""

    seat_id: int
    title: str
    done: bool
    sentence: str


def approve_each(
    actor: User, ticked: Sequence[tuple[int, int]], opinion: str, *, now: datetime | None = None
) -> list[Row]:
    """Approve the ticked (seat id, version) pairs, each in a transaction of its own; one row each, in their order.

    What cannot be approved says why and touches no other. Raises Invalid when none or more than a hundred are ticked.
    """
    wanted = list(dict(ticked).items())
    if not wanted:
        raise Invalid(_("请先勾选要办理的待办。"))
    if len(wanted) > MOST_TICKED:
        raise Invalid(_("一次最多办理 %(n)s 件。", n=MOST_TICKED))
    return [_approve(actor, seat_id, version, opinion, now or datetime.now(UTC)) for seat_id, version in wanted]


def allows_batch(element: Element) -> bool:
    """Whether the process owner lets a step be approved together with others."""
    return element.properties.get("batch") == "true"


def _approve(actor: User, seat_id: int, version: int, opinion: str, now: datetime) -> Row:
    title = ""
    try:
        seat = queries.seat(actor, seat_id)
        if seat is None:
            return Row(seat_id, title, False, str(_("没有这件待办。")))
        title = seat.task.instance.title_zh
        commands.answer(actor, seat_id, version, _submission(actor, seat, opinion, now), now=now)
    except BeianError as refused:
        db.session.rollback()
        return Row(seat_id, title, False, refused.sentence)
    return Row(seat_id, title, True, str(_("已同意")))


def _submission(actor: User, seat: Seat, opinion: str, now: datetime) -> Submission:
    """Plain agreement, as if the form had been sent as it stands. Raises Refused, Invalid."""
    pinned = definitions.pinned(seat.task.instance.definition_id)
    element = pinned.bundle.definition(pinned.key, specs()).elements[seat.task.element]
    if not allows_batch(element) or seat.kind != "main":
        raise Refused(_("这一步没有允许批量办理，请打开逐件办理。"))
    offered = [part.strip() for part in element.properties.get("decisions", "").split(",")]
    decision = next((word for word in ("approve", "receive") if word in offered and word in AGREEING), None)
    if decision is None:
        raise Refused(_("这一步没有“同意”可选，请打开逐件办理。"))
    bound = binding.bind_task(actor, seat, posted=None, uploads=None, locale="zh", now=now)
    if bound is None:
        return Submission(decision, opinion)
    shown = MultiDict((name, value) for name, values in bound.typed.items() for value in values)
    filled = binding.bind_task(actor, seat, posted=shown, uploads=None, locale="zh", now=now)
    if filled is None or not filled.validate():
        raise Invalid(_("这一步有须填写的内容，请打开逐件办理。"))
    return Submission(decision, opinion, answers=filled.answers, form=(filled.schema.key, filled.schema.hash))
