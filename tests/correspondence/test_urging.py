"""催办: who may, whom it tells, and how often; the clock is moved by `now`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import func, select

from tests.cases.built import CaseOnce
from tests.correspondence.conftest import NOW, People, the_case
from tests.correspondence.test_commands import events, notices_of, outcome
from tests.support.desk import case_of, open_seat
from webapp.correspondence import commands
from webapp.correspondence.models import Urge
from webapp.errors import Refused
from webapp.extensions import db, transactional
from webapp.organization.commands import grant_role
from webapp.organization.queries import unit_by_code
from webapp.workflow import commands as workflow
from webapp.workflow.models import Seat

DAY = timedelta(hours=24)
MOMENT = timedelta(microseconds=1)


def give(person: People, username: str, role: str, unit: str) -> None:
    user = person(username)
    found = unit_by_code(user.institution_id, unit)
    assert found is not None
    grant_role(user.institution_id, user.id, role, found.id, actor=None)
    g.pop("held_queues", None)


def test_an_urging_tells_everybody_who_may_act_and_is_logged(case_id: int, person: People) -> None:
    seat_id = open_seat(case_id, "PublicityDecision")
    commands.urge(person("wzpt.xu"), case_id, "开学前要用", now=NOW)
    for username in ("wzpt.sun", "wzpt.qian"):
        (told,) = notices_of(person, username, "urge")
        assert told.link == f"/tasks/{seat_id}"
        assert "开学前要用" in told.body
    assert notices_of(person, "wzpt.xu", "urge") == notices_of(person, "wzpt.he", "urge") == []
    (event,) = events(case_id)
    assert event.action == "correspondence:case:urged"
    assert sorted(event.kept["told"]) == sorted([person("wzpt.sun").id, person("wzpt.qian").id])
    assert event.kept["elements"] == ["PublicityDecision"]
    assert "开学前" not in str(event.kept)


def test_only_the_holder_is_told_once_the_task_is_claimed(case_id: int, person: People) -> None:
    workflow.claim(person("wzpt.qian"), open_seat(case_id, "PublicityDecision"), 1, now=NOW)
    commands.urge(person("wzpt.xu"), case_id, now=NOW)
    assert len(notices_of(person, "wzpt.qian", "urge")) == 1
    assert notices_of(person, "wzpt.sun", "urge") == []


def test_one_may_urge_again_after_a_day_to_the_moment(case_id: int, person: People) -> None:
    commands.urge(person("wzpt.xu"), case_id, now=NOW)
    for early in (NOW, NOW + timedelta(hours=1), NOW + DAY - MOMENT):
        with pytest.raises(Refused, match="10-21 10:00"):
            commands.urge(person("wzpt.xu"), case_id, now=early)
    commands.urge(person("wzpt.he"), case_id, now=NOW + timedelta(hours=1))
    commands.urge(person("wzpt.xu"), case_id, now=NOW + DAY)
    assert db.session.scalar(select(func.count(Urge.id))) == 3


def test_a_case_is_urged_three_times_a_day_at_most(case_id: int, person: People) -> None:
    give(person, "wzpt.zhang", "unit_head", "xcb")  # of the lead unit, with nothing to decide in this case
    give(person, "wzpt.wang", "publicity_reviewer", "xcb")
    workflow.claim(person("wzpt.wang"), open_seat(case_id, "PublicityDecision"), 1, now=NOW)
    hours = [timedelta(hours=n) for n in range(3)]
    for username, later in zip(("wzpt.xu", "wzpt.he", "wzpt.sun"), hours, strict=True):
        commands.urge(person(username), case_id, now=NOW + later)
    with pytest.raises(Refused, match=r"3 次.*10-21 10:00"):
        commands.urge(person("wzpt.qian"), case_id, now=NOW + DAY - MOMENT)
    commands.urge(person("wzpt.qian"), case_id, now=NOW + DAY)
    with pytest.raises(Refused, match="10-21 11:00"):  # the case's limit and the own one end at the same time
        commands.urge(person("wzpt.he"), case_id, now=NOW + DAY + MOMENT)
    # Another case has a count of its own.
    assert outcome(lambda: commands.urge(person("wzpt.xu"), case_of("wzpt", "waiting_for_publicity"), now=NOW)) == ""


def test_who_may_act_oneself_has_nobody_to_urge(case_id: int, person: People) -> None:
    with pytest.raises(Refused, match="没有等别人"):
        commands.urge(person("wzpt.sun"), case_id, now=NOW)
    workflow.claim(person("wzpt.qian"), open_seat(case_id, "PublicityDecision"), 1, now=NOW)
    assert outcome(lambda: commands.urge(person("wzpt.sun"), case_id, now=NOW)) == ""


def test_what_waits_for_the_applicant_is_urged_by_others(person: People, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_correction")
    with pytest.raises(Refused, match="没有等别人"):
        commands.urge(the_case(case_id).applicant, case_id, now=NOW)
    commands.urge(person("wzpt.sun"), case_id, now=NOW)
    (event,) = events(case_id)
    assert event.kept["told"] == [the_case(case_id).applicant_id]


def test_only_what_runs_is_urged(case_id: int, person: People) -> None:
    @transactional
    def halt(state: str) -> None:
        the_case(case_id).state = state

    for state in ("suspended", "ended", "withdrawn"):
        halt(state)
        with pytest.raises(Refused, match="不在办理中"):
            commands.urge(person("wzpt.xu"), case_id, now=NOW)

    seat_id = open_seat(case_id, "PublicityDecision")

    @transactional
    def held() -> None:
        the_case(case_id).state = "running"
        db.session.get_one(Seat, seat_id).state = "held"

    held()
    with pytest.raises(Refused, match="没有等别人"):
        commands.urge(person("wzpt.xu"), case_id, now=NOW)
    assert outcome(lambda: commands.urge(person("wzpt.xu"), case_id, "长" * 501, now=NOW)) == "Invalid"
    assert db.session.scalar(select(func.count(Urge.id))) == 0
