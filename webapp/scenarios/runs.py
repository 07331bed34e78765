"""One scenario under way, step by step through the real commands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.definitions import queries as definitions
from webapp.engine.errors import EngineError
from webapp.errors import BeianError
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import user_by_name
from webapp.scenarios.documents import Scenario, ScenarioStep
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.given import register_given
from webapp.scenarios.posting import posting_of
from webapp.workdays import due, span
from webapp.workflow import binding, commands, queries, timers
from webapp.workflow.context import specs
from webapp.workflow.deadlines import institution_calendar
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.starting import start_case


@dataclass
class ScenarioRun:
    """One scenario under way. `now` is the scenario's clock, aware UTC."""

    institution_id: int
    process: str
    scenario: Scenario
    now: datetime = field(init=False)
    instance_id: int | None = None

    def __post_init__(self) -> None:
        self.now = self.scenario.at.astimezone(UTC)

    def run(self) -> ProcessInstance | None:
        """Do every step; raises ScenarioFailed at the first that does not go as written."""
        for given in self.scenario.given.accounts:
            register_given(self.institution_id, given, self.now)
        for number, step in enumerate(self.scenario.steps, start=1):
            try:
                self._step(step)
            except (BeianError, EngineError) as error:
                raise ScenarioFailed(f"step {number} ({step.task or 'wait/cancel'}): {error.sentence}") from error
        return db.session.get(ProcessInstance, self.instance_id) if self.instance_id else None

    def _step(self, step: ScenarioStep) -> None:
        if step.at is not None:
            self.now = step.at.astimezone(UTC)
        if step.wait:
            self._wait(step.wait)
        elif step.cancel:
            self._cancel()
        elif step.task == "Application" and self.instance_id is None:
            self._start(step)
        else:
            self._answer(step)

    def _start(self, step: ScenarioStep) -> None:
        user = self._person(self.scenario.applicant)
        definition = definitions.newest(self.institution_id, self.process)
        if definition is None:
            raise ScenarioFailed(f"no process {self.process}")
        bundle = definitions.bundle(definition.deployment)
        schema = bundle.form(binding.start_element(bundle, self.process).form_key or "")
        posted, uploads = posting_of(schema, step.answers, self.institution_id)
        bound = binding.bind_start(user, definition, posted=posted, uploads=uploads, now=self.now)
        binding.store_uploads(bound, user, bundle, now=self.now)
        if self._refused(step, bound.validate(), bound.errors):
            return
        form = (bound.schema.key, bound.schema.hash)
        submission = Submission(answers=bound.answers, form=form)
        self.instance_id = start_case(user, self.process, submission, now=self.now).id

    def _answer(self, step: ScenarioStep) -> None:
        seat = self._seat(step.task or "")
        user = self._person(step.by or self.scenario.applicant)
        instance = self._instance()
        bundle = definitions.bundle(instance.definition.deployment)
        element = bundle.definition(self.process, specs()).elements[seat.task.element]
        answers: dict[str, Any] = {}
        form = None
        if element.form_key:
            posted, uploads = posting_of(bundle.form(element.form_key), step.answers, self.institution_id)
            bound = binding.bind_task(user, seat, posted=posted, uploads=uploads, now=self.now)
            assert bound is not None
            binding.store_uploads(bound, user, bundle, now=self.now)
            decision = "return" if step.return_to else step.decision
            if self._refused(step, binding.judged(bound, decision), bound.errors):
                return
            answers, form = binding.filed(bound, decision), (bound.schema.key, bound.schema.hash)
        submission = Submission(step.decision, step.opinion, step.grounds, answers, form)
        seat_id, version = seat.id, seat.version
        if step.return_to:
            commands.return_to(user, seat_id, version, step.return_to, submission, now=self.now)
        else:
            commands.answer(user, seat_id, version, submission, now=self.now)

    def _cancel(self) -> None:
        commands.cancel(self._person(self.scenario.applicant), self._instance().id, now=self.now)

    def _refused(self, step: ScenarioStep, valid: bool, errors: dict[str, list[str]]) -> bool:
        """Whether the form was refused as expected. Raises ScenarioFailed when it went otherwise."""
        if step.refused is None:
            if not valid:
                raise ScenarioFailed(f"{step.task}: the form was refused: {errors}")
            return False
        for name, part in step.refused.items():
            if not any(part in sentence for sentence in errors.get(name, ())):
                raise ScenarioFailed(f"{step.task}: expected “{part}” at {name}, got {errors}")
        return True

    def _wait(self, text: str) -> None:
        n, unit = span(text)
        zone = ZoneInfo("Asia/Shanghai")
        self.now = max(due(n, unit, self.now, institution_calendar(self.institution_id), zone=zone).at, self.now)
        while timers.run_due(self.now):
            pass

    def _instance(self) -> ProcessInstance:
        found = db.session.get(ProcessInstance, self.instance_id) if self.instance_id else None
        if found is None:
            raise ScenarioFailed("the case has not begun")
        return found

    def _seat(self, element: str) -> Seat:
        tasks = queries.open_tasks(self._instance())
        for task in tasks.values():
            if task.element == element:
                return next(seat for seat in task.seats if seat.state == "open")
        opened = ", ".join(task.element for task in tasks.values()) or "nothing"
        raise ScenarioFailed(f"{element} is not open; open: {opened}")

    def _person(self, username: str) -> User:
        user = user_by_name(username)
        if user is None:
            raise ScenarioFailed(f"demo.yaml has no person {username}")
        return user
