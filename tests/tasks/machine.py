"""A machine that does with tasks whatever can be done, by anybody, in any order, and looks at the tables every time.

Rules draw plain numbers and turn them into people and seats by what the tables hold, so that a sequence read again
does the same again. Each act is a request of its own; what is refused must be refused with a sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import select, update

from tests.tasks.bureau import APPLICANTS, NOW, PEOPLE, PROCESSES, Bureau, saying
from tests.tasks.holding import Rows, look, wrong
from webapp import ledger
from webapp.correspondence import commands as correspondence
from webapp.errors import BeianError
from webapp.extensions import db, transactional
from webapp.organization.models import Delegation, User
from webapp.substitution import commands as substitution
from webapp.substitution.releasing import release_ended
from webapp.tasks.adding import add_signers, remove_signer
from webapp.tasks.batches import approve_each
from webapp.tasks.handing import delegate, reassign, recall, release, transfer
from webapp.tasks.suspending import resume, suspend, terminate
from webapp.tasks.taking_back import take_back
from webapp.workflow import commands, timers
from webapp.workflow.filing import Submission
from webapp.workflow.guards import step_of
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.returning import return_targets

NAMES = tuple(PEOPLE)
ADMINISTRATOR = "feng"
ANY = st.integers(0, 59)
WHO = st.integers(0, 29)
STILL = ("waiting", "open", "held")
VERIFIED_EVERY = 50


class Office(RuleBasedStateMachine):
    """One case at a time; when it has ended, the next productive act files another application."""

    app: ClassVar[Flask]
    bureau: ClassVar[Bureau]
    done: ClassVar[Counter[str]] = Counter()
    refused: ClassVar[Counter[str]] = Counter()
    sequences: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.case_id = 0
        self.filed = 0
        self.rules: dict[int, tuple[int, int]] = {}
        self.rows: Rows | None = None
        self.story: list[str] = []

    # How an act is done

    def tries(self, name: str, act: Callable[[], Any], *, administrator: bool = False, speaks: bool = False) -> bool:
        """Do it as a request of its own and look at what is there then; True when it was not refused."""
        before, silent = self.rows, False
        self.now += timedelta(minutes=7)
        try:
            with self.app.app_context():
                act()
            Office.done[name] += 1
            self.story.append(name)
            accepted = True
        except BeianError as error:
            Office.refused[name] += 1
            self.story.append(f"{name}: {error.sentence}")
            accepted = False
            silent = not error.sentence
        assert accepted or not silent, f"{name} is refused without a sentence"
        self.read()
        if before is not None and self.rows is not None and before.case.id == self.rows.case.id:
            stopped = before.case.state not in ("running",) and not administrator
            if not accepted or speaks or stopped:
                assert self.rows.state == before.state, f"{name} changed a case it must not change"
        return accepted

    def read(self) -> None:
        with self.app.app_context():
            self.rows = look(self.bureau, self.case_id, frozenset(self.rules.values()), self.now)
        found = wrong(self.rows)
        assert not found, "\n".join([*found, "after", *self.story])

    @property
    def at(self) -> Rows:
        assert self.rows is not None
        return self.rows

    def user(self, person: int) -> User:
        return db.session.get_one(User, person)

    def seats(self, *states: str, kinds: Sequence[str] = ()) -> list[Any]:
        """Seats of the case in these states, those of open tasks first."""
        found = [s for s in self.at.seats if s.state in states and (not kinds or s.kind in kinds)]
        return sorted(found, key=lambda s: (s.task.state not in ("open", "suspended"), -s.id))

    def person(self, who: int, seat: Any) -> int:
        """Any of the people for a small number, else somebody likely to act on the seat."""
        if who < len(NAMES):
            return self.bureau.people[NAMES[who]]
        likely = self.likely(seat)
        return likely[who % len(likely)] if likely else self.bureau.people[NAMES[who % len(NAMES)]]

    def likely(self, seat: Any) -> list[int]:
        if seat.holder_id is not None:
            return [seat.holder_id]
        return [person for person in self.holding(seat.role) if person != self.at.case.applicant_id]

    def holding(self, role: str) -> list[int]:
        return [person for person, roles in self.at.roles.items() if role in roles]

    def seat(self, at: int, *states: str, kinds: Sequence[str] = ()) -> Any | None:
        found = self.seats(*(states or ("open",)), kinds=kinds)
        return found[at % len(found)] if found else None

    def case(self) -> ProcessInstance:
        return db.session.get_one(ProcessInstance, self.case_id)

    def goes_on(self) -> None:
        """File another application where the case has ended."""
        if self.at.case.state not in ("running", "suspended"):
            self.files(self.process + 1, self.applicant + 1)

    def files(self, process: int, applicant: int) -> None:
        self.process, self.applicant, self.rows = process, applicant, None
        by, key = APPLICANTS[applicant % len(APPLICANTS)], PROCESSES[process % len(PROCESSES)]

        def act() -> None:
            self.case_id = self.bureau.start(key, by=by, now=self.now, helper=NAMES[(process + applicant) % 9])

        assert self.tries("start", act)

    # Deciding

    @initialize(process=st.integers(0, 3), applicant=st.integers(0, 2))
    def begins(self, process: int, applicant: int) -> None:
        self.files(process, applicant)

    def says(self, seat: Any, decision: str, at: int) -> Submission:
        if seat.role == "applicant" and seat.task.element == "Application":
            name = "信息之窗" if at % 2 else f"信息之窗{at}"
            return Submission(answers=self.bureau.answers(name), form=("form", "0" * 64))
        if not seat.task.decides:
            return saying("submit", answers={"name": "已落实"})
        return saying(decision)

    def answers_as(self, seat: Any, person: int, decision: str, at: int, *, late: bool = False) -> None:
        said, version = self.says(seat, decision, at), seat.version - int(late)
        act = lambda: commands.answer(self.user(person), seat.id, version, said, now=self.now)  # noqa: E731
        accepted = self.tries(f"answer {said.decision}", act)
        assert not (accepted and late), "an answer to what was seen before it changed was taken"

    @rule(at=ANY, who=WHO)
    def agrees(self, at: int, who: int) -> None:
        self.goes_on()
        seat = self.seat(at)
        if seat is not None:
            word = "approve" if seat.kind == "main" else "agree"
            self.answers_as(seat, self.person(max(who, 10), seat), word, at)

    @rule(at=ANY, who=WHO)
    def agrees_too(self, at: int, who: int) -> None:
        self.agrees(at, who)

    @rule(at=ANY, who=WHO)
    def goes_straight_on(self, at: int, who: int) -> None:
        self.agrees(at, who)

    @rule(at=ANY, who=WHO, decision=st.sampled_from(["approve", "request_correction", "reject", "agree", "object"]))
    def answers(self, at: int, who: int, decision: str) -> None:
        self.goes_on()
        seat = self.seat(at, "open", "waiting", "held")
        if seat is not None:
            self.answers_as(seat, self.person(who, seat), decision, at)

    @rule(at=ANY)
    def objects(self, at: int) -> None:
        seat = self.seat(at, kinds=("after", "before", "delegate"))
        if seat is not None:
            self.answers_as(seat, seat.holder_id, "object", at)

    @rule(at=ANY, who=WHO)
    def answers_late(self, at: int, who: int) -> None:
        seat = self.seat(at, "open", "answered", "void")
        if seat is not None:
            self.answers_as(seat, self.person(who, seat), "approve", at, late=True)

    @rule(at=ANY, who=WHO, back_to=st.integers(0, 4))
    def returns(self, at: int, who: int, back_to: int) -> None:
        self.goes_on()
        seat = self.seat(at, kinds=("main",))
        if seat is None:
            return
        with self.app.app_context():
            case = self.case()
            step = step_of(case, None, self.now)
            targets = [entry.element for entry in return_targets(step, db.session.get_one(Seat, seat.id).task)]
        targets = [*targets, "Application", seat.task.element] if back_to == 4 or not targets else targets
        person, element = self.person(who, seat), targets[back_to % len(targets)]
        said = saying("return")
        act = lambda: commands.return_to(  # noqa: E731
            self.user(person), seat.id, seat.version, element, said, now=self.now
        )
        self.tries("return", act)

    @rule(at=ANY)
    def asks_for_correction(self, at: int) -> None:
        self.goes_on()
        seat = self.seat(at, kinds=("main",))
        offered = self.at.elements[seat.task.element].properties.get("decisions", "") if seat is not None else ""
        if seat is not None and "request_correction" in offered:
            self.answers_as(seat, self.person(10 + at % 20, seat), "request_correction", at)

    @rule(at=ANY)
    def takes_back(self, at: int) -> None:
        seats = [seat for seat in self.seats("answered") if seat.role != "applicant" or at % 10 == 0]
        if seats:
            seat = seats[at % min(3, len(seats))]
            person = seat.answered_by_id if at < 50 else self.bureau.people[NAMES[at - 50]]
            self.tries("take back", lambda: take_back(self.user(person), seat.id, now=self.now))

    # Handing on

    @rule(at=ANY, who=WHO, back=st.booleans())
    def claims(self, at: int, who: int, back: bool) -> None:
        seat = self.seat(at, kinds=("main",))
        if seat is None:
            return
        person = self.person(who, seat)
        if back:
            self.tries("unclaim", lambda: commands.unclaim(self.user(person), seat.id, seat.version))
        else:
            self.tries("claim", lambda: commands.claim(self.user(person), seat.id, seat.version, now=self.now))

    def another(self, to: int, seat: Any, *, asked: bool = False) -> int:
        """Any of the people for a small number, else one who may be given the seat or `asked` for an opinion."""
        here = {p for s in seat.task.seats for p in (s.holder_id, s.answered_by_id)} | {self.at.case.applicant_id}
        wanted = self.bureau.people.values() if asked or seat.queue is None else self.holding(seat.role)
        others = [person for person in wanted if person not in here and person != self.bureau.people[ADMINISTRATOR]]
        if to < len(NAMES) // 2 or not others:
            return self.bureau.people[NAMES[to % len(NAMES)]]
        return others[to % len(others)]

    @rule(at=ANY, who=WHO, to=WHO)
    def transfers(self, at: int, who: int, to: int) -> None:
        seat = self.seat(at)
        if seat is not None:
            person, other = self.person(who, seat), self.another(to, seat)
            act = lambda: transfer(self.user(person), seat.id, seat.version, other, "", now=self.now)  # noqa: E731
            self.tries("transfer", act)

    @rule(at=ANY, who=WHO, to=WHO)
    def delegates(self, at: int, who: int, to: int) -> None:
        self.goes_on()
        seat = self.seat(at)
        if seat is not None:
            person, other = self.person(who, seat), self.another(to, seat, asked=True)
            act = lambda: delegate(self.user(person), seat.id, seat.version, other, "请看", now=self.now)  # noqa: E731
            self.tries("delegate", act)

    @rule(at=ANY, who=WHO, to=st.lists(WHO, min_size=1, max_size=2), after=st.booleans())
    def adds_signers(self, at: int, who: int, to: list[int], after: bool) -> None:
        self.goes_on()
        seat = self.seat(at)
        if seat is not None:
            person, others = self.person(who, seat), [self.another(one, seat, asked=True) for one in to]
            kind = "after" if after else "before"
            act = lambda: add_signers(  # noqa: E731
                self.user(person), seat.id, seat.version, kind, others, "请看", now=self.now
            )
            self.tries(f"add {kind}", act)

    @rule(at=ANY, removes=st.booleans())
    def recalls(self, at: int, removes: bool) -> None:
        seat = self.seat(at, *STILL, kinds=("after", "before", "delegate"))
        if seat is not None:
            person, act = seat.handed_by_id if at < 50 else seat.holder_id, remove_signer if removes else recall
            self.tries("recall", lambda: act(self.user(person), seat.id, now=self.now))

    # Standing in

    @rule(principal=st.integers(0, 8), substitute=st.integers(0, 8))
    def appoints(self, principal: int, substitute: int) -> None:
        whose, by = (self.bureau.people[NAMES[number]] for number in (principal, substitute))
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

    @rule(at=ANY)
    def revokes(self, at: int) -> None:
        if not self.rules:
            return
        found = list(self.rules)[at % len(self.rules)]
        person = self.rules[found][at % 2]

        def act() -> None:
            substitution.revoke(self.user(person), found, now=self.now)
            release_ended(self.now)

        self.rules.pop(found)
        self.tries("revoke", act, administrator=True)

    @rule(at=ANY, number=ANY, claims=st.booleans())
    def acts_for_somebody(self, at: int, number: int, claims: bool) -> None:
        if not self.rules:
            return
        principal, substitute = list(self.rules.values())[at % len(self.rules)]
        theirs = [s for s in self.seats("open", "held") if principal in self.likely(s)] or self.seats("open")
        if not theirs:
            return
        seat = theirs[number % len(theirs)]
        if claims:
            act = lambda: commands.claim(self.user(substitute), seat.id, seat.version, now=self.now)  # noqa: E731
            self.tries("claim for", act)
        else:
            self.answers_as(seat, substitute, "approve" if seat.kind == "main" else "agree", number)

    # Many, and the administrator

    @rule(who=WHO, stale=st.booleans())
    def approves_in_a_batch(self, who: int, stale: bool) -> None:
        self.goes_on()
        seats = self.seats("open", "waiting", "held", "answered")[:4]
        if not seats:
            return
        person = self.person(who, seats[0])
        ticked = [(seat.id, seat.version - int(stale)) for seat in seats]
        done: list[bool] = []
        act = lambda: done.extend(  # noqa: E731
            row.done for row in approve_each(self.user(person), ticked, "同意", now=self.now)
        )
        self.tries("batch", act)
        Office.done["batch row"] += sum(done)
        assert not (stale and any(done))

    @rule(at=ANY, to=WHO, by=WHO)
    def reassigns(self, at: int, to: int, by: int) -> None:
        seat = self.seat(at, *STILL)
        if seat is not None:
            person, other = self.administrator(by), self.another(to, seat)
            act = lambda: reassign(self.user(person), seat.id, other, "出差", now=self.now)  # noqa: E731
            self.tries("reassign", act, administrator=True)

    @rule(at=ANY, by=WHO)
    def releases(self, at: int, by: int) -> None:
        seat = self.seat(at, *STILL)
        if seat is not None:
            person = self.administrator(by)
            act = lambda: release(self.user(person), seat.id, "出差", now=self.now)  # noqa: E731
            self.tries("release", act, administrator=True)

    def administrator(self, by: int) -> int:
        return self.bureau.people[NAMES[by] if by < 3 else ADMINISTRATOR]

    @rule(by=WHO)
    def suspends_or_resumes(self, by: int) -> None:
        act, person = resume if self.at.case.state == "suspended" else suspend, self.administrator(by)
        run = lambda: act(self.user(person), self.case_id, "核实", now=self.now)  # noqa: E731
        self.tries(act.__name__, run, administrator=True)

    @rule(by=WHO)
    def resumes(self, by: int) -> None:
        person = self.administrator(by)
        act = lambda: resume(self.user(person), self.case_id, "核实", now=self.now)  # noqa: E731
        self.tries("resume", act, administrator=True)

    @rule(by=WHO, sure=st.integers(0, 5))
    def ends_it(self, by: int, sure: int) -> None:
        if sure == 0:
            person = self.administrator(by)
            act = lambda: terminate(self.user(person), self.case_id, "撤并", now=self.now)  # noqa: E731
            self.tries("terminate", act, administrator=True)
        elif sure == 1:
            person = self.at.case.applicant_id if by > 3 else self.bureau.people[NAMES[by]]
            self.tries("withdraw", lambda: commands.cancel(self.user(person), self.case_id, now=self.now))

    @rule(hours=st.sampled_from([1, 5, 30, 90, 180]))
    def waits(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

        def act() -> None:
            while timers.run_due(self.now):
                pass

        self.tries("wait", act)

    # Saying something

    @rule(who=WHO, to=st.integers(0, 9), what=st.sampled_from(["comment", "ask", "copy", "urge"]))
    def speaks(self, who: int, to: int, what: str) -> None:
        person = self.bureau.people[NAMES[who]] if who < len(NAMES) else self.at.case.applicant_id
        other = self.bureau.people[NAMES[to]]
        acts: dict[str, Callable[[User], Any]] = {
            "comment": lambda user: correspondence.comment(user, self.case_id, "请问", now=self.now),
            "ask": lambda user: correspondence.comment(user, self.case_id, "请问", asked_id=other, now=self.now),
            "copy": lambda user: correspondence.copy_to(user, self.case_id, [other], now=self.now),
            "urge": lambda user: correspondence.urge(user, self.case_id, now=self.now),
        }
        self.tries(what, lambda: acts[what](self.user(person)), speaks=True)

    def teardown(self) -> None:
        """Leave nothing behind that the next sequence would meet; look through the ledger from time to time."""
        Office.sequences += 1
        with self.app.app_context():
            forget_rules(self.bureau.institution)
            if self.case_id and self.case().state in ("running", "suspended"):
                terminate(self.user(self.bureau.people[ADMINISTRATOR]), self.case_id, "试验结束", now=self.now)
        if Office.sequences % VERIFIED_EVERY == 0:
            verify(self.app, self.bureau)


def verify(app: Flask, bureau: Bureau) -> None:
    """The whole ledger holds."""
    with app.app_context():
        report = ledger.verify(db.session(), bureau.institution)
        assert report.ok, [problem.sentence_en for problem in report.problems]


@transactional
def lengthen(rule_id: int, substitute: int) -> None:
    """Whether a rule is in force is judged by today; the machine's days are others."""
    dates = {"valid_from": date(2000, 1, 1), "valid_to": date(2999, 1, 1)}
    db.session.execute(update(Delegation).where(Delegation.id == rule_id).values(**dates))
    db.session.execute(update(User).where(User.id == substitute).values(substitutes_until=date(2999, 1, 1)))


@transactional
def forget_rules(institution: int, moment: datetime = NOW) -> None:
    """No rule of substitution is in force any more."""
    lasting = select(Delegation.id).where(Delegation.revoked_at.is_(None))
    db.session.execute(update(Delegation).where(Delegation.id.in_(lasting)).values(revoked_at=moment))
    db.session.execute(update(User).where(User.institution_id == institution).values(substitutes_until=None))
