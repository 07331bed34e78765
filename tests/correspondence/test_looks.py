"""The correspondence as a browser shows it: accessible, no wider than the screen, silent in the console."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.support.desk import case_of
from tests.support.live import log_in, serving
from tests.support.page_checks import listening, misshapen
from webapp.correspondence import commands
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import user_by_name

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"], indirect=True)]


def person(username: str) -> User:
    found = user_by_name(username)
    assert found is not None, username
    return found


def busy_case() -> int:
    """A case with everything in it: a question open, one answered, a remark, copies read and unread, an urging."""
    case_id = case_of("wzpt", "waiting_for_publicity")
    sun, xu, he = "wzpt.sun", "wzpt.xu", "wzpt.he"
    asked = commands.comment(
        person(sun), case_id, "服务对象写的是“学生”，也包括继续教育的学员吗？", asked_id=person(xu).id
    )
    commands.comment(person(xu), case_id, "包括。名单每学期由继续教育学院提供，\n见附件第二页。", reply_to_id=asked.id)
    commands.comment(person(sun), case_id, "明白了。", reply_to_id=asked.id)
    commands.comment(person(he), case_id, "学院已开会研究过。" + "补充一段较长的说明文字，" * 12)
    commands.comment(person(sun), case_id, "类似的账号以前登记过几个？", asked_id=person("wzpt.wang").id)
    sent = commands.copy_to(person(sun), case_id, [person("wzpt.wang").id, person("wzpt.li").id], "请两位知悉。")
    commands.mark_read(person("wzpt.li"), [sent[1].id])
    other = case_of("wzpt", "waiting_for_correction")
    commands.copy_to(person(sun), other, [person("wzpt.wang").id])
    commands.urge(person(he), case_id, "学期初要用")
    db.session.rollback()
    return case_id


@pytest.fixture
def busy(kept: Callable[[Callable[[], int]], int]) -> int:
    return kept(busy_case)


def test_the_pages_look_well_to_everybody_in_the_case(app: Flask, browser: Browser, busy: int) -> None:
    seen = {
        "wzpt.xu": [f"/cases/{busy}/correspondence"],
        "wzpt.wang": ["/copies", f"/cases/{busy}"],
        "wzpt.feng": ["/copies"],
    }
    found: list[str] = []
    with serving(app):
        for username, paths in seen.items():
            page = log_in(browser, username)
            for path in paths:
                with listening(page) as heard:
                    page.goto(path)
                    found += [f"{username} {path}: {problem}" for problem in [*misshapen(page), *heard]]
    assert found == []


def test_forms_open_and_refused_look_well(app: Flask, browser: Browser, busy: int) -> None:
    with serving(app):
        page = log_in(browser, "wzpt.sun")
        page.goto(f"/cases/{busy}")
        page.click("#comment-form details > summary")
        page.fill("#asked-query", "wzpt.w")
        page.fill("#words", "还没有写完的话")
        page.click("#comment-form button[name=refresh]")  # found without leaving the page
        page.wait_for_selector("#comment-form input[type=radio]")
        assert page.url.endswith(f"/cases/{busy}")
        assert page.input_value("#words") == "还没有写完的话"
        assert misshapen(page) == []
        page.click("#copies > details > summary")
        page.fill("#people-query", "wzpt.li、没有这个人")
        page.click("#copy-form button:has-text('抄送')")
        page.wait_for_selector("#copy-form .bn-err")
        assert misshapen(page) == []


def test_a_question_is_answered_and_a_copy_marked_by_keyboard(app: Flask, browser: Browser, busy: int) -> None:
    with serving(app):
        page = log_in(browser, "wzpt.wang", width=390, height=844)
        page.goto(f"/cases/{busy}")
        field = page.locator("#talk details[open] textarea").first
        field.focus()
        page.keyboard.type("有两个，都在用。")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url("**#comment-*")
        assert "有两个，都在用。" in page.inner_text("article:target")
        page.focus("#copies form button")
        page.keyboard.press("Enter")
        page.wait_for_selector("#copies header:has-text('都已阅')")
