"""Duties kept apart: whatever people try, nobody decides on an own application, nor in two roles in one round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, g
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from tests.support.cases import run_case
from webapp.errors import BeianError, Forbidden, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.organization.commands import grant_role
from webapp.organization.models import RoleGrant, User
from webapp.organization.queries import local_day, unit_by_code
from webapp.registry.models import Decision
from webapp.workflow import commands, queries
from webapp.workflow.filing import Submission
from webapp.workflow.models import Answers, ProcessInstance, Seat, UserTask
from webapp.workflow.starting import start_case

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
People = Callable[[str], User]
DECISIONS = ("approve", "approve", "approve", "request_correction", "reject", "receive", "submit")
APPLICATIONS = ("straight_way", "payment")


@pytest.fixture(autouse=True)
def fresh_roles(app: Flask) -> None:
    """What one request keeps about roles must not outlive a change of them."""
    g.pop("held_queues", None)


def give(user: User, role: str, unit: str) -> None:
    """Grant a role as an administrator would, and forget what this context knew."""
    found = unit_by_code(user.institution_id, unit)
    assert found is not None
    grant_role(user.institution_id, user.id, role, found.id, actor=None)
    g.pop("held_queues", None)


@transactional
def imported(user_id: int, institution_id: int, role: str, unit: str) -> None:
    """A grant that came past the command, as from another system."""
    found = unit_by_code(institution_id, unit)
    assert found is not None
    db.session.add(RoleGrant(institution_id=institution_id, user_id=user_id, role=role, unit_id=found.id))
    g.pop("held_queues", None)


def words(decision: str = "approve", **more: Any) -> Submission:
    return Submission(decision, "意见如上", ("wzpt-4",) if decision == "reject" else (), **more)


def seat_of(instance_id: int, element: str) -> tuple[int, int]:
    """Id and version of the open seat of a step."""
    statement = select(Seat.id, Seat.version).join(Seat.task)
    found = db.session.execute(
        statement.where(Seat.instance_id == instance_id, UserTask.element == element, Seat.state == "open")
    )
    row = found.one()
    return row[0], row[1]


def case_at(element: str, key: str = "straight_way") -> tuple[int, int, int]:
    """A case that waits at a step: its id, and the seat's id and version."""
    instance_id = run_case(
        "wzpt", key, steps={"UnitOpinion": 1, "PublicityDecision": 2, "FinanceOpinion": 2}[element]
    ).instance_id
    assert instance_id is not None
    return instance_id, *seat_of(instance_id, element)


def test_an_applicant_with_the_approvers_role_can_neither_claim_nor_answer_nor_return(
    app: Flask, person: People
) -> None:
    _, seat_id, version = case_at("PublicityDecision")
    give(person("wzpt.zhang"), "publicity_reviewer", "xcb")
    for act in (
        lambda: commands.claim(person("wzpt.zhang"), seat_id, version),
        lambda: commands.answer(person("wzpt.zhang"), seat_id, version, words(), now=NOW),
        lambda: commands.answer(person("wzpt.zhang"), seat_id, version, words("reject"), now=NOW),
        lambda: commands.return_to(person("wzpt.zhang"), seat_id, version, "Opinions", words(), now=NOW),
    ):
        with pytest.raises(Forbidden):
            act()
    seat = db.session.get(Seat, seat_id)
    assert seat is not None
    assert (seat.state, seat.holder_id, seat.version) == ("open", None, version)


def test_an_applicant_who_already_holds_the_seat_still_cannot_decide(app: Flask, person: People) -> None:
    """Held before the role came, or put there by a row from elsewhere: the check is at the moment of acting."""
    _, seat_id, version = case_at("PublicityDecision")
    give(person("wzpt.zhang"), "publicity_reviewer", "xcb")

    @transactional
    def hand_over() -> None:
        seat = db.session.get(Seat, seat_id)
        assert seat is not None
        seat.holder_id = person("wzpt.zhang").id

    hand_over()
    with pytest.raises(Forbidden):
        commands.answer(person("wzpt.zhang"), seat_id, version, words(), now=NOW)
    with pytest.raises(Forbidden):
        commands.return_to(person("wzpt.zhang"), seat_id, version, "Opinions", words(), now=NOW)


