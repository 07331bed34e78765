"""What was said and done in a case, by rounds, newest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from jinja2.filters import do_filesizeformat

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.cases.citations import Citations, Cited
from webapp.cases.happenings import happenings
from webapp.cases.route import shown
from webapp.files.models import StoredFile
from webapp.files.queries import by_keys
from webapp.workflow.models import Seat


@dataclass(frozen=True)
class Entry:
    """One line: kind "", back (sent back), void (refused), undone (taken back), sys (no opinion) or current (open).

    `files` are those attached to the opinion: {name, href, size}.
    """

    kind: str
    what: str
    who: str
    moment: datetime
    at: str
    text: str = ""
    articles: Sequence[Cited] = ()
    files: Sequence[Mapping[str, str]] = ()

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
        "agree": _("建议同意"),
        "object": _("建议不同意"),
    }
    return str(words.get(decision or "", decision or ""))


def rounds(file: CaseFile, citations: Citations, *, opinions_only: bool = False) -> list[Round]:
    """The rounds of a case. `opinions_only` leaves out open tasks and acts of the system."""
    entries: list[tuple[int, Entry]] = []
    stored = _attached(file)
    for seat in file.seats:
        if seat.state == "answered" and seat.answered_at:
            entries.append((seat.task.round, _answered(file, seat, citations, stored)))
        elif seat in file.open_seats and not opinions_only:
            entries.append((seat.task.round, _open(file, seat)))
    if not opinions_only or any(seat.handed_by_id for seat in file.seats):
        entries += _happened(file)
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


def _answered(file: CaseFile, seat: Seat, citations: Citations, stored: Mapping[str, StoredFile]) -> Entry:
    assert seat.answered_at is not None
    name = step_name(file.definition.elements.get(seat.task.element), file.locale, seat.task.name)
    carried = seat.task_id in file.carried_over
    # An answer that serves again was given in an earlier round; here it counts from when the step was passed anew.
    at = (seat.task.closed_at if carried else None) or seat.answered_at
    who = _by(file, seat)
    if seat.decision == "submit":
        filed = seat.task.element == "Application"
        what = decision_label("submit", first=seat.task.round == 1) if filed else _("提交：%(step)s", step=name)
        return Entry("sys", _marked(file, seat, what, carried), who, at, file.moments.minute(at))
    what = decision_label(seat.decision)
    if seat.decision == "return":
        target = file.definition.elements.get(seat.returned_to or "")
        what = _("退回至 %(step)s", step=step_name(target, file.locale, seat.returned_to or ""))
    kind = {"request_correction": "back", "return": "back", "reject": "void"}.get(seat.decision or "", "")
    kind = "undone" if _taken_back(seat) else kind
    files = [_file(stored[key]) for key in seat.attachments or () if key in stored]
    articles, what = citations.all(seat.grounds or ()), _marked(file, seat, what, carried)
    return Entry(kind, what, f"{who}　{name}", at, file.moments.minute(at), seat.opinion, articles, files)


def _by(file: CaseFile, seat: Seat) -> str:
    """Who answered, on whose behalf, and in which role."""
    by = person_name(seat.answered_by, file.locale)
    if not by:
        return str(_("系统"))
    if seat.on_behalf_of_id is not None:
        by = _("%(who)s（代 %(principal)s）", who=by, principal=person_name(seat.on_behalf_of, file.locale))
    return f"{by}　{file.actors.role(seat.role) if seat.role else ''}".rstrip("　")


def _marked(file: CaseFile, seat: Seat, what: str, carried: bool) -> str:
    """The word for an answer, with what sort it is: an opinion asked for, one of several, one that no longer counts."""
    if seat.kind == "after":
        what = str(_("确认") if seat.decision == "agree" else _("不同意"))
    sorts = {"delegate": _("委派意见"), "before": _("前加签"), "after": _("后加签")}
    if seat.kind in sorts:
        what = _("%(sort)s：%(what)s", sort=sorts[seat.kind], what=what)
    elif together := _place_among(file, seat):
        what = _("会签 %(place)s：%(what)s", place=together, what=what)
    if carried:
        what = _("%(what)s（沿用上一轮）", what=what)
    return str(_("%(what)s（已拿回）", what=what) if _taken_back(seat) else what)


def _place_among(file: CaseFile, seat: Seat) -> str:
    """ "3/5" for the third of five to sign; "" where one person decides."""
    main = [other for other in file.seats if other.task_id == seat.task_id and other.kind == "main"]
    if len(main) < 2:
        return ""
    before = [
        s for s in main if s.answered_at and seat.answered_at and (s.answered_at, s.id) <= (seat.answered_at, seat.id)
    ]
    return f"{len(before)}/{len(main)}"


def _taken_back(seat: Seat) -> bool:
    """Whether the case was brought back to this very step by who had answered it."""
    return seat.decision != "return" and seat.returned_to == seat.task.element


def _attached(file: CaseFile) -> Mapping[str, StoredFile]:
    keys = [key for seat in file.seats for key in seat.attachments or ()]
    return by_keys(file.instance.institution_id, keys) if keys else {}


def _file(stored: StoredFile) -> dict[str, Any]:
    href = url_for("cases.file", key=stored.key)
    return {"name": stored.name, "href": href, "size": do_filesizeformat(stored.size)}


def _happened(file: CaseFile) -> list[tuple[int, Entry]]:
    """Tasks handed on, opinions asked for, answers taken back, the case stopped: with the words said then."""
    rounds_of = {seat.task_id: seat.task.round for seat in file.seats}
    found = []
    for act in happenings(file.events, file.locale):
        begun = [seat.task.round for seat in file.seats if seat.task.opened_at <= act.at]
        number = rounds_of.get(act.task_id or 0) or max(begun, default=1)
        found.append((number, Entry("sys", act.what, act.who, act.at, file.moments.minute(act.at), act.note)))
    return found


def _open(file: CaseFile, seat: Seat) -> Entry:
    element = file.definition.elements.get(seat.task.element)
    who = person_name(seat.holder, file.locale) or (file.actors.at(element, seat.role) if element else "")
    asked = {"delegate": _("委派，待给意见"), "before": _("前加签，待给意见"), "after": _("后加签，待确认")}
    state = _("已挂起") if seat.task.state == "suspended" else asked.get(seat.kind) or _("办理中")
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
