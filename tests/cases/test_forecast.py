from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from tests.cases.built import CaseOnce
from webapp.cases.casefile import CaseFile
from webapp.cases.moments import Moments
from webapp.cases.route import case_route
from webapp.extensions import db
from webapp.notifications.models import Notice
from webapp.organization.models import User
from webapp.registry.models import Account
from webapp.workflow.models import ProcessInstance


def file_of(case_id: int, reader: User) -> CaseFile:
    case = db.session.get(ProcessInstance, case_id)
    assert case is not None
    return CaseFile(case, reader, Moments.of(reader))


def test_the_way_ahead_is_what_the_diagram_does_when_everybody_agrees(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    with app.test_request_context():
        file = file_of(case_once("wzpt", "waiting_for_opinions"), person("wzpt.xu"))
        assert file.forecast is not None
        assert file.forecast.tasks == ("UnitOpinion", "DataOpinion", "PublicityDecision")
        assert file.forecast.ended_at == "EndRegistered"


def test_telling_the_way_calls_no_operation_and_stores_nothing(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    with app.test_request_context():
        file = file_of(case_once("wzpt", "waiting_for_publicity"), person("wzpt.xu"))
        before = file.instance.state_blob
        counts = [db.session.scalar(select(func.count()).select_from(table)) for table in (Account, Notice)]
        assert file.forecast is not None
        token = file.open_seats[0].task.token
        after = file.trial.after(before, token, {"decision": "approve", "opinion": "", "grounds": []})
        assert after is not None
        assert "RegisterAccount" in after.passed
        assert counts == [db.session.scalar(select(func.count()).select_from(table)) for table in (Account, Notice)]
        assert file.instance.state_blob == before
        assert not db.session.new
        assert not db.session.dirty


def test_an_ended_case_has_a_route_and_no_way_ahead(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    with app.test_request_context():
        file = file_of(case_once("wzpt", "corrected_twice"), person("wzpt.zhang"))
        assert file.forecast is None
        steps = case_route(file)
        assert [step.element for step in steps] == [
            "Application",
            "UnitOpinion",
            "PublicityDecision",
            "RegisterAccount",
        ]
        assert {step.state for step in steps} == {"done"}


def test_what_cannot_be_told_is_not_guessed(app: Flask, person: Callable[[str], User], case_once: CaseOnce) -> None:
    with app.test_request_context():
        file = file_of(case_once("wzpt", "waiting_for_publicity"), person("wzpt.xu"))
        assert file.trial.onwards(b"not a stored run") is None
        assert file.trial.onwards(None) is None


def test_an_open_step_names_who_it_was_given_to_and_not_everybody_it_might_have_been(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    with app.test_request_context():
        file = file_of(case_once("qjnu", "waiting_for_receipt"), person("qjnu.zhang"))
        step = next(step for step in case_route(file) if step.state == "current")
        assert step.note.startswith("朱老师、高老师")
