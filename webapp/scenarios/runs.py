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
from webapp.registry.standing import MadeBy, record_update
from webapp.scenarios import beginnings, clock
from webapp.scenarios.documents import Scenario, ScenarioStep
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.given import register_all
from webapp.scenarios.posting import posting_of
from webapp.scenarios.refusals import command_refused, errors_of, form_refused
from webapp.workdays import due, span
from webapp.workflow import binding, commands, queries
from webapp.workflow.context import specs
from webapp.workflow.deadlines import institution_calendar
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance, Seat
from webapp.workflow.starting import start_case


@dataclass
class ScenarioRun:
    """One scenario under way. `now` is the scenario's clock, aware UTC; `process` and `instance_id` the case in focus.

    `accounts` are the given ones by key. `first` is what was there before its own first step.
    """

    institution_id: int
    process: str
    scenario: Scenario
    now: datetime = field(init=False)
    instance_id: int | None = None
    accounts: dict[str, int] = field(default_factory=dict)
    first: beginnings.Before = field(init=False)

    def __post_init__(self) -> None:
        self.now = self.scenario.at.astimezone(UTC)

    def run(self) -> ProcessInstance | None:
        """Do every step; raises ScenarioFailed at the first that does not go as written."""
        self.accounts = register_all(self.institution_id, self.scenario.given, self.now)
        self.first = beginnings.before()
        if any(step.wait or step.at for step in self.scenario.steps):
            clock.plan_campaigns(self.institution_id, self.now)
        if self.scenario.begins:
            self._told("begins", self._begin)
        for number, step in enumerate(self.scenario.steps, start=1):
            self._told(f"step {number} ({step.named})", lambda step=step: self._step(step))
        return db.session.get(ProcessInstance, self.instance_id) if self.instance_id else None

    def _told(self, place: str, act: Any) -> None:
        """Do `act`; a refusal says where."""
        try:
            act()
        except (BeianError, EngineError) as error:
            fields = "".join(f"; {name}: {why}" for name, why in getattr(error, "details", ()))
            raise ScenarioFailed(f"{place}: {error.sentence}{fields}") from error
        except ScenarioFailed as error:
            raise ScenarioFailed(f"{place}: {error}") from error

    def _begin(self) -> None:
        """Let the case begin in another way than by its applicant's filing."""
        assert self.scenario.begins is not None
        begun = beginnings.begin(self, self.scenario.begins)
        self.process, self.instance_id = begun.definition.key, begun.id

    def _step(self, step: ScenarioStep) -> None:
        if step.at is not None:
            self._pass_to(step.at.astimezone(UTC))
        self._act(step)
        clock.work(self.institution_id, self.now)

    def _act(self, step: ScenarioStep) -> None:
        if step.wait:
            self._wait(step.wait)
        elif step.cancel:
            self._cancel(step)
        elif step.update:
            self._update(step)
        elif step.follow:
            self._follow(step.follow, step.account)
        elif step.close_campaign:
            beginnings.close_campaign(self, step.close_campaign, step.by)
        elif step.zero_report:
            beginnings.report_zero(self, step.zero_report, step.by or self.scenario.applicant)
        elif step.process or (step.task == "Application" and self.instance_id is None):
            self._start_another(step)
        else:
            self._answer(step)

    def _start_another(self, step: ScenarioStep) -> None:
        """File an application; one that is refused leaves the case before in focus."""
        before = self.process, self.instance_id
        self.process, self.instance_id = step.process or self.process, None
        self._start(step)
        if self.instance_id is None:
            self.process, self.instance_id = before

    def _start(self, step: ScenarioStep) -> None:
        user = self._person(step.by or self.scenario.applicant)
        definition = definitions.newest(self.institution_id, self.process)
        if definition is None:
            raise ScenarioFailed(f"no process {self.process}")
        bundle = definitions.bundle(definition.deployment)
        schema = bundle.form(binding.start_element(bundle, self.process).form_key or "")
        posted, uploads = posting_of(schema, step.answers, self.institution_id, self.accounts, bundle.pack)
        bound = binding.bind_start(user, definition, posted=posted, uploads=uploads, now=self.now)
        binding.store_uploads(bound, user, bundle, now=self.now)
        valid = bound.validate()
        if form_refused(step, valid, errors_of(bound)):
            return
        submission = Submission(answers=bound.answers, form=(bound.schema.key, bound.schema.hash))
        command_refused(step, lambda: self._started(user, submission))

    def _started(self, user: User, submission: Submission) -> None:
        self.instance_id = start_case(user, self.process, submission, now=self.now).id

    def _answer(self, step: ScenarioStep) -> None:
        seat = self._seat(step.task or "")
        user = self._person(self._answering(step))
        instance = self._instance()
        bundle = definitions.bundle(instance.definition.deployment)
        element = bundle.definition(self.process, specs()).elements[seat.task.element]
        answers: dict[str, Any] = {}
        form = None
        if element.form_key:
            schema = bundle.form(element.form_key)
            posted, uploads = posting_of(schema, step.answers, self.institution_id, self.accounts, bundle.pack)
            bound = binding.bind_task(user, seat, posted=posted, uploads=uploads, now=self.now)
            assert bound is not None
            binding.store_uploads(bound, user, bundle, now=self.now)
            decision = "return" if step.return_to else step.decision
            judged = binding.judged(bound, decision)
            if form_refused(step, judged, errors_of(bound)):
                return
            answers, form = binding.filed(bound, decision), (bound.schema.key, bound.schema.hash)
        submission = Submission(step.decision, step.opinion, step.grounds, answers, form)
        seat_id, version, back = seat.id, seat.version, step.return_to
        if back:
            command_refused(step, lambda: commands.return_to(user, seat_id, version, back, submission, now=self.now))
        else:
            command_refused(step, lambda: commands.answer(user, seat_id, version, submission, now=self.now))

    def _cancel(self, step: ScenarioStep) -> None:
        commands.cancel(self._person(self._answering(step)), self._instance().id, now=self.now)

    def _update(self, step: ScenarioStep) -> None:
        """Record an update of an account, as its page does."""
        made_by = MadeBy(actor=self._person(step.by or self.scenario.applicant))
        day = step.on or self.now.astimezone(ZoneInfo("Asia/Shanghai")).date()
        account_id = self.account_id(step.update or "")
        record_update(self.institution_id, account_id, day, now=self.now, made_by=made_by)

    def _follow(self, process: str, account: str | None) -> None:
        account_id = self.account_id(account) if account else None
        found = beginnings.following(self, process, account_id)
        self.process, self.instance_id = process, found

    def _wait(self, text: str) -> None:
        n, unit = span(text)
        zone = ZoneInfo("Asia/Shanghai")
        self._pass_to(due(n, unit, self.now, institution_calendar(self.institution_id), zone=zone).at)

    def _pass_to(self, moment: datetime) -> None:
        """Let the clock come to `moment`, doing on the way what is due."""
        before, self.now = self.now, max(moment, self.now)
        if self.now > before:
            clock.pass_time(self.institution_id, before, self.now)

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

    def _answering(self, step: ScenarioStep) -> str:
        """Who does a step: whom it names, else who holds the open task, else the case's applicant."""
        if step.by:
            return step.by
        instance = self._instance()
        holder = self._seat(step.task).holder if step.task else None
        return (holder or instance.applicant).username

    def account_id(self, key: str) -> int:
        """The given account with that key. Raises ScenarioFailed."""
        if key not in self.accounts:
            raise ScenarioFailed(f"given has no account {key}")
        return self.accounts[key]

    def _person(self, username: str) -> User:
        user = user_by_name(username)
        if user is None:
            raise ScenarioFailed(f"demo.yaml has no person {username or '(nobody named)'}")
        return user
