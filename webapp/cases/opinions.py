"""What was said and done in a case, by rounds, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.cases.citations import Citations, Cited
from webapp.cases.route import shown
from webapp.workflow.models import Seat


@dataclass(frozen=True)
class Entry:
    """One line: kind "", back (sent back), void (refused), sys (no opinion) or current (open)."""

    kind: str
    what: str
    who: str
    moment: datetime
    at: str
    text: str = ""
    articles: Sequence[Cited] = ()

    @property
    def iso(self) -> str:
        return self.moment.isoformat()


@dataclass
class Round:
    """One round of a case: from a filing to the next correction or return."""

    number: int
    title: str
    entries: list[Entry] = field(default_factory=list)


def decision_label(decision: str | None, *, first: bool = True) -> str:
    """The word for a decision as records show it."""
    words = {
        "approve": _("同意"),
        "request_correction": _("退回补正"),
        "reject": _("不予同意"),
        "receive": _("收存"),
        "return": _("退回"),
        "submit": _("提交申请") if first else _("补正提交"),
    }
    return str(words.get(decision or "", decision or ""))


def rounds(file: CaseFile, citations: Citations, *, opinions_only: bool = False) -> list[Round]:
    """The rounds of a case. `opinions_only` leaves out open tasks and acts of the system."""
    entries: list[tuple[int, Entry]] = []
    for seat in file.seats:
        if seat.state == "answered" and seat.answered_at:
            entries.append((seat.task.round, _answered(file, seat, citations)))
        elif seat in file.open_seats and not opinions_only:
            entries.append((seat.task.round, _open(file, seat)))
    if not opinions_only:
        entries += _acts(file)
        if file.instance.state == "withdrawn" and file.instance.ended_at:
            entries.append((file.instance.round, _withdrawn(file, file.instance.ended_at)))
    numbers = sorted({number for number, _entry in entries}, reverse=True)
    return [_round(file, number, [entry for n, entry in entries if n == number]) for number in numbers]


def ground_codes(file: CaseFile) -> list[str]:
    """Every clause an opinion names."""
    return [code for seat in file.seats for code in seat.grounds or ()]


def _round(file: CaseFile, number: int, entries: list[Entry]) -> Round:
    # Of what happened in one second the later written comes first.
    order = sorted(
        range(len(entries)), key=lambda n: (entries[n].kind == "current", entries[n].moment, n), reverse=True
    )
    entries = [entries[n] for n in order]
    begun = file.moments.day(entries[-1].moment, weekday=False)
    title = _("第 %(n)s 轮　%(day)s 起", n=number, day=begun) if file.instance.round > 1 else ""
    if stood := _stood_still(file, number):
        title += f"　{stood}"
    return Round(number, title, entries)


def _stood_still(file: CaseFile, number: int) -> str:
    """The stretch in which the clock stood still while the application of this round was waited for."""
    waits = [s.task for s in file.seats if s.task.element == "Application" and s.task.round > 1]
    wait = next((task for task in waits if task.round == number), None)
    if wait is None or not file.pauses:
        return ""
    since = file.moments.day(wait.opened_at, weekday=False)
    if wait.closed_at is None:
        return str(_("%(since)s 起停表", since=since))
    return str(_("停表 %(since)s 至 %(until)s", since=since, until=file.moments.day(wait.closed_at, weekday=False)))


def _answered(file: CaseFile, seat: Seat, citations: Citations) -> Entry:
    assert seat.answered_at is not None
    at = seat.answered_at
    name = step_name(file.definition.elements.get(seat.task.element), file.locale, seat.task.name)
    by = person_name(seat.answered_by, file.locale)
    who = f"{by}　{file.actors.role(seat.role)}".rstrip("　") if by else str(_("系统"))
    if seat.decision == "submit":
        filed = seat.task.element == "Application"
        what = decision_label("submit", first=seat.task.round == 1) if filed else _("提交：%(step)s", step=name)
        return Entry("sys", what, who, at, file.moments.minute(at))
    what = decision_label(seat.decision)
    if seat.decision == "return":
        target = file.definition.elements.get(seat.returned_to or "")
        what = _("退回至 %(step)s", step=step_name(target, file.locale, seat.returned_to or ""))
    kind = {"request_correction": "back", "return": "back", "reject": "void"}.get(seat.decision or "", "")
    articles = citations.all(seat.grounds or ())
    return Entry(kind, what, f"{who}　{name}", at, file.moments.minute(at), seat.opinion, articles)


def _open(file: CaseFile, seat: Seat) -> Entry:
    element = file.definition.elements.get(seat.task.element)
    who = person_name(seat.holder, file.locale) or (file.actors.at(element, seat.role) if element else "")
    state = _("已挂起") if seat.task.state == "suspended" else _("办理中")
    at = seat.task.opened_at
    received = _("%(at)s 收到", at=file.moments.minute(at))
    return Entry("current", step_name(element, file.locale, seat.task.name), f"{who}　{state}", at, received)


def _acts(file: CaseFile) -> list[tuple[int, Entry]]:
    """Acts of the system that happen once, such as the registration."""
    found = []
    for row in file.history:
        element = file.definition.elements.get(row.element)
        if row.kind == "serviceTask" and element and shown(file.definition, row.element):
            result = row.outcome if isinstance(row.outcome, dict) else {}
            number = result.get("filing_number") or result.get("number") or ""
            what = step_name(element, file.locale)
            found.append((row.round, Entry("sys", what, str(number), row.at, file.moments.minute(row.at))))
    return found


def _withdrawn(file: CaseFile, at: datetime) -> Entry:
    who = person_name(file.instance.applicant, file.locale)
    return Entry("sys", _("撤销申请"), who, at, file.moments.minute(at))
