"""A machine that does with tasks whatever can be done, by anybody, in any order, and looks at the tables every time.

A sequence follows from one salt: its numbers are turned into people and seats by what the tables hold, so that a
sequence done again does the same again; what was done is told with a failure. Each act is a request of its own; what
is refused must be refused with a sentence.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.tasks.bureau import saying
from tests.tasks.desk import NAMES, Desk, lengthen
from webapp.correspondence import commands as correspondence
from webapp.extensions import db
from webapp.organization.models import User
from webapp.substitution import commands as substitution
from webapp.substitution.releasing import release_ended
from webapp.tasks.adding import add_signers, remove_signer
from webapp.tasks.batches import approve_each
from webapp.tasks.handing import delegate, reassign, recall, release, transfer
from webapp.tasks.suspending import resume, suspend, terminate
from webapp.tasks.taking_back import take_back
from webapp.workflow import commands, timers
from webapp.workflow.guards import step_of
from webapp.workflow.models import Seat
from webapp.workflow.returning import return_targets

STILL = ("waiting", "open", "held")
SAID = ("approve", "request_correction", "reject", "agree", "object")
STEPS = 40
HOURS = (1, 5, 30, 90, 180)
# What is done, and how often: deciding most, so that cases get somewhere.
OFTEN = {
    "agrees": 12, "answers": 2, "returns": 2, "adds_signers": 3, "delegates": 2, "recalls": 2, "takes_back": 3,
    "transfers": 2, "claims": 3, "acts_for_somebody": 3, "approves_in_a_batch": 3,
}  # fmt: skip
ACTS = (
    "agrees", "answers", "objects", "answers_late", "returns", "asks_for_correction", "takes_back", "claims",
    "transfers", "delegates", "adds_signers", "recalls", "appoints", "revokes", "acts_for_somebody",
    "approves_in_a_batch", "reassigns", "releases", "suspends_or_resumes", "resumes", "ends_it", "waits", "speaks",
)  # fmt: skip
DRAWN = tuple(act for act in ACTS for _ in range(OFTEN.get(act, 1)))


class Office(Desk):
    """Everything that can be done."""

    @initialize(salt=st.binary(min_size=8, max_size=8))
    def begins(self, salt: bytes) -> None:
        """Everything follows from this one draw, evenly: of more of them Hypothesis repeats what it did before."""
        self.drawn = Random(salt)
        self.left = self.drawn.randint(16, STEPS)
        self.files(self.drawn.randrange(4), self.drawn.randrange(3))

    @rule()
    def does(self) -> None:
        """One act: to which seat, by whom and to whom."""
        if self.left == 0:
            return
        self.left -= 1
        draw = self.drawn.randrange
        act, at, who, to = self.drawn.choice(DRAWN), draw(60), draw(30), draw(30)
        self.story.append(f"{act}(at={at}, who={who}, to={to})")
        getattr(self, act)(at, who, to)

    # Deciding

    def agrees(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.seat(at)
        if seat is not None:
            word = "approve" if seat.kind == "main" else "agree"
            self.answers_as(seat, self.person(max(who, 10), seat), word, at)

    def answers(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.seat(at, "open", "waiting", "held")
        if seat is not None:
            decision = SAID[to % len(SAID)]
            self.answers_as(seat, self.person(who, seat), decision, at)

    def objects(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at, kinds=("after", "before", "delegate"))
        if seat is not None:
            self.answers_as(seat, seat.holder_id, "object", at)

    def answers_late(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at, "open", "answered", "void")
        if seat is not None:
            self.answers_as(seat, self.person(who, seat), "approve", at, late=True)

    def returns(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.seat(at, kinds=("main",))
        if seat is None:
            return
        with self.app.app_context():
            case = self.case()
            step = step_of(case, None, self.now)
            targets = [entry.element for entry in return_targets(step, db.session.get_one(Seat, seat.id).task)]
        targets = [*targets, "Application", seat.task.element] if to % 5 == 4 or not targets else targets
        person, element = self.person(who, seat), targets[to % len(targets)]
        said = saying("return")
        act = lambda: commands.return_to(  # noqa: E731
            self.user(person), seat.id, seat.version, element, said, now=self.now
        )
        self.tries("return", act)

    def asks_for_correction(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.seat(at, kinds=("main",))
        offered = self.at.elements[seat.task.element].properties.get("decisions", "") if seat is not None else ""
        if seat is not None and "request_correction" in offered:
            self.answers_as(seat, self.person(10 + at % 20, seat), "request_correction", at)

    def takes_back(self, at: int, who: int, to: int) -> None:
        seats = [seat for seat in self.seats("answered") if seat.role != "applicant" or at % 10 == 0]
        if seats:
            seat = seats[at % min(3, len(seats))]
            person = seat.answered_by_id if at < 50 else self.bureau.people[NAMES[at - 50]]
            self.tries("take back", lambda: take_back(self.user(person), seat.id, now=self.now))

    # Handing on

    def claims(self, at: int, who: int, to: int) -> None:
        queued = [seat for seat in self.seats("open") if seat.queue and (seat.holder_id is None) == (to % 2 == 0)]
        seat = queued[at % len(queued)] if queued and at < 50 else self.seat(at, kinds=("main",))
        if seat is None:
            return
        person = self.person(who, seat)
        if to % 2:
            self.tries("unclaim", lambda: commands.unclaim(self.user(person), seat.id, seat.version))
        else:
            self.tries("claim", lambda: commands.claim(self.user(person), seat.id, seat.version, now=self.now))

    def transfers(self, at: int, who: int, to: int) -> None:
        seat = self.decisive(at)
        if seat is not None:
            person, other = self.person(who, seat), self.another(to, seat)
            act = lambda: transfer(self.user(person), seat.id, seat.version, other, "", now=self.now)  # noqa: E731
            self.tries("transfer", act)

    def delegates(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.decisive(at)
        if seat is not None:
            person, other = self.person(who, seat), self.another(to, seat, asked=True)
            act = lambda: delegate(self.user(person), seat.id, seat.version, other, "请看", now=self.now)  # noqa: E731
            self.tries("delegate", act)

    def adds_signers(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.decisive(at)
        if seat is not None:
            person, others = (
                self.person(who, seat),
                [self.another(one, seat, asked=True) for one in (to, to + at)[: 1 + at % 2]],
            )
            kind = ("after", "before")[who % 2]
            act = lambda: add_signers(  # noqa: E731
                self.user(person), seat.id, seat.version, kind, others, "请看", now=self.now
            )
            self.tries(f"add {kind}", act)

    def recalls(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at, *STILL, kinds=("after", "before", "delegate"))
        if seat is not None:
            person, act = seat.handed_by_id if at < 50 else seat.holder_id, (remove_signer, recall)[to % 2]
            self.tries("recall", lambda: act(self.user(person), seat.id, now=self.now))

    # Standing in

    def appoints(self, at: int, who: int, to: int) -> None:
        whose, by = (self.bureau.people[NAMES[number % 9]] for number in (who, to))
        made: list[int] = []

        def act() -> None:
            day = self.now.date()
            rule = substitution.appoint(self.user(whose), by, None, day, day + timedelta(days=60), now=self.now)
            made.append(rule.id)
            lengthen(rule.id, by)

        # Whoever stands in sees and does more; nothing of the case itself changes.
        if self.tries("appoint", act, speaks=True):
            self.rules[made[0]] = (whose, by)
            self.read()

    def revokes(self, at: int, who: int, to: int) -> None:
        if not self.rules:
            return
        found = list(self.rules)[at % len(self.rules)]
        person = self.rules[found][at % 2]

        def act() -> None:
            substitution.revoke(self.user(person), found, now=self.now)
            release_ended(self.now)

        self.rules.pop(found)
        self.tries("revoke", act, administrator=True)

    def acts_for_somebody(self, at: int, who: int, to: int) -> None:
        if not self.rules:
            self.appoints(at, who, to)
            return
        claims, seats, rules = to % 2 == 0, self.seats("open"), list(self.rules.values())
        likely = [(s, two) for s in seats for two in rules if two[0] in self.likely(s) and not (claims and s.holder_id)]
        likely = likely or [(s, two) for s in self.seats("open", "held") for two in rules]
        if not likely:
            return
        seat, (_principal, substitute) = likely[at % len(likely)]
        if claims:
            act = lambda: commands.claim(self.user(substitute), seat.id, seat.version, now=self.now)  # noqa: E731
            self.tries("claim for", act)
        else:
            self.answers_as(seat, substitute, "approve" if seat.kind == "main" else "agree", at)

    # Many, and the administrator

    def approves_in_a_batch(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seats = self.seats("open", "waiting", "held", "answered")
        seats = sorted(seats, key=lambda seat: seat.state != "open" or not self.batchable(seat))[: 2 + at % 3]
        if not seats:
            return
        person = self.person(who, seats[0])
        stale = to % 3 == 0
        ticked = [(seat.id, seat.version - int(stale)) for seat in seats]
        done: list[bool] = []
        act = lambda: done.extend(  # noqa: E731
            row.done for row in approve_each(self.user(person), ticked, "同意", now=self.now)
        )
        self.tries("batch", act)
        Desk.done["batch row"] += sum(done)
        assert not (stale and any(done))

    def batchable(self, seat: Any) -> bool:
        return self.at.elements[seat.task.element].properties.get("batch") == "true"

    def reassigns(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at, *STILL)
        if seat is not None:
            person, other = self.administrator(who), self.another(to, seat)
            act = lambda: reassign(self.user(person), seat.id, other, "出差", now=self.now)  # noqa: E731
            self.tries("reassign", act, administrator=True)

    def releases(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at, *STILL)
        if seat is not None:
            person = self.administrator(who)
            act = lambda: release(self.user(person), seat.id, "出差", now=self.now)  # noqa: E731
            self.tries("release", act, administrator=True)

    def suspends_or_resumes(self, at: int, who: int, to: int) -> None:
        act, person = resume if self.at.case.state == "suspended" else suspend, self.administrator(who)
        run = lambda: act(self.user(person), self.case_id, "核实", now=self.now)  # noqa: E731
        self.tries(act.__name__, run, administrator=True)

    def resumes(self, at: int, who: int, to: int) -> None:
        person = self.administrator(who)
        act = lambda: resume(self.user(person), self.case_id, "核实", now=self.now)  # noqa: E731
        self.tries("resume", act, administrator=True)

    def ends_it(self, at: int, who: int, to: int) -> None:
        if to % 5 == 0:
            person = self.administrator(who)
            act = lambda: terminate(self.user(person), self.case_id, "撤并", now=self.now)  # noqa: E731
            self.tries("terminate", act, administrator=True)
        elif to % 5 == 1:
            person = self.at.case.applicant_id if who > 3 else self.bureau.people[NAMES[who]]
            self.tries("withdraw", lambda: commands.cancel(self.user(person), self.case_id, now=self.now))

    def waits(self, at: int, who: int, to: int) -> None:
        self.now += timedelta(hours=HOURS[at % len(HOURS)])

        def act() -> None:
            while timers.run_due(self.now):
                pass

        self.tries("wait", act)

    # Saying something

    def speaks(self, at: int, who: int, to: int) -> None:
        person = self.bureau.people[NAMES[who]] if who < len(NAMES) else self.at.case.applicant_id
        other, what = self.bureau.people[NAMES[to % 10]], ("comment", "ask", "copy", "urge")[at % 4]
        acts: dict[str, Callable[[User], Any]] = {
            "comment": lambda user: correspondence.comment(user, self.case_id, "请问", now=self.now),
            "ask": lambda user: correspondence.comment(user, self.case_id, "请问", asked_id=other, now=self.now),
            "copy": lambda user: correspondence.copy_to(user, self.case_id, [other], now=self.now),
            "urge": lambda user: correspondence.urge(user, self.case_id, now=self.now),
        }
        self.tries(what, lambda: acts[what](self.user(person)), speaks=True)
