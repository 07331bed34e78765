"""Official forms and spreadsheets on the pages: who gets which, in which format."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import docx
import pypdf
import pytest
from flask import Flask
from lxml import html
from werkzeug.datastructures import MultiDict

from tests.cases.built import CaseOnce
from tests.documents.samples import GOOD, TITLES, workbook
from tests.support.cases import run_case
from tests.support.desk import application_of
from tests.support.web import visitor
from webapp.config import ROOT
from webapp.definitions.commands import deploy
from webapp.definitions.packs import read_files
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow.context import specs
from webapp.workflow.models import Answers, ProcessInstance, Seat

Person = Callable[[str], User]


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)


def words(content: bytes) -> str:
    return plain("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))


def reference(case_id: int) -> str:
    found = db.session.get(ProcessInstance, case_id)
    assert found is not None
    number = found.reference
    db.session.rollback()
    return number


def test_a_case_is_printed_with_its_answers_opinions_and_register_number(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "straight_way")
    zhang = visitor(app, "wzpt.zhang")
    page = html.document_fromstring(zhang.get(f"/cases/{case_id}").text)
    links = page.xpath('//details[contains(@class, "bn-menu")]//a/@href')
    assert links == [f"/cases/{case_id}/documents/registration_form.{ending}" for ending in ("pdf", "docx")]
    answer = zhang.get(links[0])
    assert answer.mimetype == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    read = words(answer.data)
    for wanted in ("互联网平台审批登记表", plain(reference(case_id)), "设计有温度", "√新开账号", "账册", "流程包"):
        assert wanted in read, wanted
    assert "部门主要负责人李" in read
    assert "温职新媒备〔20" in read
    word = zhang.get(links[1])
    texts = plain("".join(c.text for row in docx.Document(io.BytesIO(word.data)).tables[0].rows for c in row.cells))
    assert "设计有温度" in texts
    assert "☑新开账号" in texts


def test_what_a_return_undid_is_not_printed(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "returned_to_the_unit")
    zhang = visitor(app, "wzpt.zhang")
    texts = [text for seat in seats(case_id) if (text := seat.opinion) and seat.decision != "return"]
    read = words(zhang.get(f"/cases/{case_id}/documents/registration_form.pdf").data)
    assert plain(texts[-1]) in read
    assert read.count("部门主要负责人李") == 1


def test_what_a_correction_undid_is_not_printed(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "corrected_twice")
    zhang = visitor(app, "wzpt.zhang")
    read = words(zhang.get(f"/cases/{case_id}/documents/registration_form.pdf").data)
    assert "定位写具体些" not in read
    assert "请补充服务对象" not in read
    assert read.count("部门主要负责人李") == 1


def test_while_a_correction_is_waited_for_no_earlier_opinion_stands(app: Flask) -> None:
    waiting = run_case("wzpt", "corrected_twice", steps=5).instance_id
    db.session.rollback()
    zhang = visitor(app, "wzpt.zhang")
    assert "部门主要负责人李" not in words(zhang.get(f"/cases/{waiting}/documents/registration_form.pdf").data)


def seats(case_id: int) -> list[Seat]:
    found = db.session.query(Seat).filter(Seat.instance_id == case_id).order_by(Seat.id).all()
    db.session.expunge_all()
    return found


def test_a_form_that_is_not_for_the_case_or_person_is_not_there(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "straight_way")
    zhang = visitor(app, "wzpt.zhang")
    for path in ("no_such_form.pdf", "registration_form.exe", "registration_form.pdf?copy=2", "change_form.pdf"):
        assert zhang.get(f"/cases/{case_id}/documents/{path}").status_code == 404, path
    for path in ("?copy=0", "?copy=x", "?copy=-1", "?copy=²", "?copy=99999999999"):
        assert zhang.get(f"/cases/{case_id}/documents/registration_form.pdf{path}").status_code == 404, path
    assert visitor(app, "zzlg.zhang").get(f"/cases/{case_id}/documents/registration_form.pdf").status_code == 404
    assert app.test_client().get(f"/cases/{case_id}/documents/registration_form.pdf").status_code == 302


def test_blank_forms_stand_on_the_process_page(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    page = html.document_fromstring(zhang.get("/processes/new_account/1").text)
    links = page.xpath('//section[@id="documents"]//a[contains(@href, "/documents/")]/@href')
    assert len(links) == 2
    read = words(zhang.get(links[0]).data)
    assert "空白表" in read
    assert "√" not in read
    assert docx.Document(io.BytesIO(zhang.get(links[1]).data)).tables
    assert zhang.get("/processes/new_account/1/documents/none.pdf").status_code == 404
    assert zhang.get("/processes/new_account/99/documents/registration_form.pdf").status_code == 404


FIELD: dict[str, Any] = {
    "id": "Field_filing_table",
    "type": "filepicker",
    "label": "报备表",
    "key": "filing_table",
    "properties": {
        "kind": "sheet",
        "sheet": "filing_table",
        "label_en": "Filing table",
        "article": "not-stated",
        "reason_zh": "测试",
        "reason_en": "A test",
    },
}
SHEET = """
sheets:
  - key: filing_table
    name_zh: 新媒体报备表
    article: not-stated
    reason_zh: 测试
    reason_en: A test
    columns:
      - {key: unit, title_zh: 单位/组织名称, required: true}
      - {key: platform, title_zh: 新媒体类别, kind: checkbox_choice, required: true,
         choices: {wechat_group: 微信群, qq_group: QQ群, wechat_official: 微信公众号, weibo: 微博公众号}}
      - {key: name, title_zh: 新媒体名称, required: true, max: 20}
      - {key: size, title_zh: 人数（报备当天人数）, kind: number}
      - {key: since, title_zh: 开通日期, kind: date}
      - {key: phone, title_zh: 负责人电话, kind: phone}

