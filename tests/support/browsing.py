"""Scenarios in a real browser: every step is typed and clicked on the page a person sees."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page

from tests.support.hand import Hand
from tests.support.web import visitor
from webapp.extensions import db
from webapp.scenarios.documents import ScenarioStep
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.runs import ScenarioRun


class BrowserRun(ScenarioRun):
    """A scenario whose applications and decisions go through Chromium, by the machine's clock: a browser has no other.

    What no person does on a page (a campaign that opens, a closing clock) goes as it does elsewhere.
    """

    app: Flask
    browser: Browser
    address: str
    folder: Path
    contexts: dict[str, BrowserContext]

    def __post_init__(self) -> None:
        self.now = datetime.now(UTC)

    def _act(self, step: ScenarioStep) -> None:
        self.now = datetime.now(UTC)
        super()._act(step)

    def page(self, username: str) -> Page:
        """A page of this person's browser, logged in."""
        if username not in self.contexts:
            cookie = visitor(self.app, username).cookie()
            context = self.browser.new_context(base_url=self.address, locale="zh-CN", timezone_id="Asia/Shanghai")
            context.add_cookies([{"name": "beian", "value": cookie, "url": self.address}])
            self.contexts[username] = context
        made = self.contexts[username].new_page()
        made.set_default_timeout(15_000)
        return made

    def _start(self, step: ScenarioStep) -> None:
        page = self.page(step.by or self.scenario.applicant)
        page.goto(f"/start/{self.process}")
        self._fill(page, step)
        page.click('button[name="decision"][value="submit"]')
        page.wait_for_load_state("networkidle")
        if "/cases/" not in page.url:
            raise ScenarioFailed(f"the application came back with {self._told_by(page)}")
        self.instance_id = int(page.url.rstrip("/").rsplit("/", 1)[-1])
        self._done(page)

    def _answer(self, step: ScenarioStep) -> None:
        username, seat_id = self._answering(step), self._seat(step.task or "").id
        db.session.rollback()
        page = self.page(username)
        page.goto(f"/tasks/{seat_id}")
        self._fill(page, step)
        if step.opinion:
            page.fill('[name="opinion"]', step.opinion)
        for ground in step.grounds:
            page.check(f'[name="grounds"][value="{ground}"]')
        page.click(f'button[name="decision"][value="{step.decision}"]')
        page.wait_for_load_state("networkidle")
        if page.url.endswith(f"/tasks/{seat_id}/answer"):
            raise ScenarioFailed(f"{step.task}: the page came back with {self._told_by(page)}")
        self._done(page)

    def _fill(self, page: Page, step: ScenarioStep) -> None:
        Hand(page, self.institution_id, self.folder, self.accounts).fill(step.answers)

    def _told_by(self, page: Page) -> str:
        page.screenshot(path=str(self.folder / "refused.png"), full_page=True)
        return " ".join(page.locator(".bn-errors, .bn-err").all_inner_texts())[:300]

    def _done(self, page: Page) -> None:
        page.close()
        db.session.rollback()
        db.session.expire_all()
