from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Flask
from lxml import etree
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from tests.cases.built import CaseOnce
from tests.support.desk import application_of, filled, hidden, text_of, tree, values
from tests.support.web import visitor
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.scenarios.posting import PDF
from webapp.workflow.models import ProcessInstance


def test_the_course_stands_by_rounds_newest_first_with_what_was_said(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "corrected_twice")
    page = tree(visitor(app, "wzpt.zhang").get(f"/cases/{case_id}"))
    lines = [" ".join(line.text_content().split()) for line in page.xpath('//section[@id="course"]//ol/li')]
    rounds = [line[:5] for line in lines if line.startswith("第 ")]
    assert rounds == ["第 3 轮", "第 2 轮", "第 1 轮"]
    assert any("请补充服务对象" in line for line in lines)
    assert lines[1].startswith("登记并编备案号")
    assert lines[-1].startswith("提交申请")


def test_rounds_are_compared_field_by_field(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "corrected_twice")
    zhang = visitor(app, "wzpt.zhang")
    page = tree(zhang.get(f"/cases/{case_id}"))
    tables = page.xpath('//section[@id="changes"]//table')
    assert len(tables) == 2
    assert "服务对象" in tables[0].text_content()
    assert tables[0].xpath(".//del")
    assert tables[0].xpath(".//ins")
    second = zhang.get(f"/cases/{case_id}/rounds/2")
    assert "定位" in text_of(second)
    assert zhang.get(f"/cases/{case_id}/rounds/9").status_code == 404


def test_events_facts_and_forms_stand_on_the_page(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "straight_way")
    text = text_of(visitor(app, "wzpt.sun").get(f"/cases/{case_id}"))
    for words in ("账号登记", "任务完成 · 宣传部审核 · 同意", "温职新媒备〔2026〕", "主办单位签章意见", "已通过"):
        assert words in text, words


def test_a_refusal_shows_its_ground(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "partner_refused")
    page = tree(visitor(app, "wzpt.xu").get(f"/cases/{case_id}"))
    said = page.xpath('//section[@id="course"]//li[contains(@class, "is-void")]')
    assert said
    assert "依据" in said[0].text_content()


def test_a_case_one_may_not_see_answers_like_none(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "straight_way")
    for username in ("wzpt.xu", "zzlg.sun"):
        person = visitor(app, username)
        for path in ("", "/diagram.bpmn", "/rounds/1"):
            assert person.get(f"/cases/{case_id}{path}").status_code == 404
            assert person.get(f"/cases/999999{path}").status_code == 404
        assert person.post(f"/cases/{case_id}/cancel", {"reason": "x"}).status_code == 404


def test_an_auditor_reads_every_case_and_changes_none(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    page = visitor(app, "wzpt.feng").get(f"/cases/{case_id}")
    assert page.status_code == 200
    assert not tree(page).xpath('//section[@id="cancel"]')


def test_the_diagram_is_the_case_s_own(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    answer = visitor(app, "wzpt.xu").get(f"/cases/{case_id}/diagram.bpmn")
    assert answer.mimetype == "application/xml"
    assert etree.fromstring(answer.data).tag.endswith("definitions")


def test_the_marks_say_what_is_done_and_what_is_open(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_correction")
    page = tree(visitor(app, "wzpt.zhang").get(f"/cases/{case_id}"))
    marks = page.xpath("//*[@data-diagram]/@data-marks")[0]
    assert '"Application": "now"' in marks
    assert '"PublicityDecision": "returned"' in marks
    assert '"UnitOpinion": "done"' in marks
    steps = page.xpath('//details[@class="bn-diagram__text"]//li/@data-element')
    assert steps == ["Application", "UnitOpinion", "PublicityDecision", "RegisterAccount"]


def test_the_applicant_withdraws_with_a_reason(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    xu, path = visitor(app, "wzpt.xu"), f"/cases/{case_id}/cancel"
    fields = hidden(xu.get(f"/cases/{case_id}"), path)
    refused = xu.post(path, {**fields, "reason": ""})
    assert refused.status_code == 422
    assert "请写明撤销的理由" in text_of(refused)
    assert xu.post(path, {**fields, "reason": "不再开办"}).status_code == 302
    case = db.session.get(ProcessInstance, case_id, populate_existing=True)
    assert case is not None
    assert case.state == "withdrawn"
    assert "撤销申请" in text_of(xu.get(f"/cases/{case_id}"))


def test_only_the_applicant_may_withdraw(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    assert not tree(sun.get(f"/cases/{case_id}")).xpath('//section[@id="cancel"]')
    assert sun.post(f"/cases/{case_id}/cancel", {"reason": "x"}).status_code == 409


def test_an_attachment_opens_for_those_who_see_its_case_and_nobody_else(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    data: MultiDict[str, Any] = MultiDict([*hidden(zhang.get("/start/new_account"), "/start/new_account").items()])
    data.add("attachments-new", (BytesIO(PDF), "制度 一.pdf"))
    page = zhang.post("/start/new_account", data, content_type="multipart/form-data")
    key = values(page, "attachments")[0]
    assert zhang.get(f"/files/{key}").data == PDF
    assert visitor(app, "wzpt.li").get(f"/files/{key}").status_code == 404
    posted = application_of("wzpt.zhang")
    posted.add("attachments", key)
    filed = zhang.post("/start/new_account", filled(page, "/start/new_account", posted))
    assert filed.status_code == 302
    answer = visitor(app, "wzpt.li").get(f"/files/{key}")
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment")
    for username in ("wzpt.xu", "zzlg.sun"):
        assert visitor(app, username).get(f"/files/{key}").status_code == 404
    assert db.session.scalar(select(StoredFile.instance_id).where(StoredFile.key == key)) is not None


def test_pages_come_in_english(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    xu = visitor(app, "wzpt.xu")
    xu.post("/language/en", {"next": "/"})
    text = text_of(xu.get(f"/cases/{case_id}"))
    assert "New: Douyin “代码与人”" in text
