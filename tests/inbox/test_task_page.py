from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from tests.cases.built import CaseOnce
from tests.support.desk import (
    application_of,
    case_of,
    decide,
    filled,
    hidden,
    newest_answer,
    open_seat,
    text_of,
    tree,
    values,
)
from tests.support.web import sentence_of, visitor
from webapp.extensions import db
from webapp.registry.models import Decision
from webapp.workflow.models import ProcessInstance, Seat

CLEAR = {"positioning_review": "clear"}


@pytest.fixture
def waiting(app: Flask, case_once: CaseOnce) -> tuple[int, int]:
    """A case waiting for the publicity department, and its seat."""
    case_id = case_once("wzpt", "waiting_for_publicity")
    return case_id, open_seat(case_id, "PublicityDecision")


def state_of(case_id: int) -> tuple[str, str | None, int]:
    case = db.session.get(ProcessInstance, case_id, populate_existing=True)
    assert case is not None
    found = case.state, case.outcome, case.round
    db.session.rollback()
    return found


def test_the_page_shows_what_was_filed_said_and_asked_and_what_each_answer_leads_to(
    app: Flask, waiting: tuple[int, int]
) -> None:
    case_id, seat_id = waiting
    page = visitor(app, "wzpt.sun").get(f"/tasks/{seat_id}")
    text = text_of(page)
    assert "用短视频介绍专业方向和学生项目" in text
    assert "何主任" in text
    assert "次日起算 5 个工作日" in text
    assert "随即「登记并编备案号」，本件办结：已备案" in text
    assert "由 徐老师 补正后重新办理；等待期间停表" in text
    assert tree(page).xpath(f'//*[@data-diagram][@data-src="/cases/{case_id}/diagram.bpmn"]')
    assert tree(page).xpath('//ol[@class="bn-cal"]/li[contains(@class, "is-end")]')


def test_every_decision_button_says_its_effect(app: Flask, waiting: tuple[int, int]) -> None:
    _case, seat_id = waiting
    page = tree(visitor(app, "wzpt.sun").get(f"/tasks/{seat_id}"))
    buttons = page.xpath('//div[@class="bn-decide"]//button')
    assert [button.get("value") for button in buttons] == ["reject", "return", "approve"]
    for button in buttons:
        assert page.xpath(f'//*[@id="{button.get("aria-describedby")}"]')


def test_a_step_beside_another_says_that_it_waits_for_it(app: Flask, case_once: CaseOnce) -> None:
    seat_id = open_seat(case_once("wzpt", "waiting_for_opinions"), "DataOpinion")
    text = text_of(visitor(app, "wzpt.zheng").get(f"/tasks/{seat_id}"))
    assert "同意：等「主办单位签章意见」办完后继续" in text


