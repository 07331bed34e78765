"""What users of other systems complain of, and what prevents it here; each test bears the complaint's number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.cases import run_case
from tests.tasks.office import NOW, Office, fresh, later
from webapp.errors import BeianError, Forbidden, Invalid, Stale
from webapp.extensions import db
from webapp.inbox.queries import open_seats
from webapp.inbox.queues import Filter
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.registry.models import Decision
from webapp.tasks import adding, batches, handing
from webapp.workflow import commands, queries, returning
from webapp.workflow.filing import Submission
from webapp.workflow.guards import step_of
from webapp.workflow.models import Answers, Seat, UserTask


def _open(office: Office, case: int, element: str) -> list[str]:
    step = step_of(office.case(case), None, NOW)
    step.load()
    return [entry.element for entry in returning.return_targets(step, office.seat(case, element).task)]


def test_complaint_1_a_case_is_sent_back_to_any_earlier_step_the_server_lists(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    office.decide(case, "Second", "head1")
    assert _open(office, case, "Third") == ["First", "Second"]
    office.send_back(case, "Third", "chief", "Second", now=later(hours=1))
    assert office.open_steps(case) == ["Second"]
    seat = office.seat(case, "Second")
    with pytest.raises(Invalid, match="不能退回到这一步"):
        commands.return_to(office.user("head1"), seat.id, seat.version, "Third", Submission("return", "请重办"))


@pytest.mark.parametrize(("process", "inside"), [("block", "Data"), ("signed_all", "Sign")])
def test_complaint_2_a_return_inside_a_block_or_a_countersigned_step_loses_no_task(
    office: Office, process: str, inside: str
) -> None:
    case = office.start(process)
    office.decide(case, "First", "clerk1")
    office.send_back(case, inside, "head1", "First", now=later(hours=1))
    assert office.open_steps(case) == ["First"]
    office.decide(case, "First", "clerk1", now=later(hours=2))
    assert inside in office.open_steps(case)
    assert len(office.seat(case, inside).task.seats) == (1 if process == "block" else 3)


def test_complaint_3_a_correction_goes_straight_back_unless_what_was_reviewed_changed(office: Office) -> None:
    for changed, waits in (({}, "Third"), ({"name": "另一账号"}, "First")):
        case = office.start("steps")
        office.decide(case, "First", "clerk1")
        office.decide(case, "Second", "head1", now=later(hours=1))
        office.decide(case, "Third", "chief", "request_correction", now=later(hours=2))
        office.correct(case, now=later(hours=3), **changed)
        assert office.open_steps(case) == [waits]


def test_complaint_4_a_share_of_signatures_ends_the_step_early_and_a_veto_at_once(office: Office) -> None:
    share = office.start("signed_ratio")
    office.decide(share, "First", "clerk1")
    for head in ("head1", "head2"):
        office.decide(share, "Sign", head)
    assert office.open_steps(share) == ["Decision"]
    veto = office.start("signed_veto")
    office.decide(veto, "First", "clerk1")
    office.decide(veto, "Sign", "head3", "reject")
    assert office.outcome(veto) == ("ended", "refused")


def test_complaint_5_a_substitute_decides_on_behalf_of_the_principal_who_is_told(office: Office) -> None:
    office.stand_in("head1")
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    seat = office.seat(case, "Second")
    commands.claim(office.user("head1"), seat.id, seat.version)
    office.answer(office.seat(case, "Second"), "stand_in")
    decided = office.last(case, "Second")
    assert (decided.answered_by_id, decided.on_behalf_of_id) == (office.id("stand_in"), office.id("head1"))
    told = select(Notice.subject).where(Notice.user_id == office.id("head1"), Notice.kind == "substitute")
    assert "代理老师 代您办理了" in db.session.scalars(told).one()
    assert office.told(case, "workflow:task:answered")[-1].on_behalf_of == office.id("head1")


def test_complaint_6_claims_and_hand_overs_do_not_collide(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    seen = office.seat(case, "Second")
    seat_id, version = seen.id, seen.version
    commands.claim(office.user("head1"), seat_id, version)
    handing.reassign(office.user("admin"), seat_id, office.id("head2"), "休假")
    with pytest.raises(Stale):
        commands.claim(office.user("head3"), seat_id, version)
    with pytest.raises(BeianError):
        handing.transfer(office.user("head1"), seat_id, version + 1, office.id("head3"), "")
    handing.release(office.user("admin"), seat_id, "改由大家认领")
    free = office.seat(case, "Second")
    commands.claim(office.user("head3"), free.id, free.version)
    held = office.seat(case, "Second")
    commands.unclaim(office.user("head3"), held.id, held.version)
    office.decide(case, "Second", "head1")


def test_complaint_7_a_batch_approves_the_ticked_rows_and_no_others(office: Office) -> None:
    cases = [office.start("steps") for _number in range(4)]
    seats = [office.seat(case, "First") for case in cases]
    ticked = [(seat.id, seat.version) for seat in seats[:2]] + [(seats[2].id, seats[2].version + 1)]
    rows = batches.approve_each(office.user("clerk1"), ticked, "同意", now=NOW)
    assert [row.done for row in rows] == [True, True, False]
    assert "有了变化" in rows[2].sentence
    assert [office.open_steps(case) for case in cases] == [["Second"], ["Second"], ["First"], ["First"]]
    second = office.seat(cases[0], "Second")
    (row,) = batches.approve_each(office.user("head1"), [(second.id, second.version)], "", now=NOW)
    assert (row.done, row.sentence) == (False, "这一步没有允许批量办理，请打开逐件办理。")
    with pytest.raises(Invalid, match="100"):
        batches.approve_each(office.user("clerk1"), [(number, 1) for number in range(101)], "")


def test_complaint_7_a_step_whose_form_asks_for_nothing_is_received_in_a_batch(
    app: Flask, person: Callable[[str], User]
) -> None:
    case = run_case("wzpt", "group_by_student", steps=1).instance_id
    seat = db.session.scalars(select(Seat).where(Seat.instance_id == case, Seat.state == "open")).one()
    (row,) = batches.approve_each(person("wzpt.chen"), [(seat.id, seat.version)], "已收存")
    assert (row.done, row.sentence) == (True, "已同意")
    fresh()
    assert db.session.get_one(Seat, seat.id).decision == "receive"


@pytest.mark.parametrize("process", ["block", "called", "signed_all"])
def test_complaint_21_a_return_loses_no_data(office: Office, process: str) -> None:
    case = office.start(process, purpose="原来的用途")
    office.decide(case, "First", "clerk1", opinion="第一次的意见")
    inside = {"block": "Data", "called": "Hear", "signed_all": "Sign"}[process]
    office.send_back(case, inside, "head1", "First", now=later(hours=1))
    office.decide(case, "First", "clerk1", opinion="第二次的意见", now=later(hours=2))
    step = step_of(office.case(case), None, NOW)
    step.load()
    seen: Any = step.run.data
    assert (seen["Application"]["purpose"], seen["First"]["opinion"]) == ("原来的用途", "第二次的意见")
    kept = select(Answers.data).where(Answers.instance_id == case, Answers.element == "First").order_by(Answers.id)
    assert [data["opinion"] for data in db.session.scalars(kept)] == ["第一次的意见", "第二次的意见"]
    assert office.is_sound()


def test_near_miss_nothing_approves_itself_when_nobody_may_decide(office: Office) -> None:
    case = office.start("signed_veto", by="head1")
    office.decide(case, "First", "clerk1")
    assert {seat.holder_id for seat in office.seat(case, "Sign").task.seats} == {office.id("head2"), office.id("head3")}
    for head in ("head2", "head3"):
        office.decide(case, "Sign", head)
    assert office.open_steps(case) == ["Decision"]


def test_near_miss_the_same_person_cannot_approve_twice(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "both")
    office.decide(case, "Second", "head1")
    with pytest.raises(Forbidden, match="另一角色"):
        office.decide(case, "Third", "both")


def test_near_miss_a_withdrawn_case_is_in_nobodys_inbox(office: Office) -> None:
    case = office.start("steps")
    office.decide(case, "First", "clerk1")
    seat = office.seat(case, "Second")
    adding.add_signers(office.user("head1"), seat.id, seat.version, "before", [office.id("expert")], "")
    commands.cancel(office.user("zhang"), case)
    fresh()
    states = select(Seat.state).join(UserTask).where(UserTask.instance_id == case, UserTask.state != "completed")
    assert set(db.session.scalars(states)) == {"void"}
    for who in ("head1", "head2", "expert"):
        assert not open_seats(office.user(who), Filter(), None, NOW).rows


def test_near_miss_who_was_asked_is_shown_and_stays_on_record(office: Office) -> None:
    case = office.start("steps")
    first = office.seat(case, "First")
    adding.add_signers(office.user("clerk1"), first.id, first.version, "before", [office.id("expert")], "请看名称")
    office.answer(office.seat(case, "First", kind="before"), "expert", "object", opinion="名称不妥")
    kept = office.last(case, "First", "expert")
    assert (kept.kind, kept.opinion, kept.decision, kept.note) == ("before", "名称不妥", "object", "请看名称")
    assert db.session.scalars(select(Decision).where(Decision.element == "First")).all() == []
    assert queries.open_tasks(office.case(case))
