"""The campaign pages as a browser shows them: accessible, within the screen, silent, alive, whole without scripts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.campaigns.school import School, build_school, work
from tests.support.live import log_in, serving
from tests.support.page_checks import wrong_pages
from webapp.campaigns import commands
from webapp.campaigns.models import Campaign
from webapp.extensions import db

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


def running_school() -> School:
    """The school with a campaign that began today, with cases in every state."""
    school = build_school()
    now = datetime.now(UTC)
    for number in range(8):
        school.register("sj" if number % 2 else "jd", f"校园账号{number}", "zhang" if number % 2 else "wang")
    school.register("sj", "无主账号", None)
    work(now)
    today = now.astimezone().date()
    wanted = commands.Wanted(today, today + timedelta(days=24), "本期")
    made = commands.open_campaign(school.user("sun"), "yearly", wanted, now)
    work(now)
    items = [item for item in school.items(made) if item.instance_id]
    for number, item in enumerate(items[:4]):
        school.file(item, now)
        if number < 2:
            school.decide(item, "approve" if number else "reject", now)
    db.session.rollback()
    return school


@pytest.fixture
def school(kept: Callable[[Callable[[], School]], School]) -> School:
    return kept(running_school)


@pytest.fixture
def running(school: School) -> Campaign:
    return school.campaign("yearly", "本期")


def test_the_pages_of_the_lead_office_look_well(app: Flask, browser: Browser, running: Campaign) -> None:
    board = f"/campaigns/{running.id}"
    paths = ["/campaigns", board, f"{board}?state=unfiled", f"{board}/close", "/campaigns/open/yearly"]
    assert wrong_pages(app, browser, "drill.sun", paths) == []


def test_the_pages_of_a_unit_look_well(app: Flask, browser: Browser, school: School, running: Campaign) -> None:
    zero = next(item.id for item in school.items(running, "zero") if item.name == "图书馆")
    assert wrong_pages(app, browser, "drill.chen", [f"/campaigns/{running.id}", f"/campaigns/zero/{zero}"]) == []


def test_the_board_follows_what_happens_without_being_loaded_again(
    app: Flask, browser: Browser, school: School, running: Campaign
) -> None:
    row = db.session.get_one(Campaign, running.id)
    row.state = "opening"  # asks every two seconds
    db.session.commit()
    with serving(app):
        page = log_in(browser, "drill.sun")
        page.goto(f"/campaigns/{running.id}")
        page.wait_for_selector("progress")
        row.state = "open"
        db.session.commit()
        page.wait_for_selector("progress", state="detached")
        assert page.locator("#live .bn-board > section").count() >= 5


def test_the_board_is_whole_without_scripts(app: Flask, browser: Browser, running: Campaign) -> None:
    with serving(app) as address:
        seen = log_in(browser, "drill.sun")
        state = seen.context.storage_state()
        context = browser.new_context(base_url=address, java_script_enabled=False, storage_state=state)
        page = context.new_page()
        page.goto(f"/campaigns/{running.id}")
        page.select_option('select[name="state"]', "passed")
        page.click("form.bn-filter button")
        assert page.locator("td.is-title").count() == 1
        context.close()
