from __future__ import annotations

from flask import Flask

from tests.cases.built import CaseOnce
from tests.support.desk import text_of, tree
from tests.support.web import visitor


def test_an_applicant_finds_what_was_sent_back_and_what_was_said(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_correction")
    text = text_of(visitor(app, "wzpt.zhang").get("/"))
    assert "补正：新开：哔哩哔哩「木作课」" in text
    assert "请写明更新频率和审核人" in text


def test_an_applicant_sees_how_far_a_case_is_and_who_has_it(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    page = visitor(app, "wzpt.xu").get("/")
    track = tree(page).xpath('//ol[@class="bn-track"]/li')
    assert [step.get("class") for step in track] == ["is-done", "is-done", "is-current", "is-next"]
    assert "宣传部审核" in track[2].text_content()
    assert "登记并编备案号" in track[3].text_content()


def test_an_approver_finds_the_most_urgent_tasks_with_the_time_left(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    text = text_of(visitor(app, "wzpt.sun").get("/"))
    assert "今天先办这 1 件" in text
    assert "代码与人" in text
    assert "工作日" in text


def test_everybody_is_offered_what_the_pack_lets_them_start(app: Flask) -> None:
    for username in ("wzpt.zhang", "wzpt.wang"):
        page = tree(visitor(app, username).get("/"))
        assert page.xpath('//main//a[@href="/start/new_account"]')


def test_a_person_with_nothing_to_do_is_told_so(app: Flask) -> None:
    assert "现在没有要您办的事" in text_of(visitor(app, "wzpt.zhang").get("/"))


def test_a_stranger_is_sent_to_log_in(app: Flask) -> None:
    answer = visitor(app).get("/")
    assert answer.status_code == 302
    assert "/login" in answer.location
