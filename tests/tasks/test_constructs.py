"""Every action inside every construct: either the case can still be finished with the right outcome, or a sentence says
why not. The constructs: a sequence, an opinion block, countersigned steps, a call activity, a step with a timer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.cases import run_case
from tests.tasks.office import Office, fresh, later
from webapp.errors import BeianError, Invalid, Refused
from webapp.extensions import db
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.registry.models import Decision
from webapp.tasks import adding, handing, suspending, taking_back
from webapp.workflow import commands, timers
from webapp.workflow.account_cases import open_case
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat, Timer, UserTask

# Each construct: its process, the step inside it (a 负责人 decides there), and who finishes the case after that step.
INSIDE: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "sequence": ("steps", "Second", (("Third", "chief"),)),
    "block": ("block", "Data", (("Finance", "finance"), ("FinanceCheck", "finance"), ("Decision", "chief"))),
    "any": ("signed_any", "Sign", (("Decision", "chief"),)),
    "all": ("signed_all", "Sign", (("Sign", "head2"), ("Sign", "head3"), ("Decision", "chief"))),
    "in_turn": ("signed_sequence", "Sign", (("Sign", "head2"), ("Sign", "head3"), ("Decision", "chief"))),
    "ratio": ("signed_ratio", "Sign", (("Sign", "head2"), ("Decision", "chief"))),
    "veto": ("signed_veto", "Sign", (("Sign", "head2"), ("Sign", "head3"), ("Decision", "chief"))),
    "called": ("called", "Hear", (("Report", "head1"), ("Decision", "chief"))),
    "timed": ("timed", "Review", (("Third", "chief"),)),
}
SIGNED = ("any", "all", "in_turn", "ratio", "veto")
every = pytest.mark.parametrize("construct", INSIDE)


def arrive(office: Office, construct: str) -> Seat:
    """A case that waits inside the construct; the seat is 负责一's to decide."""
    process = INSIDE[construct][0]
    case = office.start(process)
    office.decide(case, "First", "clerk1")
    return here(office, case, construct)


def here(office: Office, case: int, construct: str) -> Seat:
    element = INSIDE[construct][1]
    return office.seat(case, element, "head1" if construct in SIGNED else None)


def finish(office: Office, case: int, construct: str) -> None:
    """Decide the rest; the case ends as approved, the ledger verifies, and no timer is left."""
    for element, who in INSIDE[construct][2]:
        office.decide(case, element, who, now=later(hours=20))
    assert office.outcome(case) == ("ended", "approved")
    assert set(office.timers(case)) <= {"fired", "cancelled"}
    left = select(Seat.id).where(Seat.instance_id == case, Seat.state.in_(["open", "waiting", "held"]))
    assert db.session.scalars(left).all() == []
    assert office.is_sound()


def decisions(office: Office, case: int, element: str) -> list[tuple[str, int]]:
    fresh()
    rows = select(Decision).where(Decision.element == element).order_by(Decision.id)
    return [(row.outcome, row.decided_by_id) for row in db.session.scalars(rows)]


