"""Scenarios through the pages: each step is what a browser would get and post, CSRF and hidden fields included."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from lxml import html
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse

from tests.support.web import Visitor
from webapp.definitions import queries as definitions
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import local_day
from webapp.scenarios.documents import ScenarioStep
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.posting import posting_of
from webapp.scenarios.runs import ScenarioRun
from webapp.workflow import binding
from webapp.workflow.context import specs

PASSWORD = "beian-demo"


def hidden_fields(page: bytes, action: str) -> dict[str, str]:
    """Names and values of the hidden fields of the form that posts to `action`."""
    document = html.document_fromstring(page.decode())
    for form in document.iter("form"):
        buttons = [button.get("formaction") for button in form.iter("button")]
        if form.get("action") == action or action in buttons:
            return {field.get("name"): field.get("value") or "" for field in form.xpath('.//input[@type="hidden"]')}
    raise AssertionError(f"the page has no form that posts to {action}")


# Sessions of people who logged in before, by secret key and identity: checking a password is slow on purpose. Not those
# of `tests.support.web`, which began on the day of the machine.
_sessions: dict[tuple[str, str], str] = {}


def _logged_in(app: Flask, person: User) -> Visitor:
    """This person's browser with a session that begins now: one kept from another test is of another day."""
    made, identity = Visitor(app), (str(app.config["SECRET_KEY"]), person.get_id())
    if identity not in _sessions:
        answer = made.login(person.username)
        if answer.status_code != 302:
            raise ScenarioFailed(f"{person.username} could not log in: {answer.status_code}")
        _sessions[identity] = made.cookie()
        return made
    signing = SecureCookieSessionInterface().get_signing_serializer(app)
    assert signing is not None
    made.client.set_cookie("beian", str(signing.dumps(signing.loads(_sessions[identity]))))
    return made


class PageRun(ScenarioRun):
    """A scenario whose steps go through HTTP instead of the commands. The machine's clock stands at the scenario's."""

    app: Flask
    visitors: dict[str, Visitor]
    clock: datetime = datetime.min.replace(tzinfo=UTC)

    def _step(self, step: ScenarioStep) -> None:
        moment = step.at.astimezone(UTC) if step.at else self.now
        if moment - self.clock > timedelta(hours=1):
            self.visitors.clear()  # a session does not outlive a night
        self.clock = moment
        with time_machine.travel(moment, tick=False):
            super()._step(step)

    def _begin(self) -> None:
        self.clock = self.now
        with time_machine.travel(self.now, tick=False):
            super()._begin()

    def _update(self, step: ScenarioStep) -> None:
        account_id = self.account_id(step.update or "")
        client = self.visitor(step.by or self.scenario.applicant)
        path = f"/registry/{account_id}/updates"
        fields = hidden_fields(client.get(f"/registry/{account_id}").data, path)
        day = step.on or local_day(self.now)
        answer = client.post(path, {**fields, "updated_on": day.isoformat()})
        if answer.status_code != 302:
            raise ScenarioFailed(f"recording an update answered {answer.status_code}")

    def visitor(self, username: str) -> Visitor:
        """This person's browser, logged in."""
        if username not in self.visitors:
            self.visitors[username] = _logged_in(self.app, self._person(username))
        return self.visitors[username]

    def _start(self, step: ScenarioStep) -> None:
        user = self._person(step.by or self.scenario.applicant)
        definition = definitions.newest(self.institution_id, self.process)
        assert definition is not None
        bundle = definitions.bundle(definition.deployment)
        schema = bundle.form(binding.start_element(bundle, self.process).form_key or "")
        posted, uploads = posting_of(schema, step.answers, self.institution_id, self.accounts, bundle.pack)
        client, path = self.visitor(user.username), f"/start/{self.process}"
        page = client.get(path)
        fields = hidden_fields(page.data, path)
        answer = self._post(client, path, fields, posted, uploads)
        if self._page_refused(step, answer):
            return
        self.instance_id = int(answer.location.rstrip("/").rsplit("/", 1)[-1])

    def _answer(self, step: ScenarioStep) -> None:
        seat = self._seat(step.task or "")
        username = self._answering(step)
        client, seat_id = self.visitor(username), seat.id
        posted: MultiDict[str, str] = MultiDict()
        uploads: MultiDict[str, Any] = MultiDict()
        bundle = definitions.bundle(self._instance().definition.deployment)
        element = bundle.definition(self.process, specs()).elements[seat.task.element]
        if element.form_key:
            schema = bundle.form(element.form_key)
            posted, uploads = posting_of(schema, step.answers, self.institution_id, self.accounts, bundle.pack)
        path = f"/tasks/{seat_id}/return" if step.return_to else f"/tasks/{seat_id}/answer"
        db.session.rollback()
        page = client.get(f"/tasks/{seat_id}")
        if page.status_code != 200:
            raise ScenarioFailed(f"{username} sees {page.status_code} at {step.task}")
        fields = hidden_fields(page.data, f"/tasks/{seat_id}/answer")
        posted.add("opinion", step.opinion)
        for ground in step.grounds:
            posted.add("grounds", ground)
        if step.return_to:
            posted.add("return_to", step.return_to)
        else:
            posted.add("decision", step.decision)
        answer = self._post(client, path, fields, posted, uploads)
        self._page_refused(step, answer)

    def _cancel(self, step: ScenarioStep) -> None:
        client = self.visitor(self._answering(step))
        path = f"/cases/{self.instance_id}/cancel"
        fields = hidden_fields(client.get(f"/cases/{self.instance_id}").data, path)
        answer = client.post(path, {**fields, "reason": "不再需要"})
        if answer.status_code != 302:
            raise ScenarioFailed(f"cancelling answered {answer.status_code}")

    def _post(
        self,
        client: Visitor,
        path: str,
        fields: dict[str, str],
        posted: MultiDict[str, str],
        uploads: MultiDict[str, Any],
    ) -> TestResponse:
        data: MultiDict[str, Any] = MultiDict(fields)
        for key in posted:
            data.setlist(key, posted.getlist(key))
        for key, item in uploads.items(multi=True):
            assert isinstance(item, FileStorage)
            data.add(key, (item.stream, item.filename or ""))
        db.session.rollback()
        return client.post(path, data, content_type="multipart/form-data")

    def _page_refused(self, step: ScenarioStep, answer: TestResponse) -> bool:
        db.session.rollback()
        db.session.expire_all()
        text = answer.get_data(as_text=True)
        if step.refused is None:
            if answer.status_code != 302:
                problems = html.document_fromstring(text).xpath('//*[contains(@class, "bn-call")]//text()')
                told = " ".join(part.strip() for part in problems if part.strip())
                raise ScenarioFailed(f"{step.task}: the page answered {answer.status_code}: {told[:400]}")
            return False
        missing = [part for part in step.refused.values() if part not in text]
        if answer.status_code not in (409, 422) or missing:
            raise ScenarioFailed(f"{step.task}: expected 422 with {missing}, got {answer.status_code}")
        return True
