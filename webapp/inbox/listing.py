"""Rows of the inbox and of the home page as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name, unit_name
from webapp.cases.moments import Moments
from webapp.cases.opinions import decision_label
from webapp.definitions import queries as definitions
from webapp.engine import Element
from webapp.organization.models import User
from webapp.workdays import TimeLeft
from webapp.workflow.context import specs
from webapp.workflow.models import AnswerDraft, ProcessInstance, Seat
from webapp.workflow.starting import may_start


@dataclass(frozen=True)
class Item:
    """One line of a list. `seat_id` is set where there is a task page; `state` and `state_text` go into a chip.

    `tick` is what its box posts ("seat id.version"), "" where it has none. `own_answer` is the seat whose answer may
    still be taken back, as far as a list can tell.
    """

    href: str
    title: str
    reference: str
    process: str
    step: str
    who: str
    unit: str
    at: str
    round: int
    left: TimeLeft | None = None
    due: str = ""
    state: str = ""
    state_text: str = ""
    seat_id: int | None = None
    tick: str = ""
    unclaimed: bool = False
    decision: str = ""
    correction: bool = False
    to_file: bool = False
    own_answer: int | None = None


def seat_item(seat: Seat, moments: Moments, origin: str = "", *, ticks: bool = False) -> Item:
    """An open seat; its task, case, unit and applicant must be loaded. `origin` names the list it stands in."""
    case = seat.task.instance
    return _item(
        case,
        moments,
        href=url_for("inbox.task", seat_id=seat.id, list=origin or None),
        tick=f"{seat.id}.{seat.version}" if ticks else "",
        step=_step(case, seat, moments.locale),
        who=person_name(case.applicant, moments.locale),
        at=moments.day(seat.task.opened_at, weekday=False),
        round=seat.task.round,
        left=moments.left(seat.task.due_at),
        due=moments.day(seat.task.due_at),
        seat_id=seat.id,
        unclaimed=seat.holder_id is None,
        correction=seat.task.element == "Application",
        to_file=seat.task.element == "Application" and case.to_be_filed,
    )


def answered_item(seat: Seat, opened: Sequence[Seat], moments: Moments, *, is_last: bool = False) -> Item:
    """A seat one has answered, and where its case is now; `is_last`: nobody has answered anything in it since."""
    case = seat.task.instance
    item = case_item(case, opened, moments)
    return _item(
        case,
        moments,
        href=item.href,
        step=_step(case, seat, moments.locale),
        who=person_name(case.applicant, moments.locale),
        at=moments.day(seat.answered_at, weekday=False),
        round=seat.task.round,
        left=item.left,
        due=item.due,
        state=item.state,
        state_text=item.state_text,
        decision=decision_label(seat.decision, first=seat.task.round == 1),
        own_answer=seat.id if is_last and _stands(seat) else None,
    )


def _stands(seat: Seat) -> bool:
    """Whether the answer counts in a case that goes on: not taken back already, nor cancelled with its task."""
    task = seat.task
    return task.instance.state == "running" and task.state != "cancelled" and seat.returned_to != task.element


def case_item(case: ProcessInstance, opened: Sequence[Seat], moments: Moments) -> Item:
    """A case and where it is now."""
    state, text = _state(case, opened, moments.locale)
    due_at = min((seat.task.due_at for seat in opened if seat.task.due_at), default=None)
    holder = next((person_name(seat.holder, moments.locale) for seat in opened if seat.holder), "")
    return _item(
        case,
        moments,
        href=url_for("cases.case", case_id=case.id),
        step=text,
        who=holder,
        at=moments.day(case.filed_at, weekday=False),
        round=case.round,
        left=moments.left(due_at),
        due=moments.day(due_at),
        state=state,
        state_text=text,
    )


@dataclass(frozen=True)
class DraftItem:
    """Something one was typing."""

    href: str
    title: str
    kind: str
    at: str
    id: int


def draft_item(draft: AnswerDraft, moments: Moments) -> DraftItem:
    start = draft.seat_id is None
    href = (
        url_for("inbox.start", process_key=draft.process_key) if start else url_for("inbox.task", seat_id=draft.seat_id)
    )
    kind = _("新的申请") if start else _("办理中的意见")
    return DraftItem(href, draft.title or _("（未命名）"), kind, moments.minute(draft.saved_at), draft.id)


@dataclass(frozen=True)
class StartChoice:
    """A process one may start."""

    href: str
    name: str
    summary: str
    key: str


def start_choices(user: User, locale: str) -> list[StartChoice]:
    """What the person may start, by the packs of their institution."""
    found = []
    for current in definitions.newest_pinned(user.institution_id):
        process = current.bundle.process(current.key)
        if may_start(user, process):
            summary = process.summary_en or process.summary_zh if locale == "en" else process.summary_zh
            href = url_for("inbox.start", process_key=current.key)
            found.append(StartChoice(href, process.name(locale), summary, current.key))
    return found


def element_of(case: ProcessInstance, element: str) -> Element | None:
    """A step of the diagram the case runs on, from the shared bundle."""
    bundle = definitions.bundle(case.definition.deployment)
    return bundle.definition(case.definition.key, specs()).elements.get(element)


def _item(case: ProcessInstance, moments: Moments, **rest: Any) -> Item:
    english = moments.locale == "en"
    definition = case.definition
    return Item(
        title=case.title_en or case.title_zh if english else case.title_zh,
        reference=case.reference,
        process=definition.name_en or definition.name_zh if english else definition.name_zh,
        unit=unit_name(case.unit, moments.locale),
        **rest,
    )


def _step(case: ProcessInstance, seat: Seat, locale: str) -> str:
    # Chinese is stored with the task; only English has to look at the diagram.
    return seat.task.name if locale == "zh" else step_name(element_of(case, seat.task.element), "en", seat.task.name)


def _state(case: ProcessInstance, opened: Sequence[Seat], locale: str) -> tuple[str, str]:
    if case.state != "running":
        return case.outcome or case.state, ""
    if any(seat.task.element == "Application" for seat in opened):
        return "to_file" if case.to_be_filed else "correction", ""
    names = [_step(case, seat, locale) for seat in opened]
    return "open", ("、" if locale == "zh" else ", ").join(names)
