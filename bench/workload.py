"""What is measured: a pack's scenario `straight_way`, from the application to the register.

Workload W is the pack `bench`; wzpt's real process is the other one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask
from werkzeug.datastructures import MultiDict

from bench.databases import pack_files
from webapp.definitions import queries as definitions
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import institution, user_by_name
from webapp.registry.numbers import give_number
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.documents import Scenario, ScenarioStep
from webapp.scenarios.posting import posting_of
from webapp.workflow import binding, commands, queries
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.starting import start_case


@dataclass(frozen=True)
class Approval:
    """One step of an approver: the element, who does it, what is sent, and the form as a browser posts it."""

    element: str
    user_id: int
    submission: Submission
    posted: MultiDict[str, str]


@dataclass(frozen=True)
class Journey:
    """A case from application to register, with answers that the forms have accepted."""

    code: str
    process: str
    institution_id: int
    applicant_id: int
    application: Submission
    approvals: tuple[Approval, ...]


@dataclass(frozen=True)
class Place:
    """Where a case stands: its one open seat."""

    instance_id: int
    seat_id: int
    version: int


def user(user_id: int) -> User:
    found = db.session.get(User, user_id)
    assert found is not None
    return found


def place_of(instance_id: int) -> Place:
    """The open seat of a case that has exactly one."""
    instance = db.session.get(ProcessInstance, instance_id)
    assert instance is not None
    (task,) = queries.open_tasks(instance).values()
    return Place(instance_id, task.seats[0].id, task.seats[0].version)


def start(journey: Journey, number: int) -> int:
    """File one more application under a name of its own; returns the case's id."""
    answers = {**journey.application.answers, "name": f"{journey.application.answers['name']}{number}"}
    submission = replace(journey.application, answers=answers)
    return start_case(user(journey.applicant_id), journey.process, submission).id


def answer(approval: Approval, instance_id: int, **changes: Any) -> None:
    """The step through the command, on a case with one open seat; `changes` are fields of the submission."""
    place = place_of(instance_id)
    submission = replace(approval.submission, **changes)
    commands.answer(user(approval.user_id), place.seat_id, place.version, submission)


def journey(code: str) -> Journey:
    """Run the scenario once, as a browser would, and keep what its forms made of it."""
    found = institution(code)
    assert found is not None
    files = pack_files(code)
    document = next(entry for entry in scenario_files(files) if entry.process == "new_account")
    scenario = next(entry for entry in document.scenarios if entry.key == "straight_way")
    application = _application(found.id, document.process, scenario)
    applicant = user_by_name(scenario.applicant)
    assert applicant is not None
    made = Journey(code, document.process, found.id, applicant.id, application, ())
    # The year's first number is an insert, every later one an update; the later ones are the rule.
    give_number(found.id, "account", "{n}", datetime.now(ZoneInfo(found.time_zone)).year)
    instance_id = start(made, 0)
    approvals = []
    for step in scenario.steps[1:]:
        approvals.append(_approval(found.id, instance_id, step))
        if step is not scenario.steps[-1]:  # what is registered could send later cases another way
            answer(approvals[-1], instance_id)
    return replace(made, approvals=tuple(approvals))


def _application(institution_id: int, process: str, scenario: Scenario) -> Submission:
    definition = definitions.newest(institution_id, process)
    applicant = user_by_name(scenario.applicant)
    assert definition is not None
    assert applicant is not None
    bundle = definitions.bundle(definition.deployment)
    schema = bundle.form(binding.start_element(bundle, process).form_key or "")
    posted, _ = posting_of(schema, scenario.steps[0].answers, institution_id)
    bound = binding.bind_start(applicant, definition, posted=posted)
    assert bound.validate(), bound.errors
    return Submission(answers=bound.answers, form=(schema.key, schema.hash))


def _approval(institution_id: int, instance_id: int, step: ScenarioStep) -> Approval:
    person = user_by_name(step.by or "")
    place = place_of(instance_id)
    seat = db.session.get(Seat, place.seat_id)
    assert person is not None
    assert seat is not None
    assert seat.task.element == step.task
    empty = binding.bind_task(person, seat)
    assert empty is not None
    posted, _ = posting_of(empty.schema, step.answers, institution_id)
    bound = binding.bind_task(person, seat, posted=posted)
    assert bound is not None
    assert bound.validate(), bound.errors
    form = (bound.schema.key, bound.schema.hash)
    submission = Submission(step.decision, step.opinion, step.grounds, bound.answers, form)
    return Approval(seat.task.element, person.id, submission, posted)


def started(app: Flask, made: Journey, count: int) -> list[int]:
    """That many cases, each just filed."""
    with app.app_context():
        return [start(made, number) for number in range(1, count + 1)]
