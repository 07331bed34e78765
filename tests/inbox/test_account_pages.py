"""Starting a case about a registered account in the browser: what is registered, the last day, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.support.changing import Changing, build_changing
from tests.support.desk import text_of, tree
from tests.support.web import Visitor, visitor
from webapp.organization.passwords import hash_password

CHANGE = "/start/change"
PASSWORD = "beian-demo"


def _build() -> Changing:
    return build_changing(hash_password(PASSWORD))


@pytest.fixture
def office(kept: Callable[[Callable[[], Changing]], Changing]) -> Changing:
    return kept(_build)


@pytest.fixture
def zhang(app: Flask, office: Changing) -> Visitor:
    return visitor(app, "changing.zhang")


def note(page: html.HtmlElement, name: str) -> str:
    """What stands beneath a field about the register."""
    return " ".join(" ".join(page.xpath(f'//p[@id="f-{name}-current"]//text()')).split())


def typed(answer: TestResponse, **more: Any) -> MultiDict[str, str]:
    """The form on a page as a browser would send it, with these answers changed."""
    (form,) = tree(answer).xpath(f'//form[@action="{CHANGE}"]')
    found = MultiDict([(name, value) for name, value in form.form_values() if name != "csrf_token"])
    for name, value in more.items():
        found.setlist(name, [str(value)])
    return found


def test_from_the_accounts_page_the_form_is_filled_with_what_is_registered(office: Changing, zhang: Visitor) -> None:
    account_id = office.enter()
    page = tree(zhang.get(f"/registry/{account_id}"))
    assert f"{CHANGE}?account={account_id}" in page.xpath("//aside//a/@href")
    assert not page.xpath('//aside//a[contains(@href, "/start/relief")]')  # the account is not under rectification
    form = tree(zhang.get(f"{CHANGE}?account={account_id}"))
    assert form.xpath('//select[@name="account"]/option[@selected]/@value') == [str(account_id)]
    assert form.xpath('//input[@name="name"]/@value') == ["信息之窗"]
    assert note(form, "name") == "现登记：信息之窗 未变更"
    assert note(form, "directly_responsible") == "现登记：张老师 未变更"


def test_picking_another_account_changes_what_was_not_touched(office: Changing, zhang: Visitor) -> None:
    first, second = office.enter(), office.enter("第二个", directly_responsible=None)
    opened = zhang.get(f"{CHANGE}?account={first}")
    again = tree(zhang.post(f"{CHANGE}/fields", typed(opened, account=second, refresh=1)))
    assert again.xpath('//input[@name="name"]/@value') == ["第二个"]
    assert again.xpath('//input[@name="account_shown"]/@value') == [str(second)]
    kept = tree(zhang.post(f"{CHANGE}/fields", typed(opened, account=second, name="我写的名称", refresh=1)))
    assert kept.xpath('//input[@name="name"]/@value') == ["我写的名称"]
    assert note(kept, "name") == "现登记：第二个 已变更"


def test_the_last_day_shows_with_its_arithmetic_as_soon_as_the_date_is_typed(office: Changing, zhang: Visitor) -> None:
    account_id = office.enter()
    opened = zhang.get(f"{CHANGE}?account={account_id}")
    assert tree(opened).xpath('//section[@id="filing-term"]/@hidden')
    for path in (f"{CHANGE}/fields", CHANGE):  # with JavaScript and without
        page = tree(zhang.post(path, typed(opened, changed_on="2026-02-13", refresh=1)))
        (term,) = page.xpath('//section[@id="filing-term"]')
        words = " ".join(term.itertext())
        assert "最后一日 2026-03-02" in words
        assert "2026-02-13 发生，次日起算 7 个工作日" in words
        assert len(term.xpath('.//ol[@class="bn-cal"]/li')) == 18
        assert not term.get("hidden")


def test_a_late_change_is_accepted_and_marked_on_its_case(office: Changing, zhang: Visitor) -> None:
    account_id = office.enter()
    opened = zhang.get(f"{CHANGE}?account={account_id}")
    answer = zhang.post(CHANGE, typed(opened, changed_on="2025-01-02", name="新名称", decision="submit"))
    assert answer.status_code == 302, text_of(answer)
    page = tree(zhang.get(answer.location))
    words = " ".join(page.text_content().split())
    assert "逾期申报" in words
    assert "原登记：信息之窗 已变更" in words
    assert "最后一日 2025-01-13" in words


def test_a_second_case_is_refused_at_the_field_before_it_is_sent(office: Changing, zhang: Visitor) -> None:
    account_id = office.enter()
    office.start("change", office.answers(account_id), now=datetime(2026, 3, 2, 1, tzinfo=UTC))
    opened = zhang.get(f"{CHANGE}?account={account_id}")
    assert "已有一件在办（变〔2026〕0001）" in text_of(opened)
    answer = zhang.post(CHANGE, typed(opened, decision="submit"))
    assert answer.status_code == 422
    (error,) = tree(answer).xpath('//div[@id="f-account-err"]')
    assert "变〔2026〕0001" in error.text_content()
    assert "变〔2026〕0001" in text_of(zhang.get(f"/registry/{account_id}"))


def test_an_account_of_others_cannot_be_named(app: Flask, office: Changing, zhang: Visitor) -> None:
    office.enter()
    foreign = office.enter("别家的", unit_id=office.office, directly_responsible=None)
    opened = zhang.get(CHANGE)
    assert not tree(opened).xpath(f'//select[@name="account"]/option[@value="{foreign}"]')
    for path in ("", f"?account={foreign}"):
        answer = zhang.post(f"{CHANGE}{path}", typed(opened, account=foreign, decision="submit"))
        assert answer.status_code == 422
        assert "没有可选的账号" in text_of(answer)
    assert zhang.get(f"{CHANGE}?account=999999").status_code == 200
    assert zhang.get(f"{CHANGE}?account=x").status_code == 200
    # Whoever holds a role above the unit may name it, and so may people who are named.
    head = visitor(app, "changing.head")
    assert tree(head.get(CHANGE)).xpath(f'//select[@name="account"]/option[@value="{foreign}"]')
