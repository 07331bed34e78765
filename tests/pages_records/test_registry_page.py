"""The register's pages: search, filters, pages by key, and what an account's page says and to whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from tests.cases.built import CaseOnce
from tests.support.web import visitor
from webapp.extensions import db
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing, revise_account
from webapp.registry.models import Account, Filing

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
Person = Callable[[str], User]


def tree(answer: TestResponse) -> html.HtmlElement:
    assert answer.status_code == 200, answer.status_code
    return html.document_fromstring(answer.get_data(as_text=True))


def words(node: html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


def names(answer: TestResponse) -> list[str]:
    return [link.text_content() for link in tree(answer).xpath('//td[@data-label="名称"]/a')]


def enter(person: Person, name: str, unit: str = "sjcy", platform: str = "weibo", **more: object) -> int:
    """An account that was there before, in the institution of wzpt.zhang; its id."""
    institution_id = person("wzpt.zhang").institution_id
    found = unit_by_code(institution_id, unit)
    assert found is not None
    application = {"name": name, "platform": platform, **more}
    return enter_existing(institution_id, found.id, application, now=NOW).id


def test_two_characters_of_a_name_find_it_and_others_do_not(app: Flask, person: Person) -> None:
    enter(person, "设计有温度")
    enter(person, "智造课堂", unit="rgzn")
    zhang = visitor(app, "wzpt.zhang")
    assert names(zhang.get("/registry?q=温度")) == ["设计有温度"]
    assert names(zhang.get("/registry?q=度温")) == []
    assert names(zhang.get("/registry?q=人工智能")) == ["智造课堂"]


def test_the_list_is_narrowed_by_platform_state_and_unit(app: Flask, person: Person) -> None:
    enter(person, "一号")
    enter(person, "二号", platform="douyin")
    enter(person, "三号", unit="rgzn", state="deregistered")
    unit = unit_by_code(person("wzpt.zhang").institution_id, "rgzn")
    assert unit is not None
    zhang = visitor(app, "wzpt.zhang")
    assert names(zhang.get("/registry?platform=douyin")) == ["二号"]
    assert names(zhang.get("/registry?state=deregistered")) == ["三号"]
    assert names(zhang.get(f"/registry?unit={unit.id}")) == ["三号"]
    assert names(zhang.get(f"/registry?unit={unit.id}&platform=douyin")) == []


def test_a_long_list_goes_on_page_after_page_without_losing_one(app: Flask, person: Person) -> None:
    made = [f"账号第{number:02d}" for number in range(65)]
    for name in made:
        enter(person, name)
    zhang, path, seen = visitor(app, "wzpt.zhang"), "/registry?platform=weibo", list[str]()
    while path:
        page = zhang.get(path)
        seen += names(page)
        following = tree(page).xpath('//a[@rel="next"]/@href')
        path = str(following[0]) if following else ""
        assert not path or "platform=weibo" in path
    assert seen == list(reversed(made))


def test_an_empty_register_and_an_empty_search_say_different_things(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    assert "登记册还是空的" in zhang.get("/registry").text
    assert "没有符合条件的账号" in zhang.get("/registry?q=没有这样的账号").text


def test_the_account_page_says_who_decided_under_which_clause(app: Flask, person: Person, case_once: CaseOnce) -> None:
    case_once("wzpt", "straight_way")
    account = db.session.query(Account).filter_by(name="设计有温度").one()
    page = tree(visitor(app, "wzpt.sun").get(f"/registry/{account.id}"))
    assert account.filing_number in words(page)
    events = words(page.get_element_by_id("events"))
    assert "登记入册" in events
    assert "孙老师 · 宣传部审核人 同意" in events
    decisions = page.get_element_by_id("decisions")
    assert "李主任" in words(decisions)
    cited = decisions.xpath('.//a[@class="bn-cite"]')
    assert [link.text_content() for link in cited]
    assert all("/regulations#wzpt-" in link.get("href") for link in cited)


def test_a_second_version_shows_what_it_changed(app: Flask, person: Person) -> None:
    account_id = enter(person, "旧名", platform_account_id="old_id")
    institution_id = person("wzpt.zhang").institution_id
    revise_account(institution_id, account_id, {"name": "新名"}, cause="change", now=NOW)
    page = tree(visitor(app, "wzpt.zhang").get(f"/registry/{account_id}"))
    newest = page.xpath('//section[@id="events"]//ol/li')[0]
    assert newest.xpath(".//del/text()") == ["旧名"]
    assert newest.xpath(".//ins/text()") == ["新名"]
    assert "old_id" not in words(newest)
    life = page.xpath('//table[@class="bn-life"]')
    assert not life or "新名" in words(life[0])


@pytest.mark.parametrize(("username", "shown"), [("wzpt.zhang", True), ("wzpt.sun", True), ("wzpt.xu", False)])
def test_telephones_are_for_the_unit_and_for_those_who_hold_a_role(
    app: Flask, username: str, shown: bool, case_once: CaseOnce
) -> None:
    case_once("wzpt", "straight_way")
    account = db.session.query(Account).filter_by(name="设计有温度").one()
    assert account.details["directly_phone"] == "13800000000"
    page = visitor(app, username).get(f"/registry/{account.id}")
    assert page.status_code == 200
    assert ("13800000000" in page.text) is shown


def test_the_case_is_a_link_only_for_those_who_may_open_it(app: Flask, case_once: CaseOnce) -> None:
    case = case_once("wzpt", "straight_way")
    account = db.session.query(Account).filter_by(name="设计有温度").one()
    reference = db.session.query(Filing).filter_by(account_id=account.id).one().reference
    for username, linked in (("wzpt.zhang", True), ("wzpt.xu", False)):
        page = tree(visitor(app, username).get(f"/registry/{account.id}"))
        assert reference in words(page)
        assert bool(page.xpath(f'//a[@href="/cases/{case}"]')) is linked


def test_another_schools_account_answers_like_none(app: Flask, person: Person) -> None:
    account_id = enter(person, "温州的账号")
    stranger = visitor(app, "zzlg.zhang")
    assert names(stranger.get("/registry")) == []
    assert stranger.get(f"/registry/{account_id}").status_code == 404
    assert stranger.get("/registry/999999").status_code == 404
    assert visitor(app).get("/registry").status_code == 302
