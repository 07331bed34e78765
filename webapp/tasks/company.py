"""Who else is at a task: those who sign it together, and those who were asked for an opinion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from flask_babel import gettext as _

from webapp.cases.actors import person_name
from webapp.cases.casefile import CaseFile
from webapp.workflow.countersign import STILL, Rule, rule_of
from webapp.workflow.models import Seat, UserTask


@dataclass(frozen=True)
class Signer:
    """One line: `state` done, current or wait; `words` what that means; `refused` of an answer that stands against."""

    name: str
    state: str
    words: str
    at: str = ""
    refused: bool = False
    mine: bool = False


@dataclass(frozen=True)
class Countersigning:
    """A step several people sign. `rule` says in words when it is passed; `signed` of `total` have signed."""

    rule: str
    signers: Sequence[Signer]
    signed: int
    total: int


@dataclass(frozen=True)
class Asked:
    """Somebody asked for an opinion: seat, what for, whether the answer is still to come, and when it came."""

    seat: Seat
    name: str
    kind: str
    state: str
    words: str
    note: str
    waited_for: bool


def siblings(file: CaseFile, task: UserTask) -> list[Seat]:
    """The seats that decide a task, in their order, without those given up."""
    found = [s for s in file.seats if s.task_id == task.id and s.kind == "main" and s.state != "void"]
    return sorted(found, key=lambda seat: (seat.position, seat.id))


def below(file: CaseFile, seat: Seat, *kinds: str) -> list[Seat]:
    """The seats of those asked from this one, without those given up."""
    wanted = kinds or ("delegate", "before", "after")
    return [s for s in file.seats if s.parent_id == seat.id and s.kind in wanted and s.state != "void"]


def countersigning(file: CaseFile, seat: Seat) -> Countersigning | None:
    """Who signs the step of this seat together; None where one person decides."""
    main = siblings(file, seat.task)
    if len(main) < 2:
        return None
    rule = rule_of(file.definition.elements[seat.task.element])
    signers = [_signer(file, found, file.reader.id) for found in main]
    signed = sum(found.state == "answered" for found in main)
    return Countersigning(rule_words(rule, len(main)), signers, signed, len(main))


def rule_words(rule: Rule, people: int) -> str:
    """When a countersigned step is passed: how many of how many."""
    total = people
    if rule.kind == "ratio":
        needed = max(1, ceil(rule.share * people))
        return str(_("%(total)s 人中 %(needed)s 人同意即通过。", total=total, needed=needed))
    words = {
        "any": _("%(total)s 人中任一人作出决定即可。", total=total),
        "all": _("须 %(total)s 人都办理，全体同意方为通过。", total=total),
        "sequence": _("%(total)s 人依次办理，前一人同意后轮到后一人；一人不同意即不予。", total=total),
        "veto": _("须 %(total)s 人全体同意；一人不同意即不予，不再等其他人。", total=total),
    }
    return str(words.get(rule.kind, ""))


def asked(file: CaseFile, seat: Seat) -> list[Asked]:
    """Those asked for an opinion from this seat, in the order they were asked."""
    return [_asked(file, found) for found in below(file, seat)]


def asked_kind(kind: str) -> str:
    """What a seat below another was opened for."""
    return str({"delegate": _("委派"), "before": _("前加签"), "after": _("后加签")}.get(kind, ""))


def opinion_label(kind: str, decision: str) -> str:
    """The word for an answer that does not decide."""
    agree, disagree = (_("确认"), _("不同意")) if kind == "after" else (_("建议同意"), _("建议不同意"))
    return str({"agree": agree, "object": disagree}.get(decision, ""))


def waits_for_others(seat: Seat) -> bool:
    """Whether an answered seat's task is still open: others confirm it, or sign it too."""
    return seat.state == "answered" and seat.kind == "main" and seat.task.state in ("open", "suspended")


def waited_for(file: CaseFile, seats: Sequence[Seat]) -> str:
    """The names of those whose answer is still to come."""
    names = [seat_name(file, seat) for seat in seats if seat.state in STILL]
    return ("、" if file.locale == "zh" else ", ").join(names)


def seat_name(file: CaseFile, seat: Seat) -> str:
    """Who has a seat, or the role it waits for."""
    return person_name(seat.answered_by or seat.holder, file.locale) or file.actors.role(seat.role)


def _signer(file: CaseFile, seat: Seat, reader_id: int) -> Signer:
    name, mine = seat_name(file, seat), reader_id in (seat.holder_id, seat.answered_by_id)
    if seat.state == "answered":
        refused = seat.decision not in ("approve", "receive", "submit")
        words = _("不同意") if refused else _("已同意")
        return Signer(name, "void" if refused else "done", words, file.moments.minute(seat.answered_at), refused, mine)
    if seat.state == "waiting":
        return Signer(name, "wait", _("未轮到"), mine=mine)
    return Signer(name, "current", _("待办理"), mine=mine)


def _asked(file: CaseFile, seat: Seat) -> Asked:
    waiting = seat.state in STILL
    if waiting:
        words = _("您决定后请其确认") if seat.kind == "after" and seat.state == "waiting" else _("待答复")
    else:
        words = f"{opinion_label(seat.kind, seat.decision or '')}　{file.moments.minute(seat.answered_at)}"
    state = "current" if seat.state == "open" else "wait" if waiting else "done"
    return Asked(seat, seat_name(file, seat), asked_kind(seat.kind), state, str(words), seat.note, waiting)
