"""The page of substitution without scripts: find a person, appoint, revoke; who sees what; bad input; the banner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select

from tests.substitution.conftest import NOW, TODAY, on
from tests.support import web
from tests.support.desk import text_of, tree
from tests.support.web import Visitor, sentence_of, visitor
from webapp.extensions import db
from webapp.organization.models import Delegation, User

Appoint = Callable[..., Delegation]
Person = Callable[[str], User]
# How a page reads does not depend on the database; what is done and found is tried on both.
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


@pytest.fixture(autouse=True)
def _on_that_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(web, "_sessions", {})  # a session of that day is none on another
    with time_machine.travel(NOW, tick=False):
        yield


def post(visit: Visitor, **changes: Any) -> Any:
    visit.get("/substitution")
    days = {"process_key": "", "valid_from": TODAY.isoformat(), "valid_to": on(7).isoformat(), "note": "出差"}
    return visit.post("/substitution", {**days, "appoint": "1", **changes})


def rules() -> list[tuple[int, int, str | None, str]]:
    found = db.session.scalars(select(Delegation).order_by(Delegation.id)).all()
    made = [(row.principal_id, row.substitute_id, row.process_key, row.note) for row in found]
    db.session.rollback()
    return made


def test_a_person_is_found_picked_and_appointed(app: Flask, person: Person) -> None:
    li, chen = person("wzpt.li").id, person("wzpt.chen").id
    visit = visitor(app, "wzpt.li")
    found = post(visit, find="substitute", **{"substitute-query": "老师"})
    picks = tree(found).xpath('//input[@name="substitute-pick"]/@value')
    assert found.status_code == 200
    assert str(chen) in picks
    assert "还有更多" not in text_of(found)
    assert "还有更多同名或相近的人" in text_of(post(visit, find="substitute", **{"substitute-query": "wzpt."}))
    answer = post(visit, process_key="new_account", **{"substitute-query": "老师", "substitute-pick": str(chen)})
    assert answer.status_code == 302
    assert rules() == [(li, chen, "new_account", "出差")]
    page = text_of(visit.get("/substitution"))
    assert "陈老师" in page
    assert "新开账号备案" in page
    assert "11-20 至 11-27" in page


def test_a_full_name_needs_no_picking(app: Flask, person: Person) -> None:
    assert post(visitor(app, "wzpt.li"), **{"substitute-query": "wzpt.zhang"}).status_code == 302
    assert rules() == [(person("wzpt.li").id, person("wzpt.zhang").id, None, "出差")]


WRONG: list[tuple[dict[str, str], str]] = [
    ({}, "请选定一个人"),
    ({"substitute-query": "查无此人"}, "没有查到“查无此人”"),
    ({"substitute-query": "老师"}, "查到不止一人"),
    ({"substitute-query": "x" * 5000}, "没有查到"),
    ({"substitute": "99999999999999999999"}, "请选定一个人"),
    ({"substitute": "１２"}, "请选定一个人"),
    ({"substitute-pick": "-1"}, "请选定一个人"),
    ({"substitute-query": "李主任"}, "不能由本人代理本人"),
    ({"substitute-query": "冯老师"}, "冯老师 是管理员或审计员"),
    ({"substitute-query": "张老师", "valid_to": "2026-11-19"}, "结束日不能早于开始日"),
    ({"substitute-query": "张老师", "valid_to": "never"}, "请写成"),
    ({"substitute-query": "张老师", "valid_to": "9999-12-31"}, "请核对年份"),
    ({"substitute-query": "张老师", "valid_from": "0001-01-01"}, "请核对年份"),
    ({"substitute-query": "张老师", "note": "长" * 201}, "不超过 200 字"),
    ({"substitute-query": "张老师", "process_key": "no_such"}, "哪些流程"),
]


@SQLITE
def test_what_is_wrong_is_said_beside_it(app: Flask) -> None:
    visit = visitor(app, "wzpt.li")
    for changes, words in WRONG:
        answer = post(visit, **changes)
        assert (answer.status_code, words in text_of(answer)) == (422, True), changes
        assert tree(answer).xpath('//*[@id="errors"]')
    assert rules() == []


@SQLITE
def test_another_rule_on_the_same_days_is_named(app: Flask, appoint: Appoint) -> None:
    appoint("wzpt.li", "wzpt.zhang")
    answer = post(visitor(app, "wzpt.li"), **{"substitute-query": "陈老师"})
    assert answer.status_code == 422
    assert "这段时间已由 张老师 代理（2026-11-20 至 2026-11-27）" in text_of(answer)


def test_the_administrator_appoints_for_somebody(app: Flask, person: Person) -> None:
    visit = visitor(app, "wzpt.wei")
    page = visit.get("/substitution")
    assert tree(page).xpath('//input[@name="principal-query"]')
    answer = post(visit, **{"principal-query": "李主任", "substitute-query": "张老师"})
    assert answer.status_code == 302
    assert rules() == [(person("wzpt.li").id, person("wzpt.zhang").id, None, "出差")]
    assert "李主任" in text_of(visit.get("/substitution"))
    refused = post(visit, **{"principal-query": "卫老师", "substitute-query": "张老师"})
    assert "卫老师 是管理员或审计员" in text_of(refused)


def test_nobody_appoints_for_others_by_naming_them(app: Flask, person: Person) -> None:
    given = {"principal": str(person("wzpt.he").id), "principal-query": "何主任", "substitute-query": "张老师"}
    assert post(visitor(app, "wzpt.li"), **given).status_code == 302
    assert rules()[0][0] == person("wzpt.li").id


def test_who_audits_finds_no_form_and_posts_none(app: Flask) -> None:
    visit = visitor(app, "wzpt.feng")
    page = visit.get("/substitution")
    assert "管理员和审计员不办理事项" in text_of(page)
    assert not tree(page).xpath('//form[starts-with(@action, "/substitution")]')
    assert post(visit, **{"substitute-query": "张老师"}).status_code == 404


@pytest.mark.parametrize("who", ["wzpt.li", "wzpt.zhang", "wzpt.wei"])
def test_each_party_and_the_administrator_revoke(app: Flask, appoint: Appoint, who: str) -> None:
    made = appoint("wzpt.li", "wzpt.zhang").id
    visit = visitor(app, who)
    assert tree(visit.get("/substitution")).xpath(f'//form[@action="/substitution/{made}/revoke"]')
    assert visit.post(f"/substitution/{made}/revoke").status_code == 302
    if who != "wzpt.wei":
        assert "已撤销" in text_of(visit.get("/substitution"))


@pytest.mark.parametrize(
    "path", ["/substitution/1/revoke", "/substitution/2147483648/revoke", "/substitution/x/revoke"]
)
def test_a_stranger_finds_nothing_there(app: Flask, appoint: Appoint, path: str) -> None:
    appoint("wzpt.li", "wzpt.zhang")
    answer = visitor(app, "wzpt.chen").post(path)
    assert answer.status_code == 404
    assert sentence_of(answer)


def test_both_see_it_above_their_pages_and_nobody_else(app: Flask, appoint: Appoint) -> None:
    appoint("wzpt.li", "wzpt.zhang")
    appoint("wzpt.he", "wzpt.zhang", process="new_account")
    for path in ("/", "/inbox", "/substitution"):
        assert "11-20 至 11-27 由 张老师 代您办理（全部流程）" in text_of(visitor(app, "wzpt.li").get(path))
    for path in ("/", "/inbox", "/registry", "/notices"):
        words = text_of(visitor(app, "wzpt.zhang").get(path))
        assert "您正在代 李老师" not in words
        assert "您正在代 李主任 办理（全部流程，11-20 至 11-27）" in words
        assert "您正在代 何主任 办理（新开账号备案，11-20 至 11-27）" in words
    assert not tree(visitor(app, "wzpt.chen").get("/")).xpath('//*[contains(@class, "bn-standing")]')


@SQLITE
def test_before_and_after_there_is_no_banner(app: Flask, appoint: Appoint, person: Person) -> None:
    appoint("wzpt.li", "wzpt.zhang", 1, 2)
    for name in ("wzpt.li", "wzpt.zhang"):
        assert not tree(visitor(app, name).get("/inbox")).xpath('//*[contains(@class, "bn-standing")]')


def test_the_banner_asks_nothing_for_whom_it_does_not_concern(app: Flask) -> None:
    asked = statements(app, visitor(app, "wzpt.chen"), "/registry")
    assert not [text for text in asked if "delegation" in text.lower()]
    assert (
        len([text for text in statements(app, visitor(app, "wzpt.chen"), "/inbox") if "FROM delegation" in text]) <= 1
    )


def statements(app: Flask, visit: Visitor, path: str) -> list[str]:
    """The statements a page asks."""
    visit.get(path)
    seen: list[str] = []

    def note(*args: Any) -> None:
        seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        visit.get(path)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen
