"""The inbox in a real browser: five hundred tasks, and twenty of them decided without a mouse."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select

from tests.support.batchable import build_batchable, chains
from tests.support.changing import Changing
from tests.support.live import PASSWORD, log_in, serving
from tests.support.page_checks import listening, problems
from webapp.extensions import db
from webapp.organization.passwords import hash_password
from webapp.workflow.models import Seat

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]
MANY, TWENTY = 500, 20


def batchable_with_logins() -> Changing:
    return build_batchable(hash_password(PASSWORD))


@pytest.fixture
def made(kept: Callable[[Callable[[], Changing]], Changing]) -> Changing:
    return kept(batchable_with_logins)


def selected(page: Page) -> str:
    """The seat of the row that is selected, once its pane is there."""
    row = page.locator("[data-key-item][aria-current]")
    seat = row.get_attribute("data-seat")
    page.locator(f'#reading[data-seat="{seat}"]').wait_for()
    return seat or ""


def answered(made: Changing) -> int:
    number = db.session.scalar(select(func.count()).where(Seat.answered_by_id == made.people["head"]))
    db.session.rollback()
    return number or 0


def test_of_five_hundred_tasks_twenty_are_decided_by_keyboard_alone(
    app: Flask, browser: Browser, made: Changing
) -> None:
    chains(made, MANY)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox")
        assert page.title().startswith("(99+) 待办")
        with listening(page) as heard:
            seen = [selected(page)]
            page.keyboard.press("j")
            assert selected(page) != seen[0]
            page.keyboard.press("k")
            assert selected(page) == seen[0]
            rows = page.locator("[data-key-item]").evaluate_all("all => all.map((row) => row.dataset.seat)")
            for number in range(TWENTY):
                page.keyboard.press("a")
                expect(page.locator("#pane-agree")).to_be_focused()
                with page.expect_navigation():
                    page.keyboard.press("Enter")
                seen.append(selected(page))
                assert number > 18 or seen[-1] == rows[number + 1], "the next of the list, not merely any"
        assert heard == []
        assert len(set(seen)) == TWENTY + 1
    assert answered(made) == TWENTY


def test_no_key_acts_while_one_types_or_holds_another_key_down(app: Flask, browser: Browser, made: Changing) -> None:
    chains(made, 3)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox")
        first = selected(page)
        page.keyboard.press("Control+j")
        page.keyboard.press("Alt+j")
        assert selected(page) == first
        page.keyboard.press("/")
        search = page.locator("main [data-search]")
        expect(search).to_be_focused()
        page.keyboard.type("jkax?")
        assert search.input_value() == "jkax?"
        assert selected(page) == first
        assert page.locator("dialog[open]").count() == 0
    assert answered(made) == 0


def test_the_help_opens_by_its_key_closes_by_escape_and_names_the_persons_own_keys(
    app: Flask, browser: Browser, made: Changing
) -> None:
    chains(made, 2)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox/keys")
        page.fill("#key_next", "n")
        page.get_by_role("button", name="保存").click()
        page.goto("/inbox")
        first = selected(page)
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="快捷键")
        expect(dialog.locator("kbd").get_by_text("n", exact=True)).to_be_visible()
        assert problems(page) == []
        page.keyboard.press("n")
        page.keyboard.press("Escape")
        expect(dialog).not_to_be_visible()
        page.keyboard.press("j")
        assert selected(page) == first, "j is no key of this person any more, and none acts behind the help"
        page.keyboard.press("n")
        assert selected(page) != first


def test_a_key_opens_the_page_where_more_is_needed_than_agreement(app: Flask, browser: Browser, made: Changing) -> None:
    chains(made, 2)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox")
        seat = selected(page)
        page.keyboard.press("r")
        page.wait_for_url(f"**/tasks/{seat}#return")
        expect(page.locator("details#return input").first).to_be_focused()
        page.goto("/inbox")
        selected(page)
        page.keyboard.press("b")
        page.wait_for_url(f"**/tasks/{seat}#reject")
        expect(page.locator("details#reject input").first).to_be_focused()


def test_rows_are_ticked_by_key_and_approved_together(app: Flask, browser: Browser, made: Changing) -> None:
    chains(made, 4)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox")
        selected(page)
        for key in ("x", "j", "x"):
            page.keyboard.press(key)
        expect(page.locator("[data-ticked]")).to_have_text("已勾选 2 件")
        page.get_by_role("button", name="批量同意").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("批量同意 2 件")
        assert problems(page) == []
        page.get_by_role("button", name="同意这 2 件").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("办成 2 件，未办成 0 件")
    assert answered(made) == 2


def test_the_counter_in_title_and_navigation_follows_without_reloading(
    app: Flask, browser: Browser, made: Changing
) -> None:
    chains(made, 2)
    with serving(app):
        page = log_in(browser, "changing.head")
        page.goto("/inbox")
        assert page.title().startswith("(2) 待办")
        chains(made, 1)
        page.evaluate("document.dispatchEvent(new Event('beian:recount'))")
        expect(page).to_have_title(re.compile(r"^\(3\) 待办"))
        assert page.locator('[data-nav="inbox"] .bn-count').first.inner_text() == "3"


def test_the_pages_of_the_list_look_well_and_have_names_for_everything(
    app: Flask, browser: Browser, made: Changing
) -> None:
    chains(made, 25)
    with serving(app):
        page = log_in(browser, "changing.head")
        for path in ("/inbox", "/inbox?view=paused", "/inbox?q=x", "/inbox/keys", "/inbox/phrases", "/inbox/views"):
            page.set_viewport_size({"width": 1440, "height": 900})
            with listening(page) as heard:
                page.goto(path)
                page.wait_for_load_state("networkidle")
                assert problems(page) == [], path
                page.set_viewport_size({"width": 390, "height": 900})
                assert [*problems(page), *heard] == [], (path, 390)
                assert page.evaluate(SMALL) == [], path


# What is pressed on a phone is at least 44 px high, its label or row counted.
SMALL = """() => {
    const pressed = ':is(a.bn-item, button, summary, select, input:not([type=hidden]), .bn-queues a)';
    const height = (e) => (e.closest('label') ?? e).getBoundingClientRect().height;
    return [...document.querySelectorAll(`.bn-main ${pressed}`)]
        .filter((e) => e.offsetParent && !e.closest('dialog') && height(e) < 43.5)
        .map((e) => e.outerHTML.slice(0, 120));
}"""
