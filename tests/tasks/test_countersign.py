"""Countersigning: how votes become one outcome, who is seated, one signature a person, what comes after sees."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from tests.tasks.office import Office, fresh
from webapp.errors import Forbidden, Refused, Stale
from webapp.extensions import db
from webapp.registry.models import Decision
from webapp.tasks import handing, taking_back
from webapp.workflow import commands
from webapp.workflow.countersign import Rule, verdict
from webapp.workflow.models import Seat, UserTask

HEADS = ("head1", "head2", "head3")
VOTES = ("approve", "receive", "reject", "request_correction", None)


def _reference(kind: str, share: Fraction, votes: list[str | None]) -> str | None:
    """The rules as the documentation says them, one sentence each."""
    correction = [vote for vote in votes if vote == "request_correction"]
    if correction:
        return "request_correction"  # a request for correction ends the step, whoever makes it
    yes, no = sum(vote in ("approve", "receive") for vote in votes), votes.count("reject")
    silent, said = votes.count(None), [vote for vote in votes if vote in ("approve", "receive")]
    if kind == "any":  # one answer is enough; a refusal goes before an agreement
        return "reject" if no else said[0] if said else None
    if kind in ("veto", "sequence"):  # all of them, and the first refusal ends it
        return "reject" if no else None if silent else said[-1]
    if kind == "all":  # everybody speaks, then one refusal refuses
        return None if silent else "reject" if no else said[-1]
    needed = max(1, ceil(share * len(votes)))  # a share of all the seats
    if yes >= needed:
        return said[-1]
    return "reject" if yes + silent < needed else None


@given(
    st.sampled_from(["any", "all", "sequence", "veto", "ratio"]),
    st.fractions(min_value=Fraction(1, 99), max_value=1, max_denominator=99),
    st.lists(st.sampled_from(VOTES), min_size=1, max_size=7),
)
def test_a_verdict_is_what_the_plain_rules_say(kind: str, share: Fraction, votes: list[str | None]) -> None:
    assert verdict(Rule(kind, share), votes) == _reference(kind, share, votes)


@given(st.sampled_from(["all", "sequence", "veto", "ratio"]), st.lists(st.sampled_from(VOTES[:3]), min_size=1))
def test_once_all_have_spoken_there_is_an_outcome(kind: str, votes: list[str | None]) -> None:
    assert verdict(Rule(kind, Fraction(2, 3)), votes) is not None


def at_signing(office: Office, process: str) -> int:
    """A case that waits for the countersigners."""
    case = office.start(process)
    office.decide(case, "First", "clerk1")
    return case


def holders(office: Office, case: int, element: str = "Sign") -> list[int | None]:
    task = UserTask.instance_id == case, UserTask.element == element
    fresh()
    return list(db.session.scalars(select(Seat.holder_id).join(UserTask).where(*task).order_by(Seat.position)))


def waits_for(office: Office, case: int) -> str:
    return ",".join(office.open_steps(case))


def test_everybody_who_holds_the_role_has_a_seat_but_the_applicant(office: Office) -> None:
    case = at_signing(office, "signed_all")
    assert holders(office, case) == [office.id(name) for name in HEADS]
    own = office.start("signed_all", by="head2")
    office.decide(own, "First", "clerk1")
    assert holders(office, own) == [office.id("head1"), office.id("head3")]


def test_where_roles_countersign_each_role_has_one_seat_to_claim(office: Office) -> None:
    case = at_signing(office, "signed_roles")
    assert holders(office, case) == [None, None]
    office.decide(case, "Sign", "head2")
    chief = office.seat(case, "Sign")
    assert chief.role == "chief"
    office.answer(chief, "chief")
    assert waits_for(office, case) == "Decision"


def test_any_signature_is_enough_and_the_others_need_not_sign(office: Office) -> None:
    case = at_signing(office, "signed_any")
    left = office.seat(case, "Sign", "head1")
    office.decide(case, "Sign", "head2")
    assert waits_for(office, case) == "Decision"
    with pytest.raises(Stale, match="不需要办理"):
        office.answer(left, "head1")


def test_all_wait_for_one_another_even_after_a_refusal(office: Office) -> None:
    case = at_signing(office, "signed_all")
    office.decide(case, "Sign", "head1", "reject")
    office.decide(case, "Sign", "head2")
    assert waits_for(office, case) == "Sign"
    office.decide(case, "Sign", "head3")
    assert office.outcome(case) == ("ended", "refused")
    assert office.data(case, "Sign") | {"opinion": ""} == {
        "decision": "reject",
        "opinion": "",
        "grounds": ["wzpt-1"],
        "agreed": 2,
        "refused": 1,
    }


def test_one_veto_ends_the_step_at_once(office: Office) -> None:
    case = at_signing(office, "signed_veto")
    office.decide(case, "Sign", "head1")
    office.decide(case, "Sign", "head3", "reject")
    assert office.case(case).state == "ended"
    assert office.data(case, "Sign")["decision"] == "reject"
    assert [seat.state for seat in _seats(case)] == ["answered", "void", "answered"]


def test_a_share_is_reached_or_out_of_reach(office: Office) -> None:
    agreed = at_signing(office, "signed_ratio")
    office.decide(agreed, "Sign", "head1", "reject")
    office.decide(agreed, "Sign", "head2")
    assert waits_for(office, agreed) == "Sign"
    office.decide(agreed, "Sign", "head3")
    assert waits_for(office, agreed) == "Decision"
    refused = at_signing(office, "signed_ratio")
    office.decide(refused, "Sign", "head1", "reject")
    office.decide(refused, "Sign", "head2", "reject")
    assert office.case(refused).state == "ended"


def test_a_sequence_is_signed_in_its_order_and_ends_at_a_refusal(office: Office) -> None:
    case = at_signing(office, "signed_sequence")
    assert [seat.state for seat in _seats(case)] == ["open", "waiting", "waiting"]
    with pytest.raises(Refused, match="还没有轮到您"):
        office.answer(office.seat(case, "Sign", "head2"), "head2")
    office.decide(case, "Sign", "head1")
    assert [seat.state for seat in _seats(case)] == ["answered", "open", "waiting"]
    office.decide(case, "Sign", "head2", "reject")
    assert [seat.state for seat in _seats(case)] == ["answered", "answered", "void"]
    assert office.case(case).state == "ended"


def test_a_request_for_correction_by_one_goes_to_the_applicant_at_once(office: Office) -> None:
    case = at_signing(office, "signed_all")
    office.decide(case, "Sign", "head2", "request_correction")
    assert waits_for(office, case) == "Application"
    office.correct(case)
    office.decide(case, "First", "clerk1")
    for head in HEADS:
        office.decide(case, "Sign", head)
    assert waits_for(office, case) == "Decision"


def test_what_comes_after_reads_the_outcome_and_the_forms_of_all(office: Office) -> None:
    case = at_signing(office, "signed_ratio")
    office.decide(case, "Sign", "head1", answers={"name": "甲", "purpose": "宣传"}, opinion="可以")
    office.decide(case, "Sign", "head2", answers={"name": "乙"}, opinion="同意")
    assert office.data(case, "Sign") == {
        "name": "乙",
        "purpose": "宣传",
        "decision": "approve",
        "opinion": "负责一：可以\n负责二：同意",
        "grounds": [],
        "agreed": 2,
        "refused": 0,
    }
    assert waits_for(office, case) == "Decision"  # by a gateway that asks for Sign.agreed
    by = db.session.execute(select(Decision.decided_by_id, Decision.outcome).where(Decision.element == "Sign")).all()
    assert sorted(map(tuple, by)) == [(office.id("head1"), "approve"), (office.id("head2"), "approve")]
    assert office.is_sound()


def test_what_one_has_signed_says_nothing_before_the_step_is_done(office: Office) -> None:
    case = at_signing(office, "signed_all")
    office.decide(case, "Sign", "head1", answers={"name": "甲"})
    assert db.session.scalars(select(Decision).where(Decision.element == "Sign")).all() == []
    assert [event.action for event in office.told(case, "workflow:seat:answered")] == ["workflow:seat:answered"]


def test_nobody_signs_twice_for_themselves_and_for_another(office: Office) -> None:
    office.stand_in("head2", "head1")
    case = at_signing(office, "signed_all")
    office.decide(case, "Sign", "head1")
    with pytest.raises(Forbidden, match="一人只签一次"):
        office.answer(office.seat(case, "Sign", "head2"), "head1")


def test_nobody_signs_for_two_people(office: Office) -> None:
    office.stand_in("head1")
    office.stand_in("head2")
    case = at_signing(office, "signed_all")
    office.answer(office.seat(case, "Sign", "head1"), "stand_in")
    with pytest.raises(Forbidden, match="一人只签一次"):
        office.answer(office.seat(case, "Sign", "head2"), "stand_in")


def test_nobody_is_signed_for_twice(office: Office) -> None:
    office.stand_in("both")
    case = office.start("signed_roles")
    office.decide(case, "First", "clerk1")
    office.answer(office.seat(case, "Sign"), "head1")
    chief = office.seat(case, "Sign")
    office.answer(chief, "both")
    assert waits_for(office, case) == "Decision"


def test_a_seat_cannot_be_given_to_who_sits_there_or_was_signed_for(office: Office) -> None:
    office.stand_in("head1")
    case = at_signing(office, "signed_all")
    office.answer(office.seat(case, "Sign", "head1"), "stand_in")
    mine = office.seat(case, "Sign", "head2")
    for name in ("head1", "head3"):
        with pytest.raises(Refused, match="已在这一步办理或待办"):
            handing.transfer(office.user("head2"), mine.id, mine.version, office.id(name), "")


def test_a_countersigners_seat_stays_a_persons_own(office: Office) -> None:
    case = at_signing(office, "signed_all")
    mine = office.seat(case, "Sign", "head2")
    with pytest.raises(Forbidden):
        commands.unclaim(office.user("head2"), mine.id, mine.version)
    with pytest.raises(Refused, match="每人一席"):
        handing.release(office.user("admin"), mine.id, "休假")


def test_a_signature_is_taken_back_while_the_others_still_sign(office: Office) -> None:
    case = at_signing(office, "signed_all")
    office.decide(case, "Sign", "head1", "reject")
    taking_back.take_back(office.user("head1"), office.last(case, "Sign", "head1").id)
    for head in HEADS:
        office.decide(case, "Sign", head)
    assert office.data(case, "Sign")["refused"] == 0
    assert waits_for(office, case) == "Decision"


def test_in_a_sequence_a_signature_is_taken_back_until_the_next_one_acts(office: Office) -> None:
    case = at_signing(office, "signed_sequence")
    office.decide(case, "Sign", "head1")
    first = office.last(case, "Sign", "head1")
    taking_back.take_back(office.user("head1"), first.id)
    assert [seat.state for seat in _seats(case)] == ["open", "waiting", "waiting"]
    office.decide(case, "Sign", "head1")
    second = office.seat(case, "Sign", "head2")
    handing.delegate(office.user("head2"), second.id, second.version, office.id("expert"), "")
    with pytest.raises(Refused, match="负责二 已据此办理"):
        taking_back.take_back(office.user("head1"), first.id)


def _seats(case: int) -> list[Seat]:
    fresh()
    where = UserTask.instance_id == case, UserTask.element == "Sign", Seat.kind == "main"
    return list(db.session.scalars(select(Seat).join(UserTask).where(*where).order_by(Seat.position)))