texts:
"""


def sheet_pack() -> dict[str, bytes]:
    """The files of wzpt with a spreadsheet in its application."""
    files = dict(read_files(ROOT / "processes", ROOT / "forms", "wzpt"))
    pack = files["pack.yaml"].decode()
    assert "\ntexts:\n" in pack
    files["pack.yaml"] = pack.replace("\ntexts:\n", SHEET, 1).encode()
    form = json.loads(files["forms/application.form"])
    form["components"].append(FIELD)
    files["forms/application.form"] = json.dumps(form, ensure_ascii=False).encode()
    return files


def _deploy() -> None:
    deploy(sheet_pack(), specs(), actor=None, note="sheet")
    db.session.rollback()


@pytest.fixture
def with_sheet(app: Flask, kept: Callable[[Callable[[], None]], None]) -> Flask:
    kept(_deploy)
    return app


def upload(rows: list[list[Any]], name: str = "报备表.xlsx") -> tuple[io.BytesIO, str]:
    return io.BytesIO(workbook(rows)), name


def test_a_spreadsheet_is_uploaded_filed_and_shown_as_a_table(with_sheet: Flask) -> None:
    zhang = visitor(with_sheet, "wzpt.zhang")
    start = zhang.get("/start/new_account")
    assert 'href="/sheets/filing_table.xlsx"' in start.text
    assert zhang.get("/sheets/filing_table.xlsx").data[:2] == b"PK"
    assert zhang.get("/sheets/nothing.xlsx").status_code == 404
    posted = application_of("wzpt.zhang")
    posted["filing_table-new"] = upload([TITLES, GOOD, [*GOOD[:2], "二号群", *GOOD[3:]]])
    posted["submission_key"] = "sheet-1"
    answer = zhang.post("/start/new_account", posted, content_type="multipart/form-data")
    assert answer.status_code == 302, answer.text
    row = db.session.query(Answers).order_by(Answers.id.desc()).first()
    assert row is not None
    assert [entry["name"] for entry in row.data["filing_table"]["rows"]] == ["工作群", "二号群"]
    assert row.data["filing_table"]["file"]["name"] == "报备表.xlsx"
    case_id = row.instance_id
    db.session.rollback()
    page = html.document_fromstring(zhang.get(f"/cases/{case_id}").text)
    table = page.xpath('//div[@aria-label="报备表"]//table')[0]
    assert [plain(cell.text_content()) for cell in table.xpath(".//tbody/tr[2]/td")][3] == "二号群"
    assert "☑QQ群" in plain(table.text_content())
    key = page.xpath('//a[text()="报备表.xlsx"]/@href')[0]
    assert zhang.get(key).data[:2] == b"PK"


def test_a_bad_spreadsheet_is_listed_row_by_row_and_nothing_is_filed(with_sheet: Flask) -> None:
    zhang = visitor(with_sheet, "wzpt.zhang")
    zhang.get("/start/new_account")
    before = db.session.query(Answers).count()
    posted = application_of("wzpt.zhang")
    posted["filing_table-new"] = upload([TITLES, GOOD, ["", "☑微视", "", "x", "y", "z"]])
    answer = zhang.post("/start/new_account", posted, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert db.session.query(Answers).count() == before
    page = html.document_fromstring(answer.text)
    table = page.xpath('//div[@aria-label="报备表：不合要求的行"]//tbody/tr')
    assert [plain(row.xpath("./td[1]")[0].text_content()) for row in table] == ["3"]
    assert "负责人电话：电话须是11位手机号" in plain(table[0].text_content())
    assert "2 行中有 1 行不合要求，一行也没有收下" in answer.text


@pytest.mark.parametrize(
    ("content", "name", "words_of_it"),
    [
        (b"hello", "报备表.xlsx", "不是 xlsx 文件"),
        (b"", "报备表.xlsx", "空文件"),
        (workbook([["甲", "乙"]]), "报备表.xlsx", "没有找到标题行"),
        (workbook([TITLES[:2], GOOD[:2]]), "报备表.xlsx", "缺少：新媒体名称"),
        (workbook([TITLES, GOOD]), "报备表.pdf", "不受理"),
    ],
)
def test_what_is_no_such_spreadsheet_is_refused_at_its_field(
    with_sheet: Flask, content: bytes, name: str, words_of_it: str
) -> None:
    zhang = visitor(with_sheet, "wzpt.zhang")
    zhang.get("/start/new_account")
    posted = application_of("wzpt.zhang")
    posted["filing_table-new"] = (io.BytesIO(content), name)
    answer = zhang.post("/start/new_account", posted, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert words_of_it in answer.text


def posted_with(key: str) -> MultiDict[str, str]:
    posted = application_of("wzpt.zhang")
    posted["filing_table"] = key
    return posted


def test_somebody_elses_upload_is_not_read(with_sheet: Flask) -> None:
    li = visitor(with_sheet, "wzpt.li")
    li.get("/start/new_account")
    posted = application_of("wzpt.li")
    posted["filing_table-new"] = upload([TITLES, ["", *GOOD[1:]]])
    seen = html.document_fromstring(li.post("/start/new_account", posted, content_type="multipart/form-data").text)
    key = seen.xpath('//input[@type="hidden"][@name="filing_table"]/@value')[0]
    zhang = visitor(with_sheet, "wzpt.zhang")
    zhang.get("/start/new_account")
    answer = zhang.post("/start/new_account", posted_with(key))
    assert answer.status_code == 422
    assert "已不存在或不属于本件" in answer.text
