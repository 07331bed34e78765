"""The pages of substitution and hand-over as a browser shows them: accessible, within the screen, silent, alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.support.desk import case_of, open_seat
from tests.support.live import log_in, serving
from tests.support.page_checks import misshapen, wrong_pages
from webapp.extensions import db
from webapp.handover import commands as handing
from webapp.handover.carrying import hand_over_due
from webapp.handover.holdings import NOUNS
from webapp.organization.models import User
from webapp.organization.queries import user_by_name
from webapp.substitution.commands import appoint, revoke
from webapp.workflow.models import Seat

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


def somebody(name: str) -> User:
    found = user_by_name(f"wzpt.{name}")
    assert found is not None
    return found


def some_arrangements() -> int:
    """李主任 is stood in for, 孙老师 has a task and leaves; the id of the hand-over, which has not begun."""
    now = datetime.now(UTC)
    today = now.astimezone().date()
    seat_id = open_seat(case_of("wzpt", "waiting_for_publicity"), "PublicityDecision")
    db.session.get_one(Seat, seat_id).holder_id = somebody("sun").id
    db.session.commit()
    week = (today, today + timedelta(days=7))
    appoint(somebody("li"), somebody("zhang").id, None, *week, "出差，去省里开会", now=now)
    appoint(somebody("he"), somebody("zhang").id, "new_account", *week, "", now=now)
    old = appoint(
        somebody("li"), somebody("chen").id, None, week[1] + timedelta(days=9), week[1] + timedelta(days=12), now=now
    )
    revoke(somebody("li"), old.id, now=now)
    made = handing.order(somebody("wei"), somebody("sun").id, somebody("wu").id, "退休，经部门同意", NOUNS, now=now)
    return made.id


@pytest.fixture
def arranged(kept: Callable[[Callable[[], int]], int]) -> int:
    """The hand-over of `some_arrangements`."""
    return kept(some_arrangements)


def test_the_pages_of_both_parties_look_well(app: Flask, browser: Browser, arranged: int) -> None:
    assert wrong_pages(app, browser, "wzpt.li", ["/substitution", "/", "/inbox"]) == []
    assert wrong_pages(app, browser, "wzpt.zhang", ["/substitution", "/inbox", "/registry"]) == []


def test_the_administrators_pages_look_well(app: Flask, browser: Browser, arranged: int) -> None:
    chosen = f"/handover?leaver={somebody('xu').id}&successor={somebody('zhang').id}&show=1"
    paths = ["/substitution", "/handover", chosen, "/handover?leaver-query=老师&find=leaver", f"/handover/{arranged}"]
    assert wrong_pages(app, browser, "wzpt.wei", paths) == []
    while hand_over_due(datetime.now(UTC)):
        pass
    assert wrong_pages(app, browser, "wzpt.wei", [f"/handover/{arranged}", f"/handover/{arranged}?state=refused"]) == []


def test_a_form_with_errors_looks_well_and_a_person_is_found_by_hand(app: Flask, browser: Browser) -> None:
    with serving(app):
        page = log_in(browser, "wzpt.li")
        page.goto("/substitution")
        page.click("form.bn-form button.btn-primary")
        page.wait_for_selector("#errors")
        assert misshapen(page) == []
        page.fill('[name="substitute-query"]', "老师")
        page.press('[name="substitute-query"]', "Enter")
        page.locator('[name="substitute-pick"]').first.wait_for()
        assert misshapen(page) == []
        page.locator("label", has_text="陈老师").locator("input").check()
        page.fill('[name="valid_to"]', (datetime.now().astimezone().date() + timedelta(days=3)).isoformat())
        page.click("form.bn-form button.btn-primary")
        expect(page.locator(".bn-standing")).to_contain_text("由 陈老师 代您办理（全部流程）")


def test_the_board_of_a_handover_follows_without_being_loaded_again(
    app: Flask, browser: Browser, arranged: int
) -> None:
    with serving(app):
        page = log_in(browser, "wzpt.wei")
        page.goto(f"/handover/{arranged}")
        page.wait_for_selector("progress")
        while hand_over_due(datetime.now(UTC)):
            pass
        db.session.rollback()
        page.wait_for_selector("progress", state="detached")
        expect(page.locator("#live")).to_contain_text("已放回待认领队列")
