"""Duties kept apart through every way a task can be handed on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import g
from sqlalchemy import select

from tests.tasks.office import NOW, Office, fresh, let_run_out
from webapp.errors import BeianError, Forbidden, NotFound, Refused
from webapp.extensions import db
from webapp.organization.commands import add_person, grant_role, sync_institution
from webapp.organization.models import Delegation
from webapp.registry.models import Decision
from webapp.substitution import commands as substitution
from webapp.substitution.releasing import release_ended
from webapp.tasks import adding, batches, handing
from webapp.workflow import commands
from webapp.workflow.filing import Submission
from webapp.workflow.models import Seat

WAYS: dict[str, Callable[[Office, Seat, str], Any]] = {
    "transfer": lambda office, seat, to: handing.transfer(
        office.user("head1"), seat.id, seat.version, office.id(to), ""
    ),
    "delegate": lambda office, seat, to: handing.delegate(
        office.user("head1"), seat.id, seat.version, office.id(to), ""
    ),
    "before": lambda office, seat, to: adding.add_signers(
        office.user("head1"), seat.id, seat.version, "before", [office.id(to)], ""
    ),
    "after": lambda office, seat, to: adding.add_signers(
        office.user("head1"), seat.id, seat.version, "after", [office.id(to)], ""
    ),
    "reassign": lambda office, seat, to: handing.reassign(office.user("admin"), seat.id, office.id(to), "休假"),
}


def grant(office: Office, who: str, role: str, unit: int | None = None) -> None:
    grant_role(office.institution, office.id(who), role, unit or office.xcb, actor=None)
    g.pop("held_queues", None)


def at_second(office: Office, by: str = "zhang", first: str = "clerk1") -> Seat:
    """The second step's seat of a case of `steps`."""
    case = office.start("steps", by=by)
    office.decide(case, "First", first)
    return office.seat(case, "Second")


@pytest.mark.parametrize("way", WAYS)
def test_an_own_application_cannot_be_given_to_its_applicant(office: Office, way: str) -> None:
    grant(office, "zhang", "head")
    seat = at_second(office)
    with pytest.raises(Refused, match="张老师 是申请人"):
        WAYS[way](office, seat, "zhang")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_can_be_given_to_an_administrator(office: Office, way: str) -> None:
    with pytest.raises(Refused, match="管理老师 是管理或审计人员"):
        WAYS[way](office, at_second(office), "admin")


@pytest.mark.parametrize("way", ["transfer", "reassign"])
def test_a_decision_is_only_given_to_who_holds_the_role(office: Office, way: str) -> None:
    with pytest.raises(Refused, match="不担任这一步的办理角色"):
        WAYS[way](office, at_second(office), "stranger")


@pytest.mark.parametrize("way", ["transfer", "reassign"])
def test_a_decision_is_not_given_to_who_decided_in_another_role(office: Office, way: str) -> None:
    grant(office, "clerk1", "head")
    with pytest.raises(Refused, match="已以另一角色办理过"):
        WAYS[way](office, at_second(office), "clerk1")


@pytest.mark.parametrize("way", WAYS)
def test_nothing_can_be_given_to_another_institutions_people(office: Office, way: str) -> None:
    elsewhere = sync_institution("elsewhere", "别处学院", "", "Asia/Shanghai").id
    named = {"name_zh": "李主任", "kind": "staff", "permanent": True}
    stranger = add_person(elsewhere, "elsewhere.li", unit_id=None, password_hash="", **named).id
    seat = at_second(office)
    acts: dict[str, Callable[[], Any]] = {
        "transfer": lambda: handing.transfer(office.user("head1"), seat.id, seat.version, stranger, ""),
        "delegate": lambda: handing.delegate(office.user("head1"), seat.id, seat.version, stranger, ""),
        "before": lambda: adding.add_signers(office.user("head1"), seat.id, seat.version, "before", [stranger], ""),
        "after": lambda: adding.add_signers(office.user("head1"), seat.id, seat.version, "after", [stranger], ""),
        "reassign": lambda: handing.reassign(office.user("admin"), seat.id, stranger, "休假"),
    }
    with pytest.raises(NotFound):
        acts[way]()


