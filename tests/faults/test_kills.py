"""Killed anywhere, started again: nothing acknowledged is lost, nothing is done twice, nothing is left half-done.

`make faults` kills 200 times under load on each database (BEIAN_FAULT_ROUNDS) and at every single statement of a case.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.faults import naive
from tests.faults.killing import Killer, moments
from tests.faults.load import run, walk
from tests.notifications.mailboxes import mailbox
from tests.support.trial import NOW, Trial, build_trial, deciding
from webapp.extensions import db
from webapp.registry.models import Account
from webapp.workflow import commands

ROUNDS = int(os.environ.get("BEIAN_FAULT_ROUNDS", "6"))
THOROUGH = ROUNDS >= 100
# A new database after so many rounds, so that checking all of it stays quick.
EACH = 20


@pytest.fixture
def killer(app: Flask, tmp_path: Path) -> Iterator[Killer]:
    trial = build_trial()
    with mailbox() as box:
        yield Killer(app, trial, box, str(tmp_path))


@pytest.mark.parametrize("series", range(-(-ROUNDS // EACH)))
def test_killed_under_load_nothing_acknowledged_is_lost_and_nothing_happens_twice(
    killer: Killer, series: int, capsys: pytest.CaptureFixture[str]
) -> None:
    killer.seed = 1000 * (series + 1)
    for moment in moments(series, min(EACH, ROUNDS - EACH * series)):
        killer.round(run, **moment)
        assert killer.problems() == []
    assert killer.settle() == []
    done = Counter(act.kind for act in killer.told)
    registered = sum(act.ended == "approved" for act in killer.told)
    assert killer.kills == min(EACH, ROUNDS - EACH * series)
    assert done["started"] > 0
    assert done["answered"] > 0
    if THOROUGH:
        with capsys.disabled():
            name = db.engine.dialect.name
            print(f"\n{name}: {killer.kills} kills, acknowledged {dict(done)}, {registered} registered, all there")


def test_killed_at_any_point_a_case_goes_on_from_where_it_was(
    killer: Killer, capsys: pytest.CaptureFixture[str]
) -> None:
    """At every commit, just before and just after; the thorough form at every statement."""
    killer.round(walk)
    assert (killer.kills, len(killer.told)) == (0, 3)
    point, kills = 1, -1
    while killer.kills > kills:  # until a case gets through to its end alive
        kills = killer.kills
        killer.round(walk, failpoint=point, commits_only=not THOROUGH)
        assert killer.problems() == [], f"at point {point}"
        point += 1 if THOROUGH or point < 8 else 3
    assert point > (80 if THOROUGH else 8)
    assert killer.settle() == []
    if THOROUGH:
        with capsys.disabled():
            print(f"\n{db.engine.dialect.name}: {killer.kills} kills, one at each point of a case, all sound")


def test_the_checker_finds_what_two_commits_lose(killer: Killer) -> None:
    """The naive build, killed under load, is soon found out."""
    killer.naive = True
    for number in range(12):
        killer.round(run, failpoint=120 + 37 * number)
        if found := [problem for problem in killer.problems() if problem not in killer.unexpected]:
            assert any("seats" in problem or "disagree" in problem or "lost" in problem for problem in found), found
            return
    pytest.fail("twelve kills of the naive build and nothing was found")


def test_the_checker_finds_what_a_missing_version_check_loses(killer: Killer) -> None:
    from tests.support.checker import Act, check

    trial: Trial = killer.trial
    instance_id = trial.start()
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    told = []
    for who, choice in zip(trial.approvers, ("approve", "reject"), strict=False):
        naive.answer(trial.user(who), seat_id, version, deciding(choice, f"key{who}"), now=NOW)
        told.append(Act("answered", f"key{who}", who, instance_id, seat_id=seat_id, decision=choice))
    problems = check(trial, told)
    assert any("acknowledged 2 times" in problem for problem in problems)
    assert any("lost or another's" in problem for problem in problems)
    assert any(problem.startswith("ledger:") for problem in problems)


def test_the_checker_finds_nothing_wrong_where_nothing_is(killer: Killer) -> None:
    from tests.support.checker import Act, check

    trial = killer.trial
    instance_id = trial.start(key="k")
    seat_id, version = trial.seat(instance_id, "UnitOpinion")
    who = trial.approvers[0]
    made = commands.answer(trial.user(who), seat_id, version, deciding("approve", "a"), now=NOW)
    told = [
        Act("started", "k", trial.applicant, instance_id, reference=made.reference),
        Act("answered", "a", who, instance_id, seat_id=seat_id, decision="approve"),
    ]
    assert check(trial, told) == []
    trial.decide(instance_id, "PublicityDecision")
    assert check(trial, told) == []
    assert db.session.query(Account).filter_by(institution_id=trial.institution).count() == 1
    assert killer.settle() == []
    assert check(trial, [*told, Act("started", "gone", trial.applicant, 10**6, reference="x")]) != []
    assert check(trial, [Act("answered", "other", who, instance_id, seat_id=seat_id, decision="approve")]) != []