def test_nobody_decides_in_two_roles_in_one_round(app: Flask, person: People) -> None:
    instance_id, seat_id, version = case_at("PublicityDecision")
    give(person("wzpt.li"), "publicity_reviewer", "xcb")  # 李主任 gave the unit's opinion
    with pytest.raises(Forbidden, match="另一角色"):
        commands.answer(person("wzpt.li"), seat_id, version, words(), now=NOW)
    with pytest.raises(Forbidden, match="另一角色"):
        commands.return_to(person("wzpt.li"), seat_id, version, "Opinions", words(), now=NOW)
    commands.answer(person("wzpt.sun"), seat_id, version, words("request_correction"), now=NOW)
    assert queries.open_tasks(db.session.get_one(ProcessInstance, instance_id))


def test_a_role_that_ended_does_not_decide_though_the_seat_was_claimed(app: Flask, person: People) -> None:
    _, seat_id, version = case_at("PublicityDecision")
    held = commands.claim(person("wzpt.sun"), seat_id, version).version

    @transactional
    def ends() -> None:
        grant = db.session.scalars(select(RoleGrant).where(RoleGrant.user_id == person("wzpt.sun").id)).one()
        grant.valid_to = local_day(datetime.now(UTC)) - timedelta(days=1)

    ends()
    g.pop("held_queues", None)
    with pytest.raises(Forbidden):
        commands.answer(person("wzpt.sun"), seat_id, held, words(), now=NOW)


@pytest.mark.parametrize("username", ["wzpt.feng", "wzpt.wei", "wzpt.jiang"])
def test_administrators_and_auditors_approve_nothing_even_with_an_approvers_role(
    app: Flask, person: People, username: str
) -> None:
    _, seat_id, version = case_at("PublicityDecision")
    imported(person(username).id, person(username).institution_id, "publicity_reviewer", "xcb")
    with pytest.raises(Forbidden):
        commands.claim(person(username), seat_id, version)
    with pytest.raises(Forbidden):
        commands.answer(person(username), seat_id, version, words(), now=NOW)


@pytest.mark.parametrize(
    ("username", "role"),
    [
        ("wzpt.wei", "publicity_reviewer"),
        ("wzpt.jiang", "system_admin"),
        ("wzpt.feng", "security_admin"),
        ("wzpt.sun", "auditor"),
        ("wzpt.sun", "system_admin"),
    ],
)
def test_a_role_kept_apart_is_not_granted(app: Flask, person: People, username: str, role: str) -> None:
    with pytest.raises(Refused, match="不同的人"):
        give(person(username), role, "wzpt")
    assert (
        db.session.scalar(select(RoleGrant).where(RoleGrant.user_id == person(username).id, RoleGrant.role == role))
        is None
    )


def test_a_process_owner_decides_nothing_by_that_role(app: Flask, person: People) -> None:
    instance_id, seat_id, version = case_at("PublicityDecision")
    give(person("wzpt.xu"), "process_owner", "wzpt")
    for act in (commands.claim, lambda *given: commands.answer(*given, words(), now=NOW)):
        with pytest.raises(NotFound):
            act(person("wzpt.xu"), seat_id, version)
    with pytest.raises(NotFound):
        commands.cancel(person("wzpt.xu"), instance_id)


def test_only_the_applicant_withdraws_and_only_while_it_runs(app: Flask, person: People) -> None:
    instance_id, *_ = case_at("UnitOpinion")
    for username in ("wzpt.li", "wzpt.feng"):
        with pytest.raises(Refused):
            commands.cancel(person(username), instance_id, now=NOW)
    with pytest.raises(NotFound):
        commands.cancel(person("zzlg.zhang"), instance_id, now=NOW)
    assert commands.cancel(person("wzpt.zhang"), instance_id, now=NOW).state == "withdrawn"


