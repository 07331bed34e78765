"""People at once: one decision, clear answers to the others, and the same answer to the same post."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.support.racing import together
from tests.support.trial import NOW, Trial, build_trial, deciding, fresh, later, new_key
from webapp import ledger
from webapp.errors import BeianError, Forbidden, Stale
from webapp.extensions import db, transactional
from webapp.registry.models import Account, Decision
from webapp.workflow import commands, queries, timers
from webapp.workflow.filing import Submission
from webapp.workflow.guards import step_of
from webapp.workflow.models import Answers, ProcessInstance, Seat, Timer, UserTask

ROUNDS = int(os.environ.get("BEIAN_RACE_ROUNDS", "12"))


def actions(trial: Trial, instance_id: int | None = None) -> list[str]:
    found = ledger.stream(db.session(), trial.institution)
    return [event.action for event in found if instance_id in (None, event.instance_id)]


def count(noun: type, *where: Any) -> int:
    fresh()
    return db.session.scalar(select(func.count()).select_from(noun).where(*where)) or 0


def case(instance_id: int) -> ProcessInstance:
    fresh()
    return db.session.get_one(ProcessInstance, instance_id)


def open_elements(instance_id: int) -> list[str]:
    fresh()
    return sorted(task.element for task in queries.open_tasks(case(instance_id)).values())


def sound(trial: Trial) -> bool:
    fresh()
    report = ledger.verify(db.session(), trial.institution)
    assert report.ok, [problem.sentence_en for problem in report.problems]
    return True


def test_fifty_people_on_one_task_make_one_decision_and_49_learn_who_was_first(app: Flask) -> None:
    trial = build_trial(approvers=50)
    instance_id = trial.start()
    seat_id, version = trial.seat(instance_id, "UnitOpinion")

    def approve(number: int) -> Callable[[], Any]:
        who = trial.approvers[number]
        choice = ("approve", "reject")[number % 2]
        return lambda: (commands.answer(trial.user(who), seat_id, version, deciding(choice), now=NOW), who)[1]

    results = together(app, [approve(number) for number in range(50)])
    winners = [found for found in results if isinstance(found, int)]
    losers = [found for found in results if isinstance(found, Stale)]
    assert (len(winners), len(losers)) == (1, 49), Counter(map(repr, results))
    first = trial.user(winners[0]).name_zh
    assert all(error.sentence.startswith(first) and "办理" in error.sentence for error in losers)
    assert {error.status for error in losers} == {409}
    assert count(Decision) == 1
    assert count(Answers, Answers.element == "UnitOpinion") == 1
    assert actions(trial, instance_id).count("workflow:task:answered") == 2
    assert sound(trial)


def test_of_three_who_claim_at_once_one_holds_the_task_and_the_others_are_told(app: Flask, trial: Trial) -> None:
    instance_id = trial.start()
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    people = trial.approvers[:3]
    acts = [lambda who=who: commands.claim(trial.user(who), seat_id, version, now=NOW).holder_id for who in people]
    results = together(app, acts)
    (holder,) = [found for found in results if isinstance(found, int)]
    told = [found.sentence for found in results if isinstance(found, Stale)]
    assert told == [f"{trial.user(holder).name_zh} 已认领这件待办。"] * 2
    other = next(who for who in people if who != holder)
    with pytest.raises(Stale, match="已认领"):
        trial.decide(instance_id, "UnitOpinion", by=other)
    assert trial.decide(instance_id, "UnitOpinion", by=holder).state == "running"


def _thrice(trial: Trial, name: str) -> tuple[Callable[[], Any], str]:
    """An act to be sent three times, and the event it leaves once."""
    key = new_key()
    if name == "start":
        return lambda: trial.start(key=key), "workflow:case:started"
    instance_id = trial.start()
    if name == "withdraw":
        return lambda: commands.cancel(trial.user(trial.applicant), instance_id, now=NOW).id, "workflow:case:withdrawn"
    if name == "return":
        trial.decide(instance_id, "UnitOpinion")
        seat_id, version = trial.seat(instance_id, "PublicityDecision")
        back = deciding("return", key)
        actor = trial.approvers[0]
        return (
            lambda: commands.return_to(trial.user(actor), seat_id, version, "UnitOpinion", back, now=NOW).id,
            "registry:decision:recorded",
        )
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    actor = trial.approvers[0]
    if name == "claim":
        return lambda: commands.claim(trial.user(actor), seat_id, version, now=NOW).id, "workflow:task:claimed"
    if name == "unclaim":
        version = commands.claim(trial.user(actor), seat_id, version, now=NOW).version
        return lambda: commands.unclaim(trial.user(actor), seat_id, version).id, "workflow:task:unclaimed"
    if name == "register":
        trial.decide(instance_id, "UnitOpinion")
        seat_id, version = trial.seat(instance_id, "PublicityDecision")
        agree = deciding("approve", key)
        return (
            lambda: commands.answer(trial.user(actor), seat_id, version, agree, now=NOW).id,
            "registry:account:registered",
        )
    correct = deciding("request_correction", key)
    return (
        lambda: commands.answer(trial.user(actor), seat_id, version, correct, now=NOW).id,
        "registry:decision:recorded",
    )


@pytest.mark.parametrize("name", ["start", "correct", "register", "return", "claim", "unclaim", "withdraw"])
def test_a_post_sent_three_times_at_once_is_done_once_and_answered_alike(app: Flask, trial: Trial, name: str) -> None:
    act, event = _thrice(trial, name)
    before = actions(trial).count(event)
    results = together(app, [act, act, act])
    assert len(set(results)) == 1
    assert isinstance(results[0], int), results
    assert act() == results[0]
    assert actions(trial).count(event) == before + 1
    assert sound(trial)


def test_a_key_of_somebody_elses_submission_opens_nothing(trial: Trial) -> None:
    instance_id = trial.start()
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    key = new_key()
    commands.answer(trial.user(trial.approvers[0]), seat_id, version, deciding("approve", key), now=NOW)
    with pytest.raises(Stale, match="审批人1"):
        commands.answer(trial.user(trial.approvers[1]), seat_id, version, deciding("approve", key), now=NOW)


def answering(
    trial: Trial, who: int, instance_id: int, element: str, said: Submission, now: datetime
) -> Callable[[], Any]:
    """The act of answering the seat as it stands now, to be done later in another thread."""
    seat_id, version = trial.seat(instance_id, element)
    return lambda: commands.answer(trial.user(who), seat_id, version, said, now=now).id


def _timer_of(instance_id: int) -> int:
    return db.session.scalars(select(Timer.id).where(Timer.instance_id == instance_id, Timer.state == "armed")).one()


def test_a_timer_and_a_decision_at_once_leave_one_of_the_two(app: Flask, trial: Trial) -> None:
    won: Counter[str] = Counter()
    due = later(days=8)
    for number in range(ROUNDS):
        instance_id = trial.start()
        timer_id = _timer_of(instance_id)
        agreed = answering(trial, trial.approvers[0], instance_id, "UnitOpinion", deciding("approve"), due)
        acts: list[Callable[[], Any]] = [agreed, partial(timers._fire, timer_id, due)]
        results = together(app, acts if number % 2 else acts[::-1])
        answered, fired = results if number % 2 else results[::-1]
        story = actions(trial, instance_id)
        history = [row.element for row in queries.history(instance_id)]
        if fired == 1:
            assert isinstance(answered, Stale)
            assert "不需要办理" in answered.sentence
            assert "UnitOpinionLapsed" in history
            assert story[-1] == "workflow:timer:fired"
            assert story.count("workflow:task:answered") == 1
            assert (case(instance_id).state, count(Decision, Decision.element == "UnitOpinion")) == (
                "ended",
                won["decision"],
            )
        else:
            assert (answered, fired) == (instance_id, 0)
            assert "UnitOpinionLapsed" not in history
            assert "workflow:timer:fired" not in story
            assert open_elements(instance_id) == ["PublicityDecision"]
            assert db.session.get_one(Timer, timer_id).state == "cancelled"
        won["timer" if fired else "decision"] += 1
    assert sum(won.values()) == ROUNDS
    assert sound(trial)


@pytest.mark.parametrize("first", ["timer", "decision"])
def test_whichever_of_timer_and_decision_comes_first_the_other_finds_nothing(trial: Trial, first: str) -> None:
    instance_id = trial.start()
    timer_id, due = _timer_of(instance_id), later(days=8)
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    actor = trial.user(trial.approvers[0])
    if first == "timer":
        assert timers._fire(timer_id, due) == 1
        with pytest.raises(Stale, match="不需要办理"):
            commands.answer(actor, seat_id, version, deciding("approve"), now=due)
        assert actions(trial, instance_id)[-1] == "workflow:timer:fired"
        assert count(Decision) == 0
    else:
        commands.answer(actor, seat_id, version, deciding("approve"), now=due)
        assert timers._fire(timer_id, due) == 0
        assert "workflow:timer:fired" not in actions(trial, instance_id)
        assert open_elements(instance_id) == ["PublicityDecision"]


def test_both_branches_of_an_opinion_block_answered_at_once_are_both_kept(app: Flask, trial: Trial) -> None:
    for number in range(ROUNDS // 2):
        instance_id = trial.start("opinions")
        acts = []
        for place, element in enumerate(("Finance", "Data")):
            said = deciding("submit", answers={"name": f"{element} {number}"})
            acts.append(answering(trial, trial.approvers[place], instance_id, element, said, NOW))
        assert together(app, acts) == [instance_id] * 2
        newest = queries.newest_answers(instance_id)
        assert (newest["Finance"]["name"], newest["Data"]["name"]) == (f"Finance {number}", f"Data {number}")
        assert open_elements(instance_id) == ["Decision"]
        step = step_of(case(instance_id), None, NOW)
        step.load()
        assert step.run.data["Finance"] == newest["Finance"]
        assert step.run.data["Data"] == newest["Data"]
        assert trial.decide(instance_id, "Decision", by=trial.approvers[2]).outcome == "approved"
    assert sound(trial)


def test_numbers_given_to_many_at_once_have_no_gap_and_no_double(app: Flask, trial: Trial) -> None:
    def start(number: int) -> str:
        # Every fifth fails after its number was taken: the number goes to the next.
        if number % 5 == 4:
            transactional(lambda: (trial.start(), 1 // 0))()
        return case(trial.start()).reference

    results = together(app, [partial(start, number) for number in range(20)])
    numbers = sorted(found for found in results if isinstance(found, str))
    assert sum(isinstance(found, ZeroDivisionError) for found in results) == 4
    assert numbers == [f"试〔2026〕{n:05d}" for n in range(1, 17)]
    fresh()
    due = [found.id for found in db.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id))]

    def register(instance_id: int) -> None:
        trial.decide(instance_id, "UnitOpinion")
        trial.decide(instance_id, "PublicityDecision")

    assert together(app, [partial(register, one) for one in due]) == [None] * 16
    fresh()
    accounts = sorted(
        db.session.scalars(select(Account.filing_number).where(Account.institution_id == trial.institution))
    )
    assert accounts == [f"试备〔2026〕{n:05d}号" for n in range(1, 17)]
    assert sound(trial)


def test_a_slow_step_in_one_case_does_not_hold_up_another(app: Flask, trial: Trial, backend: str) -> None:
    """On PostgreSQL cases go their ways side by side; on SQLite, with one writer, the second waits and succeeds."""
    slow, quick = trial.start(), trial.start()
    entered, release, done = threading.Event(), threading.Event(), threading.Event()

    @transactional
    def dawdle() -> None:
        assert queries.lock_instance(slow) is not None
        entered.set()
        assert release.wait(30)

    def decide() -> str:
        assert entered.wait(30)
        outcome = trial.decide(quick, "UnitOpinion").state
        done.set()
        return outcome

    def watch() -> bool:
        early = done.wait(3 if backend == "postgresql" else 0.5)
        release.set()
        return early

    assert together(app, [dawdle, decide, watch]) == [None, "running", backend == "postgresql"]


def test_two_workers_at_one_batch_do_each_row_once(app: Flask, trial: Trial) -> None:
    cases = [trial.start() for _ in range(6)] + [trial.start("automatic") for _ in range(4)]
    moment = later(days=40)
    results = together(app, [lambda: timers.run_due(moment)] * 3)
    assert all(isinstance(found, int) for found in results), results
    while timers.run_due(moment):
        pass
    told = Counter((event.action, event.object_id) for event in ledger.stream(db.session(), trial.institution))
    fired = [times for (action, _), times in told.items() if action == "workflow:timer:fired"]
    assert fired == [1] * len(cases)
    assert {case(instance_id).state for instance_id in cases} == {"ended"}
    assert count(Account, Account.institution_id == trial.institution) == 4
    assert sound(trial)


def test_nobody_decides_on_an_own_application_however_quick(app: Flask, trial: Trial) -> None:
    seat_id, version = trial.seat(trial.start(), "UnitOpinion")
    mine = [lambda: commands.answer(trial.user(trial.applicant), seat_id, version, deciding("approve"), now=NOW)] * 3
    results = together(app, mine)
    assert all(isinstance(found, BeianError) and not isinstance(found, Forbidden) for found in results)
    assert count(Decision) == 0
    assert count(Seat, Seat.state == "open") == count(UserTask, UserTask.state == "open") == 1
