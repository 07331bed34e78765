"""Two people at one seat at once, by different acts: one of them wins, the other is told why not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.support.racing import together
from tests.tasks.bureau import NOW, Bureau, build_bureau, saying
from tests.tasks.holding import look, wrong
from webapp import ledger
from webapp.errors import BeianError
from webapp.extensions import db
from webapp.tasks.adding import add_signers
from webapp.tasks.handing import delegate, reassign, recall, transfer
from webapp.tasks.suspending import suspend, terminate
from webapp.tasks.taking_back import take_back
from webapp.workflow import commands
from webapp.workflow.models import ProcessInstance, Seat

ROUNDS = int(os.environ.get("BEIAN_RACE_ROUNDS", "6"))
Act = Callable[[], Any]
Pair = tuple[int, Act, Act]


@pytest.fixture
def bureau(kept: Callable[[Callable[[], Bureau]], Bureau]) -> Bureau:
    return kept(build_bureau)


def held(bureau: Bureau, case: int, element: str, by: str) -> tuple[int, int]:
    """A step's seat, claimed by somebody."""
    seat_id, version = bureau.seat(case, element)
    version = commands.claim(bureau.user(by), seat_id, version, now=NOW).version
    db.session.remove()
    return seat_id, version


def answers(bureau: Bureau, by: str, seat_id: int, version: int, decision: str = "approve") -> Act:
    return lambda: commands.answer(bureau.user(by), seat_id, version, saying(decision), now=NOW).id


def at_the_second_step(bureau: Bureau) -> int:
    case = bureau.start()
    bureau.decide(case, "First", "li")
    return case


def transfer_and_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = held(bureau, case, "First", "li")
    to = bureau.people["wang"]
    return case, lambda: transfer(bureau.user("li"), *seat, to, "", now=NOW).id, answers(bureau, "li", *seat)