def test_after_a_decision_the_next_task_opens_with_a_word_on_what_was_done(
    app: Flask, waiting: tuple[int, int]
) -> None:
    _first, one = waiting
    second = case_of("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    answer = decide(sun, one, "approve", opinion="同意备案", **CLEAR)
    assert answer.location == f"/tasks/{open_seat(second, 'PublicityDecision')}"
    page = sun.get(answer.location).get_data(as_text=True)
    assert "已同意：新开：抖音「代码与人」，本件办结。" in page
    assert f"/tasks/{one}/take-back" not in page, "what is registered is not taken back by who approved it"


def test_approving_needs_the_steps_own_form(app: Flask, waiting: tuple[int, int]) -> None:
    case_id, seat_id = waiting
    answer = decide(visitor(app, "wzpt.sun"), seat_id, "approve", opinion="同意备案")
    assert answer.status_code == 422
    assert tree(answer).xpath('//*[@id="errors"]//a[@href="#f-positioning_review"]')
    assert values(answer, "opinion") == ["同意备案"]
    assert state_of(case_id)[0] == "running"


def test_a_refusal_needs_a_ground_and_words(app: Flask, waiting: tuple[int, int]) -> None:
    case_id, seat_id = waiting
    sun = visitor(app, "wzpt.sun")
    without = decide(sun, seat_id, "reject", opinion="不合规定")
    assert without.status_code == 422
    assert "请选定条款" in text_of(without)
    assert values(without, "opinion") == ["不合规定"]
    silent = decide(sun, seat_id, "reject", grounds="wzpt-4")
    assert silent.status_code == 422
    assert "请写明意见" in text_of(silent)
    foreign = decide(sun, seat_id, "reject", grounds="zzlg-1", opinion="不合规定")
    assert foreign.status_code == 422
    assert decide(sun, seat_id, "reject", grounds="wzpt-4", opinion="不合规定").status_code == 302
    assert state_of(case_id)[:2] == ("ended", "refused")
    decision = db.session.scalar(select(Decision).where(Decision.outcome == "reject"))
    assert decision is not None
    assert [ground.clause_code for ground in decision.grounds] == ["wzpt-4"]


def test_sending_back_goes_where_the_server_allows(app: Flask, waiting: tuple[int, int]) -> None:
    case_id, seat_id = waiting
    sun = visitor(app, "wzpt.sun")
    page = tree(sun.get(f"/tasks/{seat_id}"))
    assert page.xpath('//input[@name="return_to"]/@value') == ["applicant", "Opinions"]
    assert decide(sun, seat_id, "return", return_to="Opinions").status_code == 422
    assert decide(sun, seat_id, "return", return_to="RegisterAccount", opinion="重办").status_code == 422
    assert decide(sun, seat_id, "return", return_to="Opinions", opinion="请说明分工").status_code == 302
    assert state_of(case_id) == ("running", None, 2)
    text = text_of(visitor(app, "wzpt.he").get(f"/tasks/{open_seat(case_id, 'UnitOpinion')}"))
    assert "退回至 单位意见与技术审批" in text
    assert "请说明分工" in text


def test_a_correction_shows_the_opinion_on_top_and_the_form_as_it_was_filed(
    app: Flask, waiting: tuple[int, int]
) -> None:
    case_id, seat_id = waiting
    assert (
        decide(visitor(app, "wzpt.sun"), seat_id, "return", return_to="applicant", opinion="请写明更新频率").status_code
        == 302
    )
    xu, again = visitor(app, "wzpt.xu"), open_seat(case_id, "Application")
    page = xu.get(f"/tasks/{again}")
    assert "请写明更新频率" in tree(page).xpath('//section[contains(@class, "bn-returned")]')[0].text_content()
    assert values(page, "name") == ["代码与人"]
    path = f"/tasks/{again}/answer"
    posted = application_of("wzpt.xu", "waiting_for_publicity", name="代码与人工坊")
    answer = xu.post(path, filled(page, path, posted))
    assert answer.location == f"/cases/{case_id}"
    assert newest_answer(case_id, "Application")["name"] == "代码与人工坊"
    text = text_of(visitor(app, "wzpt.he").get(f"/tasks/{open_seat(case_id, 'UnitOpinion')}"))
    assert "代码与人 代码与人工坊" in text


def test_who_comes_second_is_told_who_was_first(app: Flask, waiting: tuple[int, int]) -> None:
    _case, seat_id = waiting
    sun, qian = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian")
    path = f"/tasks/{seat_id}/answer"
    stale = {**hidden(qian.get(f"/tasks/{seat_id}"), path), "decision": "approve", "opinion": "同意", **CLEAR}
    assert decide(sun, seat_id, "approve", opinion="同意", **CLEAR).status_code == 302
    answer = qian.post(path, stale)
    assert answer.status_code == 409
    assert "孙老师" in sentence_of(answer)


def test_the_same_decision_posted_twice_has_one_effect(app: Flask, waiting: tuple[int, int]) -> None:
    case_id, seat_id = waiting
    sun, path = visitor(app, "wzpt.sun"), f"/tasks/{seat_id}/answer"
    data = {**hidden(sun.get(f"/tasks/{seat_id}"), path), "decision": "approve", "opinion": "同意", **CLEAR}
    assert sun.post(path, data).status_code == 302
    assert sun.post(path, data).status_code == 302
    seats = db.session.scalars(select(Seat).where(Seat.instance_id == case_id, Seat.answered_by_id.is_not(None)))
    assert len(seats.all()) == 3


def test_a_task_claimed_by_another_cannot_be_answered_and_says_so(app: Flask, waiting: tuple[int, int]) -> None:
    _case, seat_id = waiting
    sun, qian = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian")
    sun.get(f"/tasks/{seat_id}")
    assert sun.post(f"/tasks/{seat_id}/claim").status_code == 302
    page = qian.get(f"/tasks/{seat_id}")
    assert "孙老师 已认领这件待办" in text_of(page)
    assert not tree(page).xpath('//div[@class="bn-decide"]')
    answer = qian.post(f"/tasks/{seat_id}/answer", {"decision": "approve", "seat_version": "2", **CLEAR})
    assert answer.status_code == 409
    assert sun.post(f"/tasks/{seat_id}/unclaim").status_code == 302
    assert tree(qian.get(f"/tasks/{seat_id}")).xpath('//div[@class="bn-decide"]')


def test_what_one_may_not_see_answers_like_what_is_not_there(app: Flask, waiting: tuple[int, int]) -> None:
    _case, seat_id = waiting
    zhang, foreign = visitor(app, "wzpt.zhang"), visitor(app, "zzlg.sun")
    for person in (zhang, foreign):
        for path in (f"/tasks/{seat_id}", f"/inbox/preview/{seat_id}", "/tasks/999999"):
            assert person.get(path).status_code == 404, path
        for act in ("claim", "unclaim", "answer", "return", "draft", "fields"):
            assert person.post(f"/tasks/{seat_id}/{act}", {"decision": "approve"}).status_code == 404, act


def test_an_opinion_is_saved_as_one_types_and_there_again(app: Flask, waiting: tuple[int, int]) -> None:
    _case, seat_id = waiting
    sun = visitor(app, "wzpt.sun")
    sun.get(f"/tasks/{seat_id}")
    assert "saved_at" in sun.post(f"/tasks/{seat_id}/draft", {"opinion": "还差一份材料", **CLEAR}).get_json()
    page = sun.get(f"/tasks/{seat_id}")
    assert values(page, "opinion") == ["还差一份材料"]
    assert tree(page).xpath('//input[@name="positioning_review"][@value="clear"]/@checked')
    assert "代码与人" in text_of(sun.get("/inbox?view=drafts"))
    decide(sun, seat_id, "approve", opinion="同意", **CLEAR)
    assert "代码与人" not in text_of(sun.get("/inbox?view=drafts"))


def test_a_task_already_done_leads_to_its_case(app: Flask, waiting: tuple[int, int]) -> None:
    case_id, seat_id = waiting
    sun = visitor(app, "wzpt.sun")
    decide(sun, seat_id, "approve", opinion="同意", **CLEAR)
    assert sun.get(f"/tasks/{seat_id}").location == f"/cases/{case_id}"
