from __future__ import annotations

from io import BytesIO
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import MultiDict

from tests.support.desk import application_of, filled, hidden, newest_answer, text_of, tree, values
from tests.support.web import visitor
from webapp.extensions import db
from webapp.scenarios.posting import PDF
from webapp.workflow.models import AnswerDraft, ProcessInstance

PATH = "/start/new_account"


def count_cases() -> int:
    found = db.session.scalar(select(func.count()).select_from(ProcessInstance)) or 0
    db.session.rollback()
    return found


def test_a_complete_application_starts_a_case_and_says_its_number(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    posted = application_of("wzpt.zhang")
    answer = zhang.post(PATH, filled(zhang.get(PATH), PATH, posted))
    assert answer.status_code == 302
    page = zhang.get(answer.location)
    assert "设计有温度" in text_of(page)
    assert "已提交，编号" in page.get_data(as_text=True)


def test_the_same_post_twice_is_one_case(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    posted = application_of("wzpt.zhang")
    data = filled(zhang.get(PATH), PATH, posted)
    first, second = zhang.post(PATH, data), zhang.post(PATH, data)
    assert first.location == second.location
    assert count_cases() == 1


def test_a_refused_form_comes_back_with_errors_beside_the_fields_and_everything_typed(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    posted = application_of("wzpt.zhang", name="温职设计", purpose="半句话")
    posted["name_authorisation"] = "none"
    answer = zhang.post(PATH, filled(zhang.get(PATH), PATH, posted))
    assert answer.status_code == 422
    page = tree(answer)
    assert page.xpath('//*[@id="errors"]//a[@href="#f-name"]')
    assert "温职" in page.xpath('//*[@id="f-name-err"]')[0].text_content()
    assert values(answer, "name") == ["温职设计"]
    assert values(answer, "purpose") == ["半句话"]
    assert count_cases() == 0


def test_an_upload_of_a_refused_form_is_kept_and_filed_later(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    data: MultiDict[str, Any] = MultiDict([*hidden(zhang.get(PATH), PATH).items(), ("name", "半份")])
    data.add("attachments-new", (BytesIO(PDF), "制度.pdf"))
    refused = zhang.post(PATH, data, content_type="multipart/form-data")
    assert refused.status_code == 422
    keys = values(refused, "attachments")
    assert len(keys) == 1
    again = filled(refused, PATH, application_of("wzpt.zhang"))
    again.setlist("attachments", keys)
    answer = zhang.post(PATH, again)
    assert answer.status_code == 302, text_of(answer)[:300]
    case_id = int(answer.location.rsplit("/", 1)[-1])
    assert [file["name"] for file in newest_answer(case_id, "Application")["attachments"]] == ["制度.pdf"]


def test_an_unfit_upload_is_named_at_its_field(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    data: MultiDict[str, Any] = MultiDict([*hidden(zhang.get(PATH), PATH).items(), ("upload-attachments", "1")])
    data.add("attachments-new", (BytesIO(b"MZ\x90"), "坏.exe"))
    page = zhang.post(PATH, data, content_type="multipart/form-data")
    assert "坏.exe" in text_of(page)
    assert values(page, "attachments") == []


def test_saving_for_later_keeps_what_was_typed_and_a_filed_application_forgets_it(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    key = hidden(zhang.get(PATH), PATH)["submission_key"]
    answer = zhang.post(PATH, {"submission_key": key, "draft": "1", "name": "木作课", "purpose": ""})
    assert answer.status_code == 302
    page = zhang.get(PATH)
    assert values(page, "name") == ["木作课"]
    assert hidden(page, PATH)["submission_key"] == key
    posted = application_of("wzpt.zhang")
    zhang.post(PATH, MultiDict([*posted.items(multi=True), ("submission_key", key)]))
    assert values(zhang.get(PATH), "name") == [""]


def test_a_late_autosave_does_not_bring_a_filed_application_back(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    key = hidden(zhang.get(PATH), PATH)["submission_key"]
    posted = MultiDict([*application_of("wzpt.zhang").items(multi=True), ("submission_key", key)])
    zhang.post(PATH, posted)
    assert zhang.post(f"{PATH}/draft", posted).status_code == 200
    page = zhang.get(PATH)
    assert values(page, "name") == [""]
    assert hidden(page, PATH)["submission_key"] != key
    assert db.session.scalar(select(func.count()).select_from(AnswerDraft)) == 0


def test_autosave_answers_with_the_institutions_clock(app: Flask) -> None:
    answer = visitor(app, "wzpt.zhang").post(f"{PATH}/draft", {"name": "木"}).get_json()
    hour, minute = answer["saved_at"].split(":")
    assert 0 <= int(hour) < 24
    assert 0 <= int(minute) < 60


def test_rows_are_added_and_removed_without_a_script(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    key = hidden(zhang.get(PATH), PATH)["submission_key"]
    one = zhang.post(PATH, {"submission_key": key, "name": "木作课", "add-administrators": "1"})
    assert one.status_code == 200
    assert values(one, "administrators-0-until") != [] or tree(one).xpath('//*[@name="administrators-0"]')
    assert values(one, "name") == ["木作课"]
    none = zhang.post(PATH, {"submission_key": key, "administrators-0": "1", "remove-administrators-0": "1"})
    assert not tree(none).xpath('//*[@name="administrators-0"]')


def test_a_changed_answer_renews_the_fields_and_the_route(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    plain = zhang.post(f"{PATH}/fields", {"filing_kind": "account", "platform": "weibo", "refresh": "1"})
    paying = zhang.post(
        f"{PATH}/fields", {"filing_kind": "account", "platform": "weibo", "payment": "y", "refresh": "1"}
    )
    assert "计财处支付审批" not in text_of(plain)
    assert "计财处支付审批" in text_of(paying)
    assert "因所填内容而增加" in text_of(paying)
    assert len(tree(paying).xpath("//*[@name]")) > len(tree(plain).xpath("//*[@name]"))


def test_what_is_hidden_for_now_is_there_again_when_it_shows(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    group = zhang.post(
        f"{PATH}/fields", {"filing_kind": "group", "platform": "qq_group", "audience": "全体师生", "refresh": "1"}
    )
    carried = tree(group).xpath('//input[@type="hidden"][@name="audience"]/@value')
    assert carried == ["全体师生"]
    back = zhang.post(f"{PATH}/fields", {"filing_kind": "account", "audience": carried[0], "refresh": "1"})
    assert values(back, "audience") == ["全体师生"]


def test_a_process_that_is_not_there_answers_404(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    assert zhang.get("/start/nothing").status_code == 404
    assert zhang.post("/start/nothing/draft", {"name": "x"}).status_code == 404


def test_ones_draft_is_nobody_elses_to_discard(app: Flask) -> None:
    zhang, xu = visitor(app, "wzpt.zhang"), visitor(app, "wzpt.xu")
    zhang.post(f"{PATH}/draft", {"name": "木作课"})
    draft_id = db.session.scalar(select(AnswerDraft.id))
    xu.post(f"/drafts/{draft_id}/discard")
    assert values(zhang.get(PATH), "name") == ["木作课"]
    zhang.post(f"/drafts/{draft_id}/discard")
    assert values(zhang.get(PATH), "name") == [""]
