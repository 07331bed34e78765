"""How the seats of one task come to one outcome: countersigning, opinions asked for before and after, delegation.

The rule of a step is its property `countersign`: one of many (any, which is how every step without it works), all of
them, one after another (sequence), a share of them (ratio 2/3), or all with the first refusal ending it (veto).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from webapp.engine import Element
from webapp.workflow.models import Seat, UserTask

RATIO = re.compile(r"ratio (\d{1,3})/(\d{1,3})")
# What lets a case go on; a request for correction or a return ends the step whoever makes it.
AGREEING = frozenset({"approve", "receive", "submit"})
STILL = ("waiting", "open", "held")


@dataclass(frozen=True)
class Rule:
    """`kind` any, all, sequence, ratio or veto; `share` is of a ratio."""

    kind: str
    share: Fraction = Fraction(1)

    @property
    def ends_at_refusal(self) -> bool:
        """Whether one refusal decides, whoever has not spoken yet."""
        return self.kind in ("any", "veto", "sequence")


def rule_of(element: Element) -> Rule:
    """The rule a step is drawn with."""
    text = element.properties.get("countersign", "any").strip()
    share = RATIO.fullmatch(text)
    return Rule("ratio", Fraction(int(share[1]), int(share[2]))) if share else Rule(text)


def verdict(rule: Rule, votes: Sequence[str | None]) -> str | None:
    """What the seats have come to: the agreeing word, "reject", "request_correction", or None while it is open.

    `votes` are the seats' decisions in their order, None where nobody has decided yet.
    """
    cast = [vote for vote in votes if vote is not None]
    back = next((vote for vote in cast if vote not in AGREEING and vote != "reject"), None)
    if back is not None:
        return back
    agreed, refused = [vote for vote in cast if vote in AGREEING], cast.count("reject")
    if rule.kind == "ratio":
        needed = max(1, ceil(rule.share * len(votes)))
        if len(agreed) >= needed:
            return agreed[-1]
        return "reject" if len(votes) - refused < needed else None
    if refused and rule.ends_at_refusal:
        return "reject"
    if rule.kind == "any":
        return agreed[0] if agreed else None
    if len(cast) < len(votes):
        return None
    return "reject" if refused else agreed[-1]


def main_seats(task: UserTask) -> list[Seat]:
    """The seats whose answers decide, in their order."""
    return [seat for seat in task.seats if seat.kind == "main" and seat.state != "void"]


def children(task: UserTask, parent: Seat, *kinds: str) -> list[Seat]:
    """The seats opened below another, apart from those given up."""
    return [s for s in task.seats if s.parent_id == parent.id and s.kind in kinds and s.state != "void"]


def go_on(task: UserTask, seat: Seat, rule: Rule) -> str | None:
    """After `seat` was answered: let those whose turn it is come; gives what the task came to, None while it waits."""
    if seat.kind in ("delegate", "before"):
        parent = _parent(task, seat)
        if not any(child.state in STILL for child in children(task, parent, "delegate", "before")):
            _turn(parent)
        return None
    if seat.kind == "after":
        parent = _parent(task, seat)
        if seat.decision == "object":
            _reopen(task, parent)
            return None
        if any(child.state in STILL for child in children(task, parent, "after")):
            return None
    elif confirming := [child for child in children(task, seat, "after") if child.state == "waiting"]:
        for child in confirming:
            _turn(child)
        return None
    return proceed(task, rule)


def proceed(task: UserTask, rule: Rule) -> str | None:
    """What the votes have come to, None while others must vote; in a sequence the next one's turn comes."""
    outcome = verdict(rule, [vote_of(task, main) for main in main_seats(task)])
    if outcome is None and rule.kind == "sequence":
        following = next((main for main in main_seats(task) if main.state != "answered"), None)
        if following is not None and following.state == "waiting" and not _asking(task, following):
            _turn(following)
    return outcome


def vote_of(task: UserTask, seat: Seat) -> str | None:
    """A main seat's decision once those asked to confirm it have."""
    if seat.state != "answered" or any(child.state in STILL for child in children(task, seat, "after")):
        return None
    return seat.decision


def _asking(task: UserTask, seat: Seat) -> bool:
    return any(child.state in STILL for child in children(task, seat, "delegate", "before"))


def _parent(task: UserTask, seat: Seat) -> Seat:
    return next(other for other in task.seats if other.id == seat.parent_id)


def _turn(seat: Seat) -> None:
    seat.state, seat.version = "open", seat.version + 1


def _reopen(task: UserTask, seat: Seat) -> None:
    """Somebody asked to confirm objects: the decision is its maker's to make again, and nobody confirms the old one."""
    for child in children(task, seat, "after"):
        if child.state in STILL:
            child.state, child.version = "void", child.version + 1
    unanswer(seat)


def unanswer(seat: Seat) -> None:
    """Open an answered seat again, as if it had not been answered; what was written stays in the ledger."""
    seat.state, seat.decision, seat.answered_by_id, seat.answered_at = "open", None, None, None
    seat.submission_key, seat.filed, seat.grounds, seat.version = None, None, [], seat.version + 1
