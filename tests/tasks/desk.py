"""What the machine's acts share: the case they are done to, who does them to which seat, and looking afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from flask import Flask
from hypothesis.stateful import RuleBasedStateMachine
from sqlalchemy import select, update

from tests.tasks.bureau import APPLICANTS, NOW, PEOPLE, PROCESSES, Bureau, saying
from tests.tasks.holding import Rows, look, wrong
from webapp import ledger
from webapp.errors import BeianError
from webapp.extensions import db, transactional
from webapp.organization.models import Delegation, User
from webapp.tasks.suspending import terminate
from webapp.workflow import commands
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance

NAMES = tuple(PEOPLE)
ADMINISTRATOR = "feng"
VERIFIED_EVERY = 50


class Desk(RuleBasedStateMachine):
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
            Desk.done[name] += 1
            self.story.append(f"    {name}")
            accepted = True
        except BeianError as error:
            Desk.refused[name] += 1
            self.story.append(f"    {name}: {error.sentence}")
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

    def decisive(self, at: int) -> Any | None:
        """An open seat of a decision; now and then any that is open."""
        found = [seat for seat in self.seats("open") if at % 10 == 0 or (seat.kind == "main" and seat.task.decides)]
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

    def another(self, to: int, seat: Any, *, asked: bool = False) -> int:
        """Any of the people for a small number, else one who may be given the seat or `asked` for an opinion."""
        here = {p for s in seat.task.seats for p in (s.holder_id, s.answered_by_id)} | {self.at.case.applicant_id}
        wanted = self.bureau.people.values() if asked or seat.queue is None else self.holding(seat.role)
        others = [person for person in wanted if person not in here and person != self.bureau.people[ADMINISTRATOR]]
        if to < len(NAMES) // 2 or not others:
            return self.bureau.people[NAMES[to % len(NAMES)]]
        return others[to % len(others)]

    def administrator(self, by: int) -> int:
        return self.bureau.people[NAMES[by] if by < 3 else ADMINISTRATOR]

    def teardown(self) -> None:
        """Leave nothing behind that the next sequence would meet; look through the ledger from time to time."""
        Desk.sequences += 1
        with self.app.app_context():
            forget_rules(self.bureau.institution)
            if self.case_id and self.case().state in ("running", "suspended"):
                terminate(self.user(self.bureau.people[ADMINISTRATOR]), self.case_id, "试验结束", now=self.now)
        if Desk.sequences % VERIFIED_EVERY == 0:
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