def test_an_applicant_stands_in_for_nobody_on_an_own_application(office: Office) -> None:
    office.stand_in("head1", "zhang")
    seat = at_second(office)
    for act in (
        lambda: office.answer(seat, "zhang"),
        lambda: commands.claim(office.user("zhang"), seat.id, seat.version),
        lambda: handing.transfer(office.user("zhang"), seat.id, seat.version, office.id("head2"), ""),
    ):
        with pytest.raises(Forbidden):
            act()


def test_nobody_stands_in_for_the_applicant_on_the_applicants_own_application(office: Office) -> None:
    grant(office, "zhang", "head")
    office.stand_in("zhang")
    seat = at_second(office)
    with pytest.raises(BeianError):
        office.answer(seat, "stand_in")
    assert decisions_of(office, "Second") == []


def test_a_batch_decides_no_own_application(office: Office) -> None:
    grant(office, "zhang", "clerk")
    own, others = office.start("steps"), office.start("steps", by="expert")
    seats = [office.seat(case, "First") for case in (own, others)]
    rows = batches.approve_each(office.user("zhang"), [(s.id, s.version) for s in seats], "同意", now=NOW)
    assert [row.done for row in rows] == [False, True]
    assert "本人的申请不能由本人审批" in rows[0].sentence


def test_the_two_role_rule_counts_what_the_principal_decided(office: Office) -> None:
    grant(office, "clerk1", "head")
    office.stand_in("clerk1")
    seat = at_second(office, first="clerk1")
    with pytest.raises(Forbidden, match="另一角色"):
        office.answer(seat, "stand_in")


def test_the_two_role_rule_counts_what_was_decided_on_behalf_of_another(office: Office) -> None:
    grant(office, "stand_in", "head")
    office.stand_in("clerk1")
    seat = at_second(office, first="stand_in")
    with pytest.raises(Forbidden, match="另一角色"):
        office.answer(seat, "stand_in")
    office.answer(seat, "head1")


def test_the_principal_cannot_go_on_in_another_role_after_the_substitute(office: Office) -> None:
    grant(office, "clerk1", "head")
    office.stand_in("clerk1")
    seat = at_second(office, first="stand_in")
    with pytest.raises(Forbidden, match="另一角色"):
        office.answer(seat, "clerk1")


def test_a_transfer_does_not_get_around_the_two_role_rule(office: Office) -> None:
    grant(office, "clerk1", "head")
    case = office.start("steps")
    office.decide(case, "First", "clerk2")
    seat = office.seat(case, "Second")
    handing.transfer(office.user("head1"), seat.id, seat.version, office.id("clerk1"), "")
    office.answer(office.seat(case, "Second"), "clerk1")
    assert office.open_steps(case) == ["Third"]
    grant(office, "clerk1", "chief")
    with pytest.raises(Forbidden, match="另一角色"):
        office.decide(case, "Third", "clerk1")


def test_an_administrator_decides_nothing_whatever_else_they_hold(office: Office) -> None:
    seat = at_second(office)
    with pytest.raises(BeianError):
        grant_role(office.institution, office.id("admin"), "head", office.xcb, actor=None)
    for decision in ("approve", "reject"):
        with pytest.raises(NotFound):
            office.answer(seat, "admin", decision)
    office.stand_in("head1", "admin")
    with pytest.raises(Forbidden):
        office.answer(seat, "admin")


def test_an_administrator_oversees_no_own_application(office: Office) -> None:
    case = office.start("steps", by="admin")
    with pytest.raises(NotFound):
        handing.reassign(office.user("admin"), office.seat(case, "First").id, office.id("clerk2"), "休假")


def test_there_are_no_chains_of_substitution(office: Office) -> None:
    office.stand_in("head1", "expert")
    office.stand_in("expert", "stand_in")
    seat = at_second(office)
    commands.claim(office.user("head1"), seat.id, seat.version)
    with pytest.raises(NotFound):
        office.answer(office.seat(seat.instance_id, "Second"), "stand_in")
    office.answer(office.seat(seat.instance_id, "Second"), "expert")


