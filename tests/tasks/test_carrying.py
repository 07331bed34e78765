"""After a return: which answers carry over, and which steps are done again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from tests.tasks.office import Office, later
from webapp.errors import Forbidden
from webapp.extensions import db
from webapp.organization.commands import grant_role
from webapp.tasks import taking_back
from webapp.workflow import queries
from webapp.workflow.models import Answers, Seat, UserTask


def returned_by_the_third(office: Office) -> int:
    """A case of `steps` whose third step asked for a correction; the first reviews `name`, the second `purpose`."""
    case = office.start("steps")
    office.decide(case, "First", "clerk1", opinion="经办同意")
    office.decide(case, "Second", "head1", now=later(hours=1))
    office.decide(case, "Third", "chief", "request_correction", now=later(hours=2))
    return case


def carried(office: Office, case: int) -> list[str]:
    """The elements whose answers carried over, in order, by the answers and by the ledger."""
    by_ledger = [int(event.object_id) for event in office.told(case, "workflow:task:carriedover")]
    rows = db.session.scalars(
        select(Answers).where(Answers.instance_id == case, Answers.carried_over).order_by(Answers.id)
    ).all()
    assert [row.task_id for row in rows] == by_ledger
    return [row.element for row in rows]


def test_with_nothing_reviewed_changed_the_case_goes_straight_back_to_the_returner(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, platform="other", now=later(hours=3))
    assert office.open_steps(case) == ["Third"]
    assert carried(office, case) == ["First", "Second"]
    office.decide(case, "Third", "chief", now=later(hours=4))
    assert office.outcome(case) == ("ended", "approved")
    assert office.is_sound()


def test_what_carries_over_keeps_who_answered_what_and_when(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, now=later(hours=3))
    again = office.last(case, "First")
    assert (again.answered_by_id, again.opinion, again.decision) == (office.id("clerk1"), "经办同意", "approve")
    assert again.answered_at == later()
    assert (again.task.round, again.task.closed_at) == (2, later(hours=3))
    assert office.data(case, "First") == {"decision": "approve", "opinion": "经办同意", "grounds": []}
    told = office.told(case, "workflow:task:carriedover")[0]
    assert told.actor_id is None


def test_a_changed_field_makes_the_step_that_reviews_it_be_done_again(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, purpose="另有用途", now=later(hours=3))
    assert office.open_steps(case) == ["Second"]
    assert carried(office, case) == ["First"]
    office.decide(case, "Second", "head2", now=later(hours=4))
    assert office.open_steps(case) == ["Third"]


def test_a_changed_field_of_an_earlier_step_leaves_a_later_one_alone(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, name="另一账号", now=later(hours=3))
    assert office.open_steps(case) == ["First"]
    office.decide(case, "First", "clerk2", now=later(hours=4))
    assert office.open_steps(case) == ["Third"]
    assert carried(office, case) == ["Second"]


def test_a_step_that_returned_the_case_is_done_again(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Second", "head1", "request_correction", now=later(hours=1))
    office.correct(case, now=later(hours=2))
    assert office.open_steps(case) == ["Second"]
    assert carried(office, case) == ["First"]


def test_the_target_of_a_return_is_always_done_again_and_those_between_are_not(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Second", "head1", now=later(hours=1))
    office.send_back(case, "Third", "chief", "First", now=later(hours=2))
    assert office.open_steps(case) == ["First"]
    office.decide(case, "First", "clerk1", now=later(hours=3))
    assert office.open_steps(case) == ["Third"]
    assert carried(office, case) == ["Second"]
    office.decide(case, "Third", "chief", now=later(hours=4))
    assert office.outcome(case) == ("ended", "approved")


def test_another_office_looks_at_it_anew(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, unit="jcc", now=later(hours=3))
    assert office.open_steps(case) == ["First"]
    assert office.seat(case, "First").queue == f"clerk:{office.jcc}"
    office.decide(case, "First", "clerk3", now=later(hours=4))
    assert office.open_steps(case) == ["Third"]


def test_a_refusal_never_carries_over_nor_does_what_was_taken_back(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    taking_back.take_back(office.user("clerk1"), office.last(case, "First").id, now=later(hours=1))
    assert office.open_steps(case) == ["First"]
    assert carried(office, case) == []
    office.decide(case, "First", "clerk1", "request_correction", now=later(hours=2))
    office.correct(case, now=later(hours=3))
    assert office.open_steps(case) == ["First"]


def test_over_several_rounds_each_answer_is_held_against_what_it_was_given_for(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, platform="other", now=later(hours=3))
    office.decide(case, "Third", "chief", "request_correction", now=later(hours=4))
    office.correct(case, purpose="另有用途", now=later(hours=5))
    assert office.open_steps(case) == ["Second"]
    office.decide(case, "Second", "head2", now=later(hours=6))
    office.decide(case, "Third", "chief", "request_correction", now=later(hours=7))
    office.correct(case, purpose="发布通知", now=later(hours=8))  # as it was at first, not as 负责二 saw it
    assert office.open_steps(case) == ["Second"]
    assert carried(office, case) == ["First", "Second", "First", "First"]
    office.decide(case, "Second", "head1", now=later(hours=9))
    office.decide(case, "Third", "chief", now=later(hours=10))
    assert office.outcome(case) == ("ended", "approved")
    assert office.is_sound()


def test_inside_an_opinion_block_an_answer_carries_over_beside_one_that_is_given_again(office: Office) -> None:
    case = _decided_upon(office)
    office.decide(case, "Decision", "chief", "request_correction", now=later(hours=5))
    office.correct(case, now=later(hours=6))
    office.decide(case, "First", "clerk1", now=later(hours=7))
    assert office.open_steps(case) == ["Data"]
    assert carried(office, case) == ["Finance", "FinanceCheck"]
    office.decide(case, "Data", "head1", now=later(hours=8))
    assert office.open_steps(case) == ["Decision"]


def test_a_block_that_is_returned_to_is_done_again_as_a_whole(office: Office) -> None:
    case = _decided_upon(office)
    office.send_back(case, "Decision", "chief", "Opinions", now=later(hours=5))
    assert office.open_steps(case) == ["Data", "Finance"]
    office.decide(case, "Finance", "finance", now=later(hours=6))
    # Its second step opens in a later transaction, and was returned to all the same.
    assert office.open_steps(case) == ["Data", "FinanceCheck"]
    office.decide(case, "FinanceCheck", "finance2", now=later(hours=7))
    office.decide(case, "Data", "head1", now=later(hours=8))
    assert carried(office, case) == []
    assert office.open_steps(case) == ["Decision"]


def test_a_carried_over_decision_still_stands_when_duties_are_kept_apart(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "both")
    office.decide(case, "Second", "head1", now=later(hours=1))
    office.decide(case, "Third", "chief", "request_correction", now=later(hours=2))
    office.correct(case, now=later(hours=3))
    assert carried(office, case) == ["First", "Second"]
    assert queries.standing_roles(office.case(case), office.id("both")) == {"clerk"}


def test_an_answer_does_not_carry_over_beside_another_role_its_giver_has_decided_in_since(office: Office) -> None:
    grant_role(office.institution, office.id("clerk2"), "head", office.xcb, actor=None)
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Second", "clerk2", now=later(hours=1))
    office.decide(case, "Third", "chief", "request_correction", now=later(hours=2))
    office.correct(case, name="另一账号", now=later(hours=3))
    office.decide(case, "First", "clerk2", now=later(hours=4))
    assert office.open_steps(case) == ["Second"]
    assert carried(office, case) == []
    with pytest.raises(Forbidden):
        office.decide(case, "Second", "clerk2", now=later(hours=5))
    office.decide(case, "Second", "head1", now=later(hours=5))
    assert office.open_steps(case) == ["Third"]


def test_nobody_has_anything_to_do_at_what_carried_over(office: Office) -> None:
    case = returned_by_the_third(office)
    office.correct(case, now=later(hours=3))
    open_seats = select(Seat.id).join(UserTask).where(Seat.instance_id == case, Seat.state.in_(["open", "waiting"]))
    assert len(db.session.scalars(open_seats).all()) == 1


def _decided_upon(office: Office) -> int:
    case = office.start("block")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Finance", "finance", now=later(hours=1))
    office.decide(case, "FinanceCheck", "finance2", now=later(hours=2))
    office.decide(case, "Data", "head1", now=later(hours=3))
    assert office.open_steps(case) == ["Decision"]
    return case
