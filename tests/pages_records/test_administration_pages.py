"""Faults, the outbox, notices, the calendar, and the people of the demo."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import select

from tests.cases.built import CaseOnce
from tests.support.web import visitor
from webapp.extensions import db, transactional
from webapp.faults.commands import report
from webapp.faults.models import Fault
from webapp.ledger import page
from webapp.notifications.commands import tell
from webapp.notifications.models import Notice, OutboxMessage
from webapp.organization.models import User
from webapp.organization.queries import calendar_days

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
Person = Callable[[str], User]


@transactional
def broken(institution_id: int) -> int:
    """A fault of an operation; its id."""
    found = report(institution_id, kind="operation", sentence="登记没有成功", detail="Traceback: ...", now=NOW)
    return found.id


@transactional
def unsent(institution_id: int) -> int:
    """A message that failed for good; its id."""
    message = db.session.scalar(select(OutboxMessage).where(OutboxMessage.institution_id == institution_id))
    assert message is not None
    message.state, message.error, message.attempts = "failed", "connection refused", 4
    return message.id


def test_a_fault_is_closed_with_a_note_that_the_ledger_keeps(app: Flask, person: Person) -> None:
    institution_id = person("wzpt.wei").institution_id
    fault_id = broken(institution_id)
    wei = visitor(app, "wzpt.wei")
    assert "登记没有成功" in wei.get("/faults").text
    assert "Traceback" in wei.get(f"/faults/{fault_id}").text
    refused = wei.post(f"/faults/{fault_id}", {"note": "  "})
    assert refused.status_code == 422
    assert "请写明怎样处理的" in refused.text
    assert wei.post(f"/faults/{fault_id}", {"note": "改了 <b>连接</b>"}).status_code == 302
    found = db.session.get(Fault, fault_id)
    assert found is not None
    assert found.resolved_by_id == person("wzpt.wei").id
    event = page(db.session(), institution_id, action="faults:fault:resolved", limit=1)[0]
    assert event.erasable == {"note": "改了 <b>连接</b>"}
    shown = wei.get(f"/faults/{fault_id}").text
    assert "改了 &lt;b&gt;连接" in shown
    assert "没有未处理的故障" in wei.get("/faults").text


def test_faults_are_the_administrators_and_the_own_schools(app: Flask, person: Person) -> None:
    fault_id = broken(person("wzpt.wei").institution_id)
    for username in ("wzpt.sun", "wzpt.feng", "zzlg.zhang"):
        assert visitor(app, username).get("/faults").status_code == 404
    other = visitor(app, "zzlg.chen")
    assert other.get("/faults").status_code == 200
    assert other.get(f"/faults/{fault_id}").status_code == 404
    assert other.post(f"/faults/{fault_id}", {"note": "x"}).status_code == 404


def test_mail_that_failed_is_sent_again_from_the_outbox(app: Flask, person: Person) -> None:
    wei = person("wzpt.wei")
    institution_id = wei.institution_id
    tell(institution_id, [person("wzpt.zhang").id], "提醒", "正文", instance_id=None, now=NOW, key="k")
    message_id = unsent(institution_id)
    admin = visitor(app, "wzpt.wei")
    assert "有邮件没有发出" in admin.get("/faults").text
    assert "connection refused" in admin.get("/outbox?state=failed").text
    assert visitor(app, "zzlg.chen").post(f"/outbox/{message_id}/again").status_code == 404
    assert admin.post(f"/outbox/{message_id}/again").status_code == 302
    message = db.session.get(OutboxMessage, message_id)
    assert message is not None
    assert (message.state, message.attempts) == ("waiting", 0)
    assert admin.post(f"/outbox/{message_id}/again").status_code == 404


def test_a_notice_is_counted_read_and_leads_to_its_case(app: Flask, person: Person, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "straight_way")
    zhang = visitor(app, "wzpt.zhang")
    shown = html.document_fromstring(zhang.get("/notices").text)
    assert shown.xpath('//nav//a[@href="/notices"]//span[@class="bn-count"]/text()') == ["1"]
    assert "备案已完成" in shown.text_content()
    notice = db.session.scalar(select(Notice).where(Notice.user_id == person("wzpt.zhang").id))
    assert notice is not None
    notice_id = notice.id
    assert visitor(app, "wzpt.sun").post(f"/notices/{notice_id}/read").status_code == 404
    answer = zhang.post(f"/notices/{notice_id}/read")
    assert answer.location == f"/cases/{case_id}"
    db.session.expire_all()
    read = db.session.get(Notice, notice_id)
    assert read is not None
    assert read.read_at is not None
    assert "都读过了" in zhang.get("/notices").text


def test_all_notices_are_read_at_once_and_nobody_elses(app: Flask, person: Person) -> None:
    ids = [person(name).id for name in ("wzpt.zhang", "wzpt.li")]
    for number in range(3):
        tell(person("wzpt.li").institution_id, ids, f"第{number}条", "", instance_id=None, now=NOW, key=str(number))
    zhang = visitor(app, "wzpt.zhang")
    assert "3 条未读" in zhang.get("/notices").text
    assert zhang.post("/notices/read").status_code == 302
    assert "都读过了" in zhang.get("/notices").text
    assert "3 条未读" in visitor(app, "wzpt.li").get("/notices").text


def test_the_calendar_shows_the_year_and_only_its_days(app: Flask) -> None:
    shown = html.document_fromstring(visitor(app, "wzpt.zhang").get("/calendar?year=2026").text)
    days = shown.xpath('//td[@data-label="日期"]/text()')
    assert "2026-10-01 四" in days
    assert all(day.startswith("2026-") for day in days)
    assert len(shown.xpath('//table[@class="bn-month"]//td[normalize-space()]')) == 365
    assert not shown.xpath('//form[@action="/calendar"]')
    assert visitor(app, "wzpt.zhang").get("/calendar?year=1900").status_code == 404


def test_an_administrator_sets_a_day_with_its_reason(app: Flask, person: Person) -> None:
    institution_id = person("wzpt.wei").institution_id
    wei = visitor(app, "wzpt.wei")
    wei.get("/calendar")
    incomplete = wei.post("/calendar", {"day": "2026-05-18", "workday": "no", "note": ""})
    assert incomplete.status_code == 422
    assert "请写明缘由" in incomplete.text
    assert 'value="2026-05-18"' in incomplete.text
    assert calendar_days(institution_id) == {}
    assert wei.post("/calendar", {"day": "2026-05-18", "workday": "no", "note": "校运动会"}).status_code == 302
    assert calendar_days(institution_id) == {date(2026, 5, 18): (False, "校运动会")}
    assert "校运动会" in wei.get("/calendar?year=2026").text
    assert page(db.session(), institution_id, action="organization:calendar:set", limit=1)[0].actor_label == "卫老师"


@pytest.mark.parametrize("username", ["wzpt.zhang", "wzpt.feng", "wzpt.zhou"])
def test_nobody_else_sets_a_day(app: Flask, person: Person, username: str) -> None:
    answer = visitor(app, username).post("/calendar", {"day": "2026-05-18", "workday": "no", "note": "x"})
    assert answer.status_code == 404
    assert calendar_days(person(username).institution_id) == {}


def test_a_click_on_a_person_of_the_demo_fills_the_login_in(app: Flask) -> None:
    stranger = visitor(app)
    shown = html.document_fromstring(stranger.get("/login").text)
    schools = [node.text for node in shown.xpath('//div[@class="bn-demo-people"]//h2')]
    assert schools == ["中国劳动关系学院", "曲靖师范学院", "郑州西亚斯学院", "温州职业技术学院", "郑州理工职业学院"]
    assert {node.text for node in shown.xpath('//div[@class="bn-demo-people"]//h3')} == {
        "申请人",
        "办理与审批",
        "审计与管理",
    }
    link = next(
        node for node in shown.xpath('//div[@class="bn-demo-people"]//a') if node.xpath("./span/text()") == ["wzpt.li"]
    )
    filled = html.document_fromstring(stranger.get(link.get("href")).text)
    assert filled.get_element_by_id("username").value == "wzpt.li"
    assert filled.get_element_by_id("password").value == "beian-demo"
    assert stranger.get("/login?as=nobody").text.count("beian-demo") == 1
