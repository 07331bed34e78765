"""The pages of what is done with a task, as a browser shows them: accessible, no wider than the screen, and helpful."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from tests.support.live import log_in, serving
from tests.support.page_checks import listening, misshapen
from tests.support.web import visitor
from tests.tasks.bureau import Bureau
from tests.tasks.test_pages import bureau_with_logins, child_of, decision_of_publicity, hand, seat
from webapp.extensions import db

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


@pytest.fixture
def seat_id(kept: Callable[[Callable[[], int]], int]) -> int:
    return kept(decision_of_publicity)


def wrong(page: Page) -> list[str]:
    return [f"{page.url} {problem}" for problem in misshapen(page)]


def test_a_task_is_handed_on_in_the_browser(app: Flask, browser: Browser, seat_id: int) -> None:
    with serving(app):
        page = log_in(browser, "wzpt.sun")
        with listening(page) as heard:
            page.goto(f"/tasks/{seat_id}")
            page.locator(".bn-diagram .djs-element").first.wait_for()
            page.click(".bn-further > summary")
            assert wrong(page) == []
            page.keyboard.press("Escape")
            assert not page.locator(".bn-further[open]").count()
            assert page.locator("[data-missing]").inner_text() == "还有 1 项未填，去看"
            page.check('[name="positioning_review"][value="clear"]')
            page.locator("[data-missing]").wait_for(state="hidden")
            page.click(".bn-further > summary")
            page.click("text=前加签")
            page.fill("#q", "老师")
            page.click('button[name="find"]')
            page.locator(".bn-people").wait_for()
            page.check(".bn-people li:nth-child(1) input")
            page.check(".bn-people li:nth-child(2) input")
            first, second = (page.locator(".bn-people b").nth(n).inner_text() for n in (0, 1))
            assert page.locator('[data-chosen="to"]').inner_text() == f"{first}、{second}"
            assert wrong(page) == []
            page.set_viewport_size({"width": 390, "height": 844})
            page.click('button[name="hand"]')
            page.wait_for_url("**/inbox")
            page.goto(f"/tasks/{seat_id}")
            assert wrong(page) == []
            assert page.locator("#asked li").count() == 2
        assert heard == []


def test_the_pages_of_who_was_asked_and_of_who_oversees_look_well(app: Flask, browser: Browser, seat_id: int) -> None:
    hand(visitor(app, "wzpt.sun"), seat_id, "delegate", ["wzpt.he"])
    asked, case_id = child_of(seat_id, "wzpt.he"), seat(seat_id).instance_id
    found: list[str] = []
    with serving(app):
        for username, paths in {
            "wzpt.he": [f"/tasks/{asked}"],
            "wzpt.wei": ["/oversight", f"/oversight/{case_id}", f"/oversight/{case_id}/seats/{asked}"],
            "wzpt.sun": [f"/cases/{case_id}"],
        }.items():
            page = log_in(browser, username)
            for path in paths:
                page.goto(path)
                found += wrong(page)
    assert found == []


def test_a_countersigned_step_looks_well_and_is_taken_back_from_its_toast(
    app: Flask, browser: Browser, kept: Callable[[Callable[[], Bureau]], Bureau]
) -> None:
    bureau = kept(bureau_with_logins)
    case_id = bureau.start("signing")
    mine = bureau.seat(case_id, "Share")[0]
    db.session.rollback()
    with serving(app):
        page = log_in(browser, "bureau.zhang")
        page.goto(f"/tasks/{mine}")
        assert wrong(page) == []
        page.set_viewport_size({"width": 1440, "height": 900})
        page.click('.bn-decide [value="approve"]')
        page.locator(".bn-toast form").wait_for()
        assert wrong(page) == []
        page.click(".bn-toast form button")
        page.wait_for_url(f"**/tasks/{mine}")
        assert page.locator(".bn-decide button").count() == 3