def test_a_rule_that_ran_out_ends_at_once_even_for_what_was_claimed(office: Office) -> None:
    office.stand_in("head1")
    seat = at_second(office)
    commands.claim(office.user("stand_in"), seat.id, seat.version)
    let_run_out(office.id("stand_in"))
    fresh()
    held = office.seat(seat.instance_id, "Second")
    assert held.on_behalf_of_id == office.id("head1")
    for act in (
        lambda: office.answer(held, "stand_in"),
        lambda: handing.transfer(office.user("stand_in"), held.id, held.version, office.id("head2"), ""),
        lambda: handing.delegate(office.user("stand_in"), held.id, held.version, office.id("expert"), ""),
    ):
        with pytest.raises(Forbidden):
            act()
    handing.reassign(office.user("admin"), held.id, office.id("head2"), "代理到期")
    office.decide(seat.instance_id, "Second", "head2")


def test_a_revoked_rule_ends_at_once_and_what_was_claimed_goes_back(office: Office) -> None:
    office.stand_in("head1")
    seat = at_second(office)
    commands.claim(office.user("stand_in"), seat.id, seat.version)
    rule = db.session.scalars(select(Delegation.id).where(Delegation.principal_id == office.id("head1"))).one()
    substitution.revoke(office.user("head1"), rule, now=datetime.now(UTC))
    fresh()
    with pytest.raises(BeianError):
        office.answer(office.seat(seat.instance_id, "Second"), "stand_in")
    assert release_ended(datetime.now(UTC)) == 1
    office.decide(seat.instance_id, "Second", "head1")


def test_a_substitute_asks_others_and_still_decides_on_the_principals_behalf(office: Office) -> None:
    office.stand_in("head1")
    seat = at_second(office)
    handing.delegate(office.user("stand_in"), seat.id, seat.version, office.id("expert"), "")
    office.answer(office.seat(seat.instance_id, "Second", kind="delegate"), "expert", "agree")
    office.decide(seat.instance_id, "Second", "stand_in")
    (made,) = decisions_of(office, "Second")
    assert (made.decided_by_id, made.on_behalf_of_id) == (office.id("stand_in"), office.id("head1"))


def test_nobody_gives_oneself_the_opinion_one_asked_for(office: Office) -> None:
    office.stand_in("expert", "head1")
    seat = at_second(office)
    handing.delegate(office.user("head1"), seat.id, seat.version, office.id("expert"), "")
    with pytest.raises(Forbidden, match="不能由您自己给自己"):
        office.answer(office.seat(seat.instance_id, "Second", kind="delegate"), "head1", "agree")


def test_a_substitute_may_give_an_own_opinion_to_the_principal(office: Office) -> None:
    office.stand_in("head1")
    seat = at_second(office)
    handing.delegate(office.user("head1"), seat.id, seat.version, office.id("stand_in"), "")
    office.answer(office.seat(seat.instance_id, "Second", kind="delegate"), "stand_in", "agree")
    office.decide(seat.instance_id, "Second", "head1")


def test_an_opinion_asked_for_is_no_decision_in_another_role(office: Office) -> None:
    case = office.start("steps")
    first = office.seat(case, "First")
    handing.delegate(office.user("clerk1"), first.id, first.version, office.id("head1"), "")
    office.answer(office.seat(case, "First", kind="delegate"), "head1", "agree")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Second", "head1")
    assert office.open_steps(case) == ["Third"]


def test_who_was_asked_can_neither_decide_nor_return_nor_pass_it_on(office: Office) -> None:
    seat = at_second(office)
    handing.delegate(office.user("head1"), seat.id, seat.version, office.id("head2"), "")
    asked = office.seat(seat.instance_id, "Second", kind="delegate")
    with pytest.raises(BeianError, match="只写意见"):
        office.answer(asked, "head2", "approve")
    with pytest.raises(Refused, match="只写意见"):
        commands.return_to(office.user("head2"), asked.id, asked.version, "First", Submission("return", "请重办"))
    with pytest.raises(Forbidden):
        handing.transfer(office.user("head2"), asked.id, asked.version, office.id("head3"), "")


def decisions_of(office: Office, element: str) -> list[Decision]:
    fresh()
    return list(db.session.scalars(select(Decision).where(Decision.element == element)))
