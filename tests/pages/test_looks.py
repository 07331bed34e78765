"""The main pages of each role as a browser shows them: accessible, no wider than the screen, silent in the console."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.support.desk import case_of, open_seat
from tests.support.live import log_in_by_hand, serving
from tests.support.page_checks import misshapen, wrong_pages
from webapp.extensions import db

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


@dataclass(frozen=True)
class Cases:
    """What the pages are about: a finished case, one sent back to its applicant, and one being decided."""

    finished: int
    correction: int
    deciding: int


def some_cases() -> Cases:
    finished = case_of("wzpt", "corrected_twice")
    correction = open_seat(case_of("wzpt", "waiting_for_correction"), "Application")
    deciding = open_seat(case_of("wzpt", "waiting_for_publicity"), "PublicityDecision")
    db.session.rollback()
    return Cases(finished, correction, deciding)


@pytest.fixture
def cases(kept: Callable[[Callable[[], Cases]], Cases]) -> Cases:
    return kept(some_cases)


def test_the_pages_of_an_applicant_look_well(app: Flask, browser: Browser, cases: Cases) -> None:
    paths = ["/", "/start/new_account", "/inbox", "/inbox?view=started", f"/tasks/{cases.correction}"]
    paths += [f"/cases/{cases.finished}", f"/cases/{cases.finished}/rounds/2", "/notices"]
    assert wrong_pages(app, browser, "wzpt.zhang", paths) == []


def test_the_pages_of_an_approver_look_well(app: Flask, browser: Browser, cases: Cases) -> None:
    paths = ["/", "/inbox", f"/tasks/{cases.deciding}", "/registry", "/registry/1"]
    assert wrong_pages(app, browser, "wzpt.sun", paths) == []


@pytest.mark.usefixtures("cases")
def test_the_pages_of_an_auditor_look_well(app: Flask, browser: Browser) -> None:
    paths = ["/", "/ledger", "/ledger/1", "/ledger/checkpoints", "/processes/new_account/1", "/calendar"]
    assert wrong_pages(app, browser, "wzpt.feng", paths) == []


def test_the_pages_of_an_administrator_look_well(app: Flask, browser: Browser) -> None:
    assert wrong_pages(app, browser, "wzpt.wei", ["/faults", "/outbox"]) == []


def test_a_form_with_errors_looks_well_to_who_has_just_logged_in(app: Flask, browser: Browser) -> None:
    with serving(app):
        page = log_in_by_hand(browser, "wzpt.zhang")
        page.goto("/start/new_account")
        page.click("form.bn-form button.btn-primary")
        page.wait_for_selector("#errors")
        assert misshapen(page) == []