@every
def test_a_task_is_claimed_put_back_and_decided(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    head = office.user("head1")
    commands.claim(head, seat.id, seat.version)
    if construct in SIGNED:
        with pytest.raises(BeianError):
            commands.unclaim(head, seat.id, here(office, seat.instance_id, construct).version)
    else:
        commands.unclaim(head, seat.id, here(office, seat.instance_id, construct).version)
    office.answer(here(office, seat.instance_id, construct), "head1")
    finish(office, seat.instance_id, construct)


@every
def test_a_task_is_transferred(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case, element = seat.instance_id, INSIDE[construct][1]
    if construct in SIGNED:
        with pytest.raises(Refused, match="已在这一步办理或待办"):
            handing.transfer(office.user("head1"), seat.id, seat.version, office.id("head2"), "")
        office.answer(seat, "head1")
    else:
        handing.transfer(office.user("head1"), seat.id, seat.version, office.id("head2"), "出差")
        with pytest.raises(BeianError, match="负责二 已认领"):
            office.answer(office.seat(case, element), "head1")
        office.decide(case, element, "head2")
        if construct not in ("block", "called"):
            assert decisions(office, case, element)[-1] == ("approve", office.id("head2"))
    finish(office, case, construct)


@every
@pytest.mark.parametrize("kind", ["delegate", "before", "after"])
def test_others_are_asked_and_the_decision_stays_its_makers(office: Office, construct: str, kind: str) -> None:
    seat = arrive(office, construct)
    case, element = seat.instance_id, INSIDE[construct][1]
    _ask(office, seat, kind)
    mine = office.seat(case, element, "head1")
    if kind == "after":
        office.answer(mine, "head1")
        assert element in office.open_steps(case)
    else:
        with pytest.raises(Refused, match="正在等 专家老师"):
            office.answer(mine, "head1")
    office.answer(office.seat(case, element, "expert", kind), "expert", "agree", opinion="没有意见")
    if kind != "after":
        office.answer(office.seat(case, element, "head1"), "head1")
    assert decisions(office, case, element) in ([], [("approve", office.id("head1"))])
    finish(office, case, construct)
    assert ("approve", office.id("expert")) not in decisions(office, case, element)


@every
@pytest.mark.parametrize("kind", ["delegate", "before", "after"])
def test_who_was_asked_is_done_without(office: Office, construct: str, kind: str) -> None:
    seat = arrive(office, construct)
    case, element = seat.instance_id, INSIDE[construct][1]
    _ask(office, seat, kind)
    asked = office.seat(case, element, "expert", kind)
    if kind == "after":
        office.answer(office.seat(case, element, "head1"), "head1")
        adding.remove_signer(office.user("head1"), asked.id)
    else:
        handing.recall(office.user("head1"), asked.id)
        office.answer(office.seat(case, element, "head1"), "head1")
    finish(office, case, construct)


@every
def test_who_is_to_confirm_may_object_and_the_decision_is_made_again(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case, element = seat.instance_id, INSIDE[construct][1]
    _ask(office, seat, "after")
    hasty = "approve" if construct == "called" else "reject"
    office.answer(office.seat(case, element, "head1"), "head1", hasty)
    objecting = office.seat(case, element, "expert", "after")
    office.answer(objecting, "expert", "object", opinion="理由不足")
    with pytest.raises(Refused, match="负责一 已在重新决定"):
        taking_back.take_back(office.user("expert"), objecting.id)
    office.answer(office.seat(case, element, "head1"), "head1")
    finish(office, case, construct)
    assert ("reject", office.id("head1")) not in decisions(office, case, element)


@every
def test_a_task_is_returned_and_done_again(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case = seat.instance_id
    _return(office, seat)
    assert office.open_steps(case) == ["First"]
    assert set(office.timers(case)) <= {"cancelled"}
    with pytest.raises(BeianError):
        office.answer(seat, "head1")
    office.decide(case, "First", "clerk1", now=later(hours=2))
    again = here(office, case, construct)
    assert (again.id != seat.id, again.task.round) == (True, 2)
    office.answer(again, "head1", now=later(hours=3))
    finish(office, case, construct)


@every
def test_a_task_is_not_returned_to_itself_nor_into_a_construct(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    for target in (INSIDE[construct][1], "Finance", "Hear", "Application", "Third", "Nothing"):
        with pytest.raises(Invalid, match="不能退回到这一步"):
            commands.return_to(
                office.user("head1"), seat.id, seat.version, target, Submission("return", "请重办"), now=later(hours=1)
            )


@pytest.mark.parametrize(("construct", "target"), [("block", "Opinions"), ("called", "Hearing")])
def test_a_construct_is_returned_to_as_a_whole(office: Office, construct: str, target: str) -> None:
    case = _through(office, construct)
    office.send_back(case, "Decision", "chief", target, now=later(hours=5))
    assert office.open_steps(case) == (["Data", "Finance"] if construct == "block" else ["Hear"])
    office.answer(here(office, case, construct), "head1", now=later(hours=6))
    finish(office, case, construct)


@pytest.mark.parametrize("construct", SIGNED)
def test_a_countersigned_step_that_is_returned_to_is_signed_by_everybody_again(office: Office, construct: str) -> None:
    case = _through(office, construct)
    office.send_back(case, "Decision", "chief", "Sign", now=later(hours=5))
    office.answer(here(office, case, construct), "head1", now=later(hours=6))
    finish(office, case, construct)


@every
def test_an_answer_is_taken_back_while_nobody_has_acted_on_it(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case = seat.instance_id
    office.answer(seat, "head1", "reject" if construct == "all" else "approve", now=later(hours=1))
    if construct == "block":
        with pytest.raises(Refused, match="会办中的意见不能单独拿回"):
            taking_back.take_back(office.user("head1"), seat.id, now=later(hours=2))
    else:
        back = taking_back.take_back(office.user("head1"), seat.id, now=later(hours=2))
        assert back.holder_id == office.id("head1")
        office.answer(office.seat(case, INSIDE[construct][1], "head1"), "head1", now=later(hours=3))
    finish(office, case, construct)


# Who acts next inside each construct, and what the one who answered first is told.
_NEXT = {
    "sequence": ("Third", "chief", "主管一 已接手下一环节"),
    "block": ("Decision", "chief", "会办中的意见不能单独拿回"),
    "any": ("Decision", "chief", "主管一 已接手下一环节"),
    "all": ("Decision", "chief", "会签已有结论"),
    "in_turn": ("Decision", "chief", "会签已有结论"),
    "ratio": ("Decision", "chief", "会签已有结论"),
    "veto": ("Decision", "chief", "会签已有结论"),
    "called": ("Report", "head2", "负责二 已接手下一环节"),
    "timed": ("Third", "chief", "主管一 已接手下一环节"),
}


@every
def test_an_answer_is_not_taken_back_once_somebody_has_acted_on_it(office: Office, construct: str) -> None:
    mine = arrive(office, construct)
    case, (element, who, sentence) = mine.instance_id, _NEXT[construct]
    office.answer(mine, "head1", now=later(hours=1))
    for earlier, signer in INSIDE[construct][2]:
        if element not in office.open_steps(case):
            office.decide(case, earlier, signer, now=later(hours=2))
    following = office.seat(case, element)
    commands.claim(office.user(who), following.id, following.version)
    with pytest.raises(Refused, match=sentence):
        taking_back.take_back(office.user("head1"), mine.id, now=later(hours=3))
    office.decide(case, element, who, now=later(hours=4))
    with pytest.raises(Refused, match="不能"):
        taking_back.take_back(office.user("head1"), mine.id, now=later(hours=5))


@every
def test_a_suspended_case_stands_still_and_goes_on_where_it_stood(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case, admin = seat.instance_id, office.user("admin")
    before = [(s.id, s.state) for s in _seats(case)]
    suspending.suspend(admin, case, "待核实", now=later(hours=1))
    assert "open" not in [s.state for s in _seats(case)]
    with pytest.raises(Refused, match="已挂起"):
        office.answer(office.seat(case, INSIDE[construct][1], "head1" if construct in SIGNED else None), "head1")
    assert timers.run_due(later(days=30)) == 0
    suspending.resume(office.user("admin"), case, "已核实", now=later(days=30))
    assert [(s.id, s.state) for s in _seats(case)] == before
    office.answer(here(office, case, construct), "head1", now=later(days=30, hours=1))
    finish(office, case, construct)


@every
def test_a_terminated_case_leaves_nothing_open(office: Office, construct: str) -> None:
    seat = arrive(office, construct)
    case = seat.instance_id
    _ask(office, seat, "delegate")
    suspending.terminate(office.user("admin"), case, "账号已不存在", now=later(hours=1))
    assert office.outcome(case) == ("ended", "terminated")
    assert {s.state for s in _seats(case)} == {"answered", "void"}
    assert set(office.timers(case)) <= {"cancelled"}
    with pytest.raises(BeianError):
        office.answer(seat, "head1")
    assert office.is_sound()


def test_a_suspended_case_can_be_terminated_and_its_timers_go_with_it(office: Office) -> None:
    case = arrive(office, "timed").instance_id
    suspending.suspend(office.user("admin"), case, "待核实", now=later(hours=1))
    assert office.timers(case) == ["held"]
    suspending.terminate(office.user("admin"), case, "账号已不存在", now=later(hours=2))
    assert office.timers(case) == ["cancelled"]
    assert {s.state for s in _seats(case)} == {"answered", "void"}


def test_whoever_has_a_case_in_hand_learns_that_it_was_terminated(office: Office) -> None:
    seat = arrive(office, "sequence")
    handing.delegate(office.user("head1"), seat.id, seat.version, office.id("expert"), "")
    suspending.terminate(office.user("admin"), seat.instance_id, "账号已不存在", now=later(hours=1))
    told = select(Notice.user_id).where(Notice.subject.contains("已终止"))
    assert set(db.session.scalars(told)) == {office.id(name) for name in ("zhang", "head1", "expert")}


def test_a_deadline_and_a_timer_move_by_the_time_the_case_stood_still(office: Office) -> None:
    seat = arrive(office, "timed")
    case = seat.instance_id
    due, remind, fires = _times(case)
    suspending.suspend(office.user("admin"), case, "待核实", now=later(days=1))
    suspending.resume(office.user("admin"), case, "已核实", now=later(days=8))
    moved_due, moved_remind, moved_fires = _times(case)
    # Five working days from a Monday, of which the seven days from Tuesday to Tuesday do not count.
    assert (due, moved_due) == (_at("2026-03-09T23:59:59"), _at("2026-03-17T23:59:59"))
    assert remind is not None
    assert moved_remind is not None
    assert moved_remind > remind
    assert moved_fires - fires == timedelta(days=7)
    assert office.seat(case, "Review").urgency == moved_due
    assert timers.run_due(fires) == 0
    assert office.open_steps(case) == ["Review"]
    assert timers.fire_due_timers(moved_fires) == 1
    assert (office.outcome(case), office.timers(case)) == (("ended", "approved"), ["fired"])


def test_a_timer_that_fires_ends_what_was_asked_of_others_too(office: Office) -> None:
    seat = arrive(office, "timed")
    _ask(office, seat, "delegate")
    assert timers.fire_due_timers(later(days=7)) == 1
    assert [s.state for s in _seats(seat.instance_id)][-2:] == ["void", "void"]
    with pytest.raises(BeianError, match="不需要办理"):
        office.answer(seat, "head1")
    assert office.is_sound()


def test_a_step_done_again_has_its_whole_time_again(office: Office) -> None:
    seat = arrive(office, "timed")
    office.answer(seat, "head1", now=later(days=2))
    taking_back.take_back(office.user("head1"), seat.id, now=later(days=3))
    assert office.timers(seat.instance_id) == ["cancelled", "armed"]
    assert _times(seat.instance_id)[2] == later(days=10)


def test_suspending_twice_and_resuming_twice_is_once(office: Office) -> None:
    case = arrive(office, "sequence").instance_id
    for _time in range(2):
        suspending.suspend(office.user("admin"), case, "待核实", now=later(hours=1))
    for _time in range(2):
        suspending.resume(office.user("admin"), case, "已核实", now=later(hours=2))
    assert [len(office.told(case, f"workflow:case:{what}")) for what in ("suspended", "resumed")] == [1, 1]


def test_an_opinion_is_not_recalled_while_the_case_is_suspended(office: Office) -> None:
    seat = arrive(office, "sequence")
    _ask(office, seat, "after")
    asked = office.seat(seat.instance_id, "Second", "expert", "after")
    suspending.suspend(office.user("admin"), seat.instance_id, "待核实", now=later(hours=1))
    with pytest.raises(Refused, match="已挂起"):
        handing.recall(office.user("head1"), asked.id)


@pytest.mark.parametrize("reason", ["", "   ", "长" * 501])
def test_an_administrator_gives_a_reason(office: Office, reason: str) -> None:
    seat = arrive(office, "sequence")
    admin = office.user("admin")
    acts: list[Callable[[], object]] = [
        lambda: suspending.suspend(admin, seat.instance_id, reason),
        lambda: suspending.terminate(admin, seat.instance_id, reason),
        lambda: handing.reassign(admin, seat.id, office.id("head2"), reason),
        lambda: handing.release(admin, seat.id, reason),
    ]
    for act in acts:
        with pytest.raises(Invalid):
            act()


def _ask(office: Office, seat: Seat, kind: str) -> None:
    head, expert = office.user("head1"), office.id("expert")
    if kind == "delegate":
        handing.delegate(head, seat.id, seat.version, expert, "请看")
    else:
        adding.add_signers(head, seat.id, seat.version, kind, [expert], "请看")


def _return(office: Office, seat: Seat) -> ProcessInstance:
    said = Submission("return", "请重办")
    return commands.return_to(office.user("head1"), seat.id, seat.version, "First", said, now=later(hours=1))


def _through(office: Office, construct: str) -> int:
    """A case that has passed the construct and waits for the decision after it."""
    seat = arrive(office, construct)
    office.answer(seat, "head1", now=later(hours=1))
    for element, who in INSIDE[construct][2][:-1]:
        office.decide(seat.instance_id, element, who, now=later(hours=2))
    assert office.open_steps(seat.instance_id) == ["Decision"]
    return seat.instance_id


def _seats(case: int) -> list[Seat]:
    fresh()
    return list(db.session.scalars(select(Seat).where(Seat.instance_id == case).order_by(Seat.id)))


def _times(case: int) -> tuple[datetime | None, datetime | None, datetime]:
    """When the review is due, when it is reminded of, when its timer fires."""
    fresh()
    task = db.session.scalars(
        select(UserTask).where(UserTask.instance_id == case, UserTask.element == "Review").order_by(UserTask.id.desc())
    ).first()
    assert task is not None
    last = select(Timer.next_at).where(Timer.instance_id == case).order_by(Timer.id.desc()).limit(1)
    return task.due_at, task.remind_at, db.session.scalars(last).one()


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def test_a_suspended_case_still_stands_in_the_way_of_another_about_the_account(
    app: Flask, person: Callable[[str], User]
) -> None:
    case = db.session.get_one(
        ProcessInstance, run_case("wzpt", "closed_down_in_time", steps=1, process="deregistration").instance_id
    )
    assert case.account_id is not None
    asked = (case.institution_id, "deregistration", case.account_id)
    suspending.suspend(person("wzpt.wei"), case.id, "待核实")
    assert open_case(*asked) == case.reference
    suspending.terminate(person("wzpt.wei"), case.id, "账号已不存在")
    assert open_case(*asked) is None