def transfer_and_claim(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = bureau.seat(case, "First")
    to = bureau.people["zhang"]
    return (
        case,
        lambda: transfer(bureau.user("li"), *seat, to, "", now=NOW).id,
        lambda: commands.claim(bureau.user("wang"), *seat, now=NOW).id,
    )


def delegate_and_return(bureau: Bureau) -> Pair:
    case = at_the_second_step(bureau)
    seat = held(bureau, case, "Second", "sun")
    asked = bureau.people["wu"]
    return (
        case,
        lambda: delegate(bureau.user("sun"), *seat, asked, "请看", now=NOW).id,
        lambda: commands.return_to(bureau.user("sun"), *seat, "First", saying("return"), now=NOW).id,
    )


def take_back_and_the_next_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    mine, _version = bureau.seat(case, "First")
    bureau.decide(case, "First", "li")
    following = bureau.seat(case, "Second")
    return case, lambda: take_back(bureau.user("li"), mine, now=NOW).id, answers(bureau, "sun", *following)


def suspend_and_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = bureau.seat(case, "First")
    return case, lambda: suspend(bureau.user("feng"), case, "核实", now=NOW).id, answers(bureau, "li", *seat)


def terminate_and_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = bureau.seat(case, "First")
    return case, lambda: terminate(bureau.user("feng"), case, "撤并", now=NOW).id, answers(bureau, "li", *seat)


def recall_and_the_opinion(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = held(bureau, case, "First", "li")
    asked = delegate(bureau.user("li"), *seat, bureau.people["wu"], "请看", now=NOW)
    opinion = (asked.id, asked.version)
    db.session.remove()
    return (
        case,
        lambda: recall(bureau.user("li"), opinion[0], now=NOW).id,
        answers(bureau, "wu", *opinion, "agree"),
    )


def removing_the_last_who_confirms_and_the_confirmation(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = held(bureau, case, "First", "li")
    (made,) = add_signers(bureau.user("li"), *seat, "after", [bureau.people["wu"]], "请看", now=NOW)
    confirming = made.id
    db.session.remove()
    commands.answer(bureau.user("li"), seat[0], seat[1] + 1, saying("approve"), now=NOW)
    version = db.session.get_one(Seat, confirming, populate_existing=True).version
    db.session.remove()
    return (
        case,
        lambda: recall(bureau.user("li"), confirming, now=NOW).id,
        answers(bureau, "wu", confirming, version, "object"),
    )


def reassign_and_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = held(bureau, case, "First", "li")
    to = bureau.people["wang"]
    return case, lambda: reassign(bureau.user("feng"), seat[0], to, "出差", now=NOW).id, answers(bureau, "li", *seat)


def withdraw_and_answer(bureau: Bureau) -> Pair:
    case = bureau.start()
    seat = bureau.seat(case, "First")
    return case, lambda: commands.cancel(bureau.user("zheng"), case, now=NOW).id, answers(bureau, "li", *seat)


RACES: dict[str, Callable[[Bureau], Pair]] = {
    made.__name__: made
    for made in (
        transfer_and_answer,
        transfer_and_claim,
        delegate_and_return,
        take_back_and_the_next_answer,
        suspend_and_answer,
        terminate_and_answer,
        recall_and_the_opinion,
        removing_the_last_who_confirms_and_the_confirmation,
        reassign_and_answer,
        withdraw_and_answer,
    )
}
# Acts after which the other one may come, too: what is suspended, ended or handed on can have been answered before.
AFTER_AN_ANSWER = {"suspend_and_answer", "terminate_and_answer", "withdraw_and_answer"}


@pytest.mark.parametrize("name", RACES)
def test_of_two_different_acts_on_one_seat_at_once_one_wins_and_the_other_is_told(
    app: Flask, bureau: Bureau, name: str
) -> None:
    won: Counter[str] = Counter()
    for number in range(ROUNDS):
        case, one, other = RACES[name](bureau)
        db.session.remove()
        results = together(app, [one, other] if number % 2 else [other, one])
        first, second = results if number % 2 else results[::-1]
        done = [found for found in (first, second) if isinstance(found, int)]
        refused = [found for found in (first, second) if isinstance(found, BeianError)]
        assert len(done) + len(refused) == 2, (first, second)
        if name in AFTER_AN_ANSWER and len(done) == 2:
            won["answer first"] += 1
        else:
            assert len(done) == 1, (first, second)
            assert refused[0].sentence.endswith("。"), refused[0].sentence
            assert refused[0].status in (403, 404, 409, 422), refused[0].status
            won["first" if isinstance(first, int) else "second"] += 1
        rows = look(bureau, case, frozenset(), NOW)
        assert not wrong(rows), wrong(rows)
        db.session.remove()
    assert sum(won.values()) == ROUNDS
    assert ledger.verify(db.session(), bureau.institution).ok


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", RACES)
def test_whoever_comes_second_gets_a_sentence(app: Flask, bureau: Bureau, name: str, first: int) -> None:
    case, *acts = RACES[name](bureau)
    db.session.remove()
    with app.app_context():
        assert isinstance(acts[first](), int)
    if first == 1 and name in AFTER_AN_ANSWER:
        with app.app_context():
            assert acts[0]() == case
        return
    with app.app_context(), pytest.raises(BeianError) as refused:
        acts[1 - first]()
    assert refused.value.sentence.endswith("。")
    assert not wrong(look(bureau, case, frozenset(), NOW))


def test_two_who_confirm_one_decision_at_once_complete_the_step_once(app: Flask, bureau: Bureau) -> None:
    for _ in range(ROUNDS):
        case = bureau.start()
        seat = held(bureau, case, "First", "li")
        others = [bureau.people[name] for name in ("wu", "zhou")]
        made = add_signers(bureau.user("li"), *seat, "after", others, "请看", now=NOW)
        ids = [found.id for found in made]
        db.session.remove()
        commands.answer(bureau.user("li"), seat[0], seat[1] + 1, saying("approve"), now=NOW)
        found = db.session.execute(select(Seat.id, Seat.version).where(Seat.id.in_(ids)))
        versions = {row.id: row.version for row in found}
        db.session.remove()
        acts = [
            answers(bureau, name, one, versions[one], "agree") for name, one in zip(("wu", "zhou"), ids, strict=True)
        ]
        assert together(app, acts) == [case, case]
        assert not wrong(look(bureau, case, frozenset(), NOW))
        assert db.session.get_one(ProcessInstance, case).state == "running"
        assert bureau.seat(case, "Second")


def test_all_countersigners_at_once_complete_the_step_once(app: Flask, bureau: Bureau) -> None:
    for _ in range(ROUNDS):
        case = bureau.start("signing")
        seats = db.session.execute(
            select(Seat.id, Seat.version, Seat.holder_id).where(Seat.instance_id == case, Seat.state == "open")
        ).all()
        db.session.remove()
        acts = [
            lambda seat=seat: (
                commands.answer(bureau.user(seat.holder_id), seat.id, seat.version, saying("approve"), now=NOW).id
            )
            for seat in seats
        ]
        results = together(app, acts)
        assert [found for found in results if isinstance(found, int)] == [case] * 2, results
        (late,) = [found for found in results if isinstance(found, BeianError)]
        assert "不需要办理" in late.sentence
        assert not wrong(look(bureau, case, frozenset(), NOW))
        db.session.remove()
