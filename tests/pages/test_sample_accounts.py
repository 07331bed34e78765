"""郑州理工's own sample table: its three accounts, from application to register, in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, Locator, Page, expect
from sqlalchemy import select

from tests.support.live import log_in, serving
from webapp.config import ROOT
from webapp.definitions.packs import read_files
from webapp.extensions import db
from webapp.organization.queries import institution, unit_by_code, user_by_name
from webapp.registry.models import Account
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.documents import Scenario, ScenarioStep
from webapp.scenarios.posting import PDF, PNG

pytestmark = pytest.mark.browser
FILES = read_files(ROOT / "processes", ROOT / "forms", "zzlg")
SAMPLES = {
    scenario.key: scenario
    for document in scenario_files(FILES)
    for scenario in document.scenarios
    if scenario.key.startswith("sample_")
}


class Hand:
    """A person's hand on one page: fills fields as a person does, in the order of the scenario."""

    def __init__(self, page: Page, institution_id: int, folder: Path) -> None:
        self.page, self.institution_id, self.folder = page, institution_id, folder

    def fill(self, answers: dict[str, Any], prefix: str = "") -> None:
        for key, value in answers.items():
            self._one(f"{prefix}{key}", value)

    def _one(self, name: str, value: Any) -> None:
        page = self.page
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for index, row in enumerate(value):
                while page.locator(f'[name^="{name}-{index}-"]').count() == 0:
                    page.click(f'button[name="add-{name}"]')
                    page.wait_for_selector(f'[name^="{name}-{index}-"]')
                self.fill(row, f"{name}-{index}-")
            return
        upload = page.locator(f'input[type="file"][name="{name}-new"]')
        if upload.count():
            upload.set_input_files([self._file(str(item)) for item in value])
            return
        if page.locator(f'[name="{name}-query"]').count():
            self._search(name, str(value))
            return
        field = page.locator(f'[name="{name}"]').first
        field.wait_for()
        kind = field.evaluate("node => node.type || node.tagName.toLowerCase()")
        if kind in ("radio", "checkbox"):
            wanted = value if isinstance(value, list) else ["y" if value is True else str(value)]
            for item in wanted if value is not False else []:
                self._tick(page.locator(f'[name="{name}"][value="{item}"]'))
        elif kind.startswith("select"):
            field.select_option(self._id(value))
        else:
            field.fill(str(value))
            field.blur()
        self._settle()

    def _tick(self, choice: Locator) -> None:
        choice.evaluate("node => node.checked || node.click()")
        self._settle()
        expect(choice).to_be_checked()

    def _settle(self) -> None:
        """Dependent fields are there once no request is on its way."""
        expect(self.page.locator(".htmx-request")).to_have_count(0)
        self.page.wait_for_load_state("networkidle")

    def _search(self, name: str, username: str) -> None:
        """A person is looked up by login or name and picked from what was found."""
        wanted, page = self._id(username), self.page
        page.fill(f'[name="{name}-query"]', username)
        page.locator(f'[name="{name}-query"]').blur()
        chosen = page.locator(f'input[type="hidden"][name="{name}"][value="{wanted}"]')
        pick = page.locator(f'[name="{name}-pick"][value="{wanted}"]')
        chosen.or_(pick).first.wait_for(state="attached")
        if pick.count():
            pick.evaluate("node => node.click()")
        chosen.wait_for(state="attached")

    def _id(self, value: Any) -> str:
        unit = unit_by_code(self.institution_id, str(value))
        person = user_by_name(str(value))
        found = str(unit.id) if unit else str(person.id) if person else str(value)
        db.session.rollback()
        return found

    def _file(self, name: str) -> str:
        path = self.folder / name
        path.write_bytes(PNG if name.endswith(".png") else PDF)
        return str(path)


def file_application(page: Page, hand: Hand, step: ScenarioStep) -> None:
    page.goto("/start/new_account")
    hand.fill(step.answers)
    page.click('button[name="decision"][value="submit"]')
    page.wait_for_url("**/cases/*")


def decide(page: Page, hand: Hand, title: str, step: ScenarioStep) -> None:
    page.goto("/inbox")
    task = page.locator('a[href^="/tasks/"]').filter(has_text=title).first.get_attribute("href")
    page.goto(task or "")
    hand.fill(step.answers)
    if step.opinion:
        page.fill('[name="opinion"]', step.opinion)
    page.click(f'button[name="decision"][value="{step.decision}"]')
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("scenario", [pytest.param(value, id=key) for key, value in SAMPLES.items()])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_sample_account_goes_from_application_to_register(
    app: Flask, browser: Browser, scenario: Scenario, tmp_path: Path
) -> None:
    found = institution("zzlg")
    assert found is not None
    institution_id = found.id
    db.session.rollback()
    with serving(app) as address:
        for number, step in enumerate(scenario.steps):
            username = step.by or scenario.applicant
            page = log_in(browser, address, username)
            hand = Hand(page, institution_id, tmp_path)
            if number == 0:
                file_application(page, hand, step)
            else:
                decide(page, hand, scenario.steps[0].answers["name"], step)
            page.context.close()
    expected = scenario.expect.account
    assert expected is not None
    db.session.rollback()
    account = db.session.scalars(
        select(Account).where(Account.institution_id == institution_id, Account.platform == expected["platform"])
    ).one()
    assert (account.name, account.followers) == (expected["name"], scenario.steps[0].answers.get("followers"))
    assert account.filing_number
