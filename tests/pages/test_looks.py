"""The main pages of each role as a browser shows them: accessible, no wider than the screen, silent in the console."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.desk import case_of, open_seat
from tests.support.live import log_in, serving
from tests.support.page_checks import listening, problems
from webapp.extensions import db

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]
WIDTHS = (1440, 390)


@dataclass(frozen=True)
class Cases:
    """What the pages are about: a finished case, one sent back to its applicant, and one being decided."""

    finished: int
    correction: int
    deciding: int


@pytest.fixture
def cases(app: Flask) -> Cases:
    finished = case_of("wzpt", "corrected_twice")
    correction = open_seat(case_of("wzpt", "waiting_for_correction"), "Application")
    deciding = open_seat(case_of("wzpt", "waiting_for_publicity"), "PublicityDecision")
    db.session.rollback()
    return Cases(finished, correction, deciding)


def test_the_pages_of_an_applicant_look_well(app: Flask, browser: Browser, cases: Cases) -> None:
    paths = ["/", "/start/new_account", "/inbox", "/inbox?view=started", f"/tasks/{cases.correction}"]
    paths += [f"/cases/{cases.finished}", f"/cases/{cases.finished}/rounds/2", "/notices"]
    assert _wrong(app, browser, "wzpt.zhang", paths) == []


def test_the_pages_of_an_approver_look_well(app: Flask, browser: Browser, cases: Cases) -> None:
    paths = ["/", "/inbox", f"/tasks/{cases.deciding}", "/registry", "/registry/1"]
    assert _wrong(app, browser, "wzpt.sun", paths) == []


@pytest.mark.usefixtures("cases")
def test_the_pages_of_an_auditor_look_well(app: Flask, browser: Browser) -> None:
    paths = ["/", "/ledger", "/ledger/1", "/ledger/checkpoints", "/processes/new_account/1", "/calendar"]
    assert _wrong(app, browser, "wzpt.feng", paths) == []


def test_the_pages_of_an_administrator_look_well(app: Flask, browser: Browser) -> None:
    assert _wrong(app, browser, "wzpt.wei", ["/faults", "/outbox"]) == []


def test_a_form_with_errors_looks_well(app: Flask, browser: Browser) -> None:
    with serving(app) as address:
        page = log_in(browser, address, "wzpt.zhang")
        page.goto("/start/new_account")
        page.click("form.bn-form button.btn-primary")
        page.wait_for_selector("#errors")
        assert _misshapen(page) == []
        page.context.close()


def _wrong(app: Flask, browser: Browser, username: str, paths: list[str]) -> list[str]:
    """What is wrong with these pages; one line each."""
    found: list[str] = []
    with serving(app) as address:
        page = log_in(browser, address, username)
        for path in paths:
            with listening(page) as heard:
                answer = page.goto(path)
                assert answer is not None, path
                assert answer.ok, path
                if page.locator(".bn-diagram").count():
                    page.locator(".bn-diagram .djs-element").first.wait_for()
                seen = _misshapen(page)
            found += [f"{path}: {problem}" for problem in [*seen, *heard]]
        page.context.close()
    return found


def _misshapen(page: Page) -> list[str]:
    """What page_checks finds at each width."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: {problem}" for problem in problems(page)]
    return found
