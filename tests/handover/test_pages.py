"""The pages of hand-overs without scripts: choose, preview, order, follow; who sees them; hostile addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from tests.handover.conftest import House
from tests.support.desk import hidden, text_of, tree
from tests.support.web import visitor
from webapp.extensions import db
from webapp.handover.models import Handover


def preview(app: Flask, leaver: str, successor: str) -> Any:
    address = {"leaver-query": leaver, "successor-query": successor, "show": "1"}
    return visitor(app, "wzpt.wei").get("/handover", query_string=address)


def test_choose_see_order_and_follow(app: Flask, house: House) -> None:
    house.held("sun")
    account = house.account("sun")
    assert account
    page = preview(app, "孙老师", "wzpt.qian")
    words = text_of(page)
    assert "孙老师 移交给 钱老师" in words
    assert "造物集" in words
    assert "宣传部审核人" in words
    ticked = tree(page).xpath('//input[@name="nouns"]/@value')
    assert ticked == ["login", "grant", "seat", "account"]
    visit = visitor(app, "wzpt.wei")
    fields = {**hidden(page, "/handover"), "reason": "退休，经部门同意"}
    answer = visit.post("/handover", [*fields.items(), *(("nouns", noun) for noun in ticked)])
    assert answer.status_code == 302
    board = visit.get(answer.location)
    live = tree(board).xpath('//*[@id="live"]')[0]
    assert (live.get("hx-get"), live.get("hx-trigger")) == (answer.location, "every 2s")
    assert tree(board).xpath("//progress")
    house.work(datetime.now(UTC))
    through = visit.get(answer.location)
    assert not tree(through).xpath("//*[@hx-get] | //progress")
    words = text_of(through)
    assert "由 钱老师 接办。" in words
    assert "已请 钱老师 填报变更备案" in words
    assert "退休，经部门同意" in words
    assert "孙老师" in text_of(visit.get("/handover"))


def test_what_was_refused_is_listed_with_its_reason_and_may_be_tried_again(app: Flask, house: House) -> None:
    house.held("sun")
    lines = house.through("sun", "wu", ["seat"])
    place = f"/handover/{lines[0].handover_id}"
    visit = visitor(app, "wzpt.wei")
    page = visit.get(f"{place}?state=refused")
    assert "1 项没有移交" in text_of(page)
    assert "吴处长 不担任这一步的办理角色" in text_of(page)
    assert "这里没有" in text_of(visit.get(f"{place}?state=done"))
    assert visit.post(f"{place}/again").status_code == 302
    house.work(datetime.now(UTC))
    assert "无须移交" in text_of(visit.get(place))


@pytest.mark.parametrize("who", ["wzpt.sun", "wzpt.zhou", "wzpt.zhang", "wzpt.jiang"])
def test_nobody_else_finds_the_pages(app: Flask, house: House, who: str) -> None:
    made = house.order("sun", "qian", ["grant"]).id
    visit = visitor(app, who)
    answers = [visit.get("/handover"), visit.get(f"/handover/{made}"), visit.post(f"/handover/{made}/again")]
    assert [answer.status_code for answer in [*answers, visit.post("/handover", {"reason": "x"})]] == [404] * 4


def test_auditors_read_and_order_nothing(app: Flask, house: House) -> None:
    made = house.order("sun", "qian", ["grant"]).id
    visit = visitor(app, "wzpt.feng")
    page = visit.get("/handover")
    assert (page.status_code, visit.get(f"/handover/{made}").status_code) == (200, 200)
    assert not tree(page).xpath('//form[starts-with(@action, "/handover")]')
    assert [visit.post(path).status_code for path in ("/handover", f"/handover/{made}/again")] == [404, 404]


def test_another_institutions_administrator_finds_nothing(app: Flask, house: House) -> None:
    made = house.order("sun", "qian", ["grant"]).id
    visit = visitor(app, _administrator("culr"))
    assert [visit.get(path).status_code for path in (f"/handover/{made}", "/handover")] == [404, 200]
    assert visit.post(f"/handover/{made}/again").status_code == 404
    found = visit.get("/handover", query_string={"leaver-query": "孙老师", "leaver": str(house.user("sun").id)})
    assert "wzpt.sun" not in text_of(found)


def _administrator(code: str) -> str:
    from sqlalchemy import select

    from webapp.organization.models import RoleGrant, User
    from webapp.organization.queries import institution

    place = institution(code)
    assert place is not None
    held = select(User.username).join(RoleGrant, RoleGrant.user_id == User.id)
    found = db.session.scalars(held.where(RoleGrant.role == "system_admin", User.institution_id == place.id)).first()
    assert found is not None
    db.session.rollback()
    return found


def test_a_choice_that_cannot_be_is_said_beside_it(app: Flask, house: House) -> None:
    for people, words in (
        (("孙老师", "孙老师"), "接办人须是另一个人"),
        (("孙老师", "冯老师"), "不办理事项，不能接办"),
        (("卫老师", "孙老师"), "不能办理本人的交接"),
        (("老师", "孙老师"), "查到不止一人"),
        (("查无此人", "孙老师"), "没有查到"),
        (("", "孙老师"), "请选定一个人"),
        (("x" * 300, "%_' or 1=1 --"), "没有查到"),
    ):
        page = preview(app, *people)
        assert (page.status_code, words in text_of(page)) == (200, True), people
        assert not tree(page).xpath('//*[@id="preview"]')


def test_posts_nobody_would_make_are_refused_with_a_sentence(
    app: Flask, house: House, others: Callable[[], int]
) -> None:
    visit = visitor(app, "wzpt.wei")
    sun, qian = str(house.user("sun").id), str(house.user("qian").id)
    good = {"leaver": sun, "successor": qian, "reason": "退休", "nouns": "grant"}
    for wrong, words in (
        ({"leaver": str(others())}, ""),
        ({"successor": str(others())}, ""),
        ({"successor": "99999999999999"}, ""),
        ({"successor": str(house.user("wei").id)}, "不能接办"),
        ({"reason": ""}, "请写明缘由"),
        ({"reason": "长" * 501}, "不超过 500 字"),
        ({"nouns": "everything"}, "没有选定要移交的内容"),
    ):
        answer = visit.post("/handover", {**good, **wrong})
        assert (answer.status_code, words in text_of(answer)) == (422, True), wrong
    assert db.session.query(Handover).count() == 0
    for path in ("/handover/0", "/handover/2147483648", "/handover/x", "/handover/1?after=-1&state=%00"):
        assert visit.get(path).status_code in (400, 404)
    assert visit.post("/handover", good).status_code == 302


def test_people_whose_login_has_ended_are_found_as_leavers_only(app: Flask, house: House) -> None:
    house.user("sun").active = False
    db.session.commit()
    assert "登录已停用" in text_of(preview(app, "孙老师", "钱老师"))
    assert "没有查到" in text_of(preview(app, "钱老师", "孙老师"))