class Office(RuleBasedStateMachine):
    """People with any roles try any act on any case, past the pages; the records must never show a forbidden one.

    Four people: one applies and holds every role, one holds all approving roles, two hold one each.
    """

    people = ("wzpt.zhang", "wzpt.li", "wzpt.wu", "wzpt.sun")
    templates: dict[str, dict[str, Any]]
    instance_id: int
    waiting: Sequence[tuple[int, int, str]] = ()
    refusals = 0
    decided = 0

    def user(self, name: str) -> User:
        return db.session.scalars(select(User).where(User.username == name)).one()

    @initialize(template=st.sampled_from(APPLICATIONS), applicant=st.sampled_from(people))
    def applies(self, template: str, applicant: str) -> None:
        submission = Submission(answers=dict(self.templates[template]), form=("application", "0" * 64))
        self.instance_id = start_case(self.user(applicant), "new_account", submission, now=NOW).id

    @precondition(lambda self: not self.waiting)
    @rule(template=st.sampled_from(APPLICATIONS), applicant=st.sampled_from(people))
    def applies_again(self, template: str, applicant: str) -> None:
        self.applies(template, applicant)

    def open_seats(self) -> list[tuple[int, int, str]]:
        statement = select(Seat.id, Seat.version, UserTask.element).join(Seat.task).order_by(Seat.id)
        rows = db.session.execute(statement.where(Seat.instance_id == self.instance_id, Seat.state == "open")).all()
        db.session.rollback()
        return [(row[0], row[1], row[2]) for row in rows]

    def tries(self, act: Callable[[], Any]) -> None:
        try:
            act()
            Office.decided += 1
        except BeianError:
            Office.refusals += 1

    @precondition(lambda self: self.waiting)
    @rule(name=st.sampled_from(people), at=st.integers(0, 3), decision=st.sampled_from(DECISIONS))
    def answers(self, name: str, at: int, decision: str) -> None:
        seats = self.waiting
        seat_id, version, element = seats[at % len(seats)]
        if element == "Application":
            given = Submission(answers=dict(self.templates["payment"]), form=("application", "0" * 64))
        else:
            given = words(decision)
        self.tries(lambda: commands.answer(self.user(name), seat_id, version, given, now=NOW))

    @precondition(lambda self: self.waiting)
    @rule(
        name=st.sampled_from(people),
        at=st.integers(0, 3),
        step=st.sampled_from(["Opinions", "FinanceOpinion", "SpecialDecisions"]),
    )
    def returns(self, name: str, at: int, step: str) -> None:
        seats = self.waiting
        seat_id, version, _ = seats[at % len(seats)]
        self.tries(lambda: commands.return_to(self.user(name), seat_id, version, step, words(), now=NOW))

    @precondition(lambda self: self.waiting)
    @rule(name=st.sampled_from(people), at=st.integers(0, 3), back=st.booleans())
    def claims(self, name: str, at: int, back: bool) -> None:
        seats = self.waiting
        seat_id, version, _ = seats[at % len(seats)]
        act = commands.unclaim if back else commands.claim
        self.tries(lambda: act(self.user(name), seat_id, version))

    @invariant()
    def no_record_shows_what_must_not_be(self) -> None:
        if not hasattr(self, "instance_id"):
            return
        applicant = db.session.scalar(
            select(ProcessInstance.applicant_id).where(ProcessInstance.id == self.instance_id)
        )
        statement = select(Decision).join(Seat, Seat.id == Decision.seat_id).where(Seat.instance_id == self.instance_id)
        in_round: dict[tuple[int, int], set[str]] = {}
        for decision in db.session.scalars(statement):
            assert decision.decided_by_id != applicant
            in_round.setdefault((decision.round, decision.decided_by_id), set()).add(decision.role)
        assert all(len(roles) == 1 for roles in in_round.values()), in_round
        held = (
            select(Seat).join(Seat.task).where(Seat.instance_id == self.instance_id, UserTask.element != "Application")
        )
        assert applicant not in {seat.holder_id for seat in db.session.scalars(held)}
        filed = select(Answers.filed_by_id).where(
            Answers.instance_id == self.instance_id, Answers.element == "Application"
        )
        assert set(db.session.scalars(filed)) == {applicant}
        db.session.rollback()
        self.waiting = self.open_seats()  # read once for all that may be done next


def test_no_sequence_of_acts_decides_an_own_application_or_in_two_roles(app: Flask, person: People) -> None:
    Office.templates = {}
    for key in APPLICATIONS:
        instance_id = run_case("wzpt", key, steps=1).instance_id
        assert instance_id is not None
        Office.templates[key] = queries.newest_answers(instance_id)["Application"]
    for name, role, unit in [
        *[("wzpt.zhang", role, unit) for role, unit in (("unit_head", "sjcy"), ("unit_head", "rgzn"))],
        *[(name, "publicity_reviewer", "xcb") for name in ("wzpt.zhang", "wzpt.li")],
        *[(name, "finance_reviewer", "jcc") for name in ("wzpt.zhang", "wzpt.li")],
        ("wzpt.li", "unit_head", "rgzn"),
    ]:
        give(person(name), role, unit)
    Office.refusals = Office.decided = 0
    run_state_machine_as_test(
        Office,
        settings=settings(
            max_examples=30,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.reuse, Phase.generate],  # a machine over a database shrinks for minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert Office.decided > 20, "the machine never got far enough to prove anything"
    assert Office.refusals > 20
