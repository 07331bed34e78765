"""A case on paper: what a layout of an official form is filled with, and which layouts are for the case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.cases.actors import person_name
from webapp.cases.casefile import CaseFile
from webapp.cases.queries import official_facts
from webapp.definitions.bundle import Bundle
from webapp.documents.checks import layouts_for
from webapp.documents.filled import Opinion
from webapp.documents.filling import Facts, applies, opinion
from webapp.documents.layout import Layout
from webapp.documents.wording import Values
from webapp.engine import Definition
from webapp.engine.errors import EngineError
from webapp.extensions import db
from webapp.formkit import Choice, FormSchema
from webapp.formkit.display import Wording
from webapp.ledger import LedgerHead
from webapp.ledger.merkle import Frontier
from webapp.organization.models import User
from webapp.workflow.binding import instance_facts
from webapp.workflow.models import Seat, UserTask

_WORDS = {"approve": "同意", "receive": "收存", "reject": "不予同意"}
_BACK = ("return", "request_correction")


def case_layouts(file: CaseFile) -> list[Layout]:
    """The layouts that print this case, in the pack's order."""
    offered = layouts_for(file.bundle, file.pinned.key)
    if not offered:
        return []
    facts = case_facts(file, address="")
    return [layout for layout in offered if applies(layout, facts)]


def case_facts(file: CaseFile, *, address: str) -> Facts:
    """What the forms of a case are filled with; `address` is where the case stands."""
    zone = file.moments.zone
    filed = file.applications()
    return Facts(
        values=values_of(file.bundle, file.definition, zone),
        today=file.moments.today,
        names=_names(file),
        opinions=_opinions(file, zone),
        filed_on=(filed[-1].filed_at if filed else file.instance.filed_at).astimezone(zone).date(),
        foot=_foot(file),
        address=address,
    )


def blank_facts(bundle: Bundle, definition: Definition, file_moment: datetime) -> Facts:
    """What a blank form is filled with: nothing."""
    zone = ZoneInfo(bundle.pack.institution.time_zone)
    foot = ("空白表", f"流程包 {bundle.hash[:12]}")
    return Facts(values_of(bundle, definition, zone), file_moment.astimezone(zone).date(), foot=foot, blank=True)


def values_of(bundle: Bundle, definition: Definition, zone: ZoneInfo) -> Values:
    """How a pack's values are worded: options and platforms by their titles."""
    forms = {e.id: form for e in definition.elements.values() if e.form_key and (form := _form(bundle, e.form_key))}
    platforms = [
        Choice(entry.key, entry.name_zh, entry.name_en, kind="group" if entry.group else "account")
        for entry in bundle.pack.platforms
    ]
    return Values(Wording(platforms, "zh"), zone, forms, bundle.pack.sheet)


def _form(bundle: Bundle, key: str) -> FormSchema | None:
    try:
        return bundle.form(key)
    except EngineError:
        return None


def _names(file: CaseFile) -> Mapping[str, Any]:
    """What expressions see: answers by task, results by variable, those of called processes under the call."""
    definition = file.definition
    calls = {e.called: e for e in definition.elements.values() if e.called}
    names: dict[str, Any] = dict(definition.unset)

    def put(element: str, name: str, value: Any) -> None:
        holder, process = names, definition.elements[element].process_id
        chain = []
        while process != definition.process_id and process in calls:
            chain.append(calls[process].id)
            process = calls[process].process_id
        for call in reversed(chain):
            if not isinstance(holder.get(call), dict):
                holder[call] = {}
            holder = holder[call]
        holder[name] = value

    for passed in file.history:
        found = definition.elements.get(passed.element)
        if found is not None and found.result_variable and passed.outcome is not None:
            put(found.id, found.result_variable, passed.outcome)
    for row in file.answers:
        if row.element in definition.elements:
            put(row.element, row.element, row.data)
    names["case"] = {**instance_facts(file.instance, file.bundle), **_printed(file)}
    return names


def _printed(file: CaseFile) -> dict[str, Any]:
    """The members `case` has on paper beside those every expression sees."""
    official = official_facts(file.instance)
    instance = file.instance
    return {
        "number": instance.reference,
        "title": instance.title_zh,
        "outcome": instance.outcome,
        "ended_at": instance.ended_at.isoformat() if instance.ended_at else None,
        "filing_number": official.account.filing_number if official.account else None,
        "receipt": (official.filing.receipt or None) if official.filing else None,
    }


def _opinions(file: CaseFile, zone: ZoneInfo) -> dict[str, list[Opinion]]:
    """What stands at each step, in the order of its seats: not what a return or a correction undid."""
    undone = list(_undone(file))
    newest: dict[str, UserTask] = {seat.task.element: seat.task for seat in file.seats}
    found: dict[str, list[Opinion]] = {}
    for seat in file.seats:
        task, at = seat.task, seat.answered_at
        if seat.state != "answered" or at is None or seat.decision in _BACK or task is not newest[task.element]:
            continue
        if any(task.id >= first and task.round <= until for first, until in undone):
            continue
        said = opinion(seat.opinion, _WORDS.get(seat.decision or "", ""), _who(file, seat), at.astimezone(zone).date())
        found.setdefault(task.element, []).append(said)
    return found


def _undone(file: CaseFile) -> Iterator[tuple[int, int]]:
    """What each return or correction undid: the tasks from this one on, as far as this round. What follows a return
    stands in a later round."""
    for seat in file.seats:
        if seat.decision not in _BACK or seat.state != "answered":
            continue
        target, until = seat.returned_to or "Application", seat.task.round
        reached = [
            other.task
            for other in file.seats
            if other.task.round <= until and _within(file, other.task.element, target)
        ]
        if reached:
            last = max(task.round for task in reached)
            yield min(task.id for task in reached if task.round == last), until


def _within(file: CaseFile, element: str, target: str) -> bool:
    known = file.definition.elements.get(element)
    return element == target or (known is not None and target in known.scope)


def _who(file: CaseFile, seat: Seat) -> str:
    name = person_name(seat.answered_by, "zh")
    if seat.on_behalf_of_id:
        name += f"（代{person_name(db.session.get(User, seat.on_behalf_of_id), 'zh')}）"
    entry = file.bundle.pack.role(seat.role)
    return f"{entry.name_zh if entry else ''}　{name}".strip("　")


def _foot(file: CaseFile) -> tuple[str, ...]:
    head = db.session.execute(
        select(LedgerHead.size, LedgerHead.frontier).where(LedgerHead.institution_id == file.instance.institution_id)
    ).one_or_none()
    parts = [file.instance.reference]
    if head is not None:
        root = Frontier.from_bytes(head.size, bytes(head.frontier)).root().hex()
        parts.append(f"账册 {head.size} 条 {root[:8]}…{root[-8:]}")
    return (*parts, f"流程包 {file.bundle.hash[:12]}")
