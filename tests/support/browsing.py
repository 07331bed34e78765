"""Scenarios in a real browser: every step is typed and clicked on the page a person sees."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.hand import Hand
from tests.support.live import log_in, serving
from webapp.extensions import db
from webapp.organization.queries import institution, local_day
from webapp.scenarios.documents import Expected, Scenario, ScenarioStep
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.expectations import differences
from webapp.scenarios.runs import ScenarioRun

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _until(today: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _until(today, entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_until(today, entry) for entry in value]
    return min(value, today) if isinstance(value, str) and _DAY.fullmatch(value) else value


def _final(url: str) -> bool:
    """Whether a post is the form's own, not a look at what depends on a field nor a draft."""
    path = urlsplit(url).path.strip("/").split("/")
    return path[-1] == "answer" or (path[0] == "start" and len(path) == 2)


# Days are those of the scenario's own clock; here it is the machine's.
_DATED = ("late", "last_day", "bulletins")


def go_through(app: Flask, browser: Browser, code: str, process: str, scenario: Scenario, folder: Path) -> BrowserRun:
    """Go through a scenario in the browser, and compare what came of it with what it expects, apart from days."""
    found = institution(code)
    assert found is not None
    said = scenario.expect.model_dump(exclude_unset=True)
    expect = Expected.model_validate({key: value for key, value in said.items() if key not in _DATED})
    steps = tuple(step for step in scenario.steps if step.refused is None)
    run = BrowserRun(found.id, process, scenario.model_copy(update={"expect": expect, "steps": steps}))
    run.browser, run.folder = browser, folder
    db.session.rollback()
    with serving(app):
        run.run()
    assert differences(run) == []
    return run


class BrowserRun(ScenarioRun):
    """A scenario whose applications and decisions go through Chromium, by the machine's clock: a browser has no other.

    What no person does on a page (a campaign that opens, a closing clock) goes as it does elsewhere.
    """

    browser: Browser
    folder: Path

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC)

    def _act(self, step: ScenarioStep) -> None:
        self.now = datetime.now(UTC)
        super()._act(step)

    def _start(self, step: ScenarioStep) -> None:
        page = log_in(self.browser, step.by or self.scenario.applicant)
        page.goto(f"/start/{self.process}")
        self._fill(page, step)
        self._send(page, "submit")
        if "/cases/" not in page.url:
            raise ScenarioFailed(f"the application came back with {self._told_by(page)}")
        self.instance_id = int(page.url.rstrip("/").rsplit("/", 1)[-1])
        self._done()

    def _answer(self, step: ScenarioStep) -> None:
        username, seat_id = self._answering(step), self._seat(step.task or "").id
        db.session.rollback()
        page = log_in(self.browser, username)
        page.goto(f"/tasks/{seat_id}")
        self._fill(page, step)
        if step.opinion:
            page.fill('[name="opinion"]', step.opinion)
        for ground in step.grounds:
            page.check(f'[name="grounds"][value="{ground}"]')
        self._send(page, step.decision)
        if page.url.endswith(f"/tasks/{seat_id}/answer"):
            raise ScenarioFailed(f"{step.task}: the page came back with {self._told_by(page)}")
        self._done()

    def _fill(self, page: Page, step: ScenarioStep) -> None:
        """Type the answers; a day that is still to come on the machine's clock is today."""
        today = local_day(self.now).isoformat()
        Hand(page, self.institution_id, self.folder, self.accounts).fill(_until(today, step.answers))

    def _send(self, page: Page, decision: str) -> None:
        with page.expect_response(lambda answer: answer.request.method == "POST" and _final(answer.url)):
            page.click(f'button[name="decision"][value="{decision}"]')
        page.wait_for_load_state("load")

    def _told_by(self, page: Page) -> str:
        page.screenshot(path=str(self.folder / "refused.png"), full_page=True)
        return " ".join(page.locator(".bn-errors, .bn-err").all_inner_texts())[:300]

    def _done(self) -> None:
        db.session.rollback()
        db.session.expire_all()
