"""What anybody may see and do without logging in: verify an account, read the directory, report an impostor."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.support.web import sentence_of, visitor
from webapp.directory import queries
from webapp.extensions import db, limiter
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing
from webapp.registry.models import Account
from webapp.workflow.models import Answers, ProcessInstance, Seat, UserTask

NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)


@pytest.fixture
def school(app: Flask) -> int:
    """wzpt with four accounts: one run, one deregistered, one named like a formula, one work group."""
    found = queries.institution("wzpt")
    assert found is not None
    unit = unit_by_code(found.id, "xcb")
    assert unit is not None
    for said in (
        {"platform": "weibo", "name": "温职创客", "platform_account_id": "6000000077", "url": "https://weibo.com/ck"},
        {"platform": "douyin", "name": "温职旧闻", "state": "deregistered"},
        {"platform": "bilibili", "name": "=1+1", "platform_account_id": "42"},
        {"platform": "qq_group", "name": "温职内部群", "platform_account_id": "000000003"},
    ):
        people = {"directly_responsible": {"id": 1, "name": "张老师"}, "directly_phone": "13800000000"}
        enter_existing(found.id, unit.id, {**said, **people, "filing_number": f"试{said['name']}"}, now=NOW)
    return found.id


@pytest.mark.parametrize(
    "asked", ["温职创客", "６０００００００７７", "HTTPS://WEIBO.COM/CK", "试温职创客", " 温职创客 "]
)
def test_a_filed_account_is_told_genuine_however_it_is_typed(app: Flask, school: int, asked: str) -> None:
    page = visitor(app).get("/directory/wzpt", query_string={"q": asked}).get_data(as_text=True)
    assert "在册，共 1 个账号" in page


def test_a_deregistered_account_is_told_as_closed_and_an_unknown_one_as_unknown(app: Flask, school: int) -> None:
    person = visitor(app)
    assert "现已注销" in person.get("/directory/wzpt?q=温职旧闻").get_data(as_text=True)
    unknown = person.get("/directory/wzpt?q=温职创客营").get_data(as_text=True)
    assert "登记册里没有" in unknown
    assert "名称相近的在册账号" in unknown
    assert "举报冒用" in unknown


def test_no_page_and_no_file_tells_a_person_a_telephone_or_a_work_group(app: Flask, school: int) -> None:
    person = visitor(app)
    told = [person.get(path).get_data(as_text=True) for path in ("/directory/wzpt", "/directory/wzpt.csv")]
    told.append(person.get("/directory/wzpt?q=温职内部群").get_data(as_text=True).split('type="search"')[-1])
    for page in told:
        assert "张老师" not in page
        assert "13800000000" not in page
        assert "000000003" not in page
    assert all("温职内部群</b>" not in page for page in told)


def test_the_file_holds_every_account_once_and_no_formula(app: Flask, school: int) -> None:
    answer = visitor(app).get("/directory/wzpt.csv")
    lines = answer.get_data(as_text=True).splitlines()
    run = db.session.scalar(
        select(func.count()).where(
            Account.institution_id == school, Account.state != "deregistered", Account.platform.not_like("%group%")
        )
    )
    assert lines[0].startswith("\ufeff名称")
    assert len(lines) == 1 + (run or 0)
    assert any(line.startswith("'=1+1,") for line in lines)


def test_a_report_from_the_public_becomes_a_case_of_the_lead_office(app: Flask, school: int) -> None:
    answer = visitor(app).post("/report/wzpt", _report())
    assert answer.status_code == 302
    case = db.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id.desc())).first()
    assert case is not None
    assert case.definition.key == "incident_escalation"
    applicant = db.session.get(User, case.applicant_id)
    assert applicant is not None
    assert applicant.username == "wzpt.public"
    assert not applicant.active
    open_steps = db.session.scalars(
        select(UserTask.element).where(UserTask.instance_id == case.id, UserTask.state == "open")
    ).all()
    assert open_steps == ["ImpostorReceipt"]
    queue = db.session.scalar(select(Seat.queue).where(Seat.instance_id == case.id, Seat.state == "open"))
    assert queue is not None
    assert queue.startswith("publicity_reviewer:")
    said = db.session.scalars(select(Answers.data).where(Answers.instance_id == case.id)).one()
    assert said["kind"] == "impersonation"
    assert said["impostor_name"] == "温职招办"
    assert "someone@example.com" in said["description"]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "nonsense"},
        {"name": ""},
        {"name": "长" * 81},
        {"platform": "不存在"},
        {"found_on": "2999-01-01"},
        {"found_on": "昨天"},
        {"description": ""},
    ],
)
def test_a_report_that_lacks_something_comes_back_with_what_was_typed(
    app: Flask, school: int, change: dict[str, str]
) -> None:
    before = _cases()
    answer = visitor(app).post("/report/wzpt", {**_report(), **change})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert _cases() == before
    assert "bn-err" in page
    assert "https://example.com/fake" in page


def test_a_program_that_fills_in_every_field_reports_nothing(app: Flask, school: int) -> None:
    before = _cases()
    assert visitor(app).post("/report/wzpt", {**_report(), "website": "spam"}).status_code == 302
    assert _cases() == before


def test_one_address_reports_only_so_often(app: Flask, school: int) -> None:
    limiter.reset()
    person = visitor(app)
    answers = [person.post("/report/wzpt", _report()).status_code for _turn in range(7)]
    limiter.reset()
    assert answers[:5] == [302] * 5
    assert answers[5:] == [429] * 2


@pytest.mark.parametrize("path", ["/directory/nowhere", "/report/nowhere", "/directory/nowhere.csv"])
def test_a_school_that_is_not_there_is_not_found(app: Flask, path: str) -> None:
    answer = visitor(app).get(path)
    assert answer.status_code == 404
    assert sentence_of(answer)


def test_without_a_school_one_chooses_and_who_is_logged_in_gets_the_own(app: Flask, school: int) -> None:
    page = visitor(app).get("/directory").get_data(as_text=True)
    assert "/directory/wzpt" in page
    assert "/directory/zzlg" in page
    answer = visitor(app, "zzlg.zhang").get("/directory")
    assert answer.status_code == 302
    assert answer.location.endswith("/directory/zzlg")


@pytest.mark.parametrize("asked", ["'", '"><script>alert(1)</script>', "%", "_", "\x00", "长" * 5000, "🙂"])
def test_hostile_questions_get_a_page_and_are_never_run(app: Flask, school: int, asked: str) -> None:
    answer = visitor(app).get("/directory/wzpt", query_string={"q": asked, "text": asked, "platform": asked})
    assert answer.status_code in (200, 400)
    assert "<script>alert" not in answer.get_data(as_text=True)


def _report() -> dict[str, str]:
    return {
        "kind": "impostor",
        "name": "温职招办",
        "platform": "douyin",
        "place": "https://example.com/fake",
        "found_on": "2026-11-19",
        "description": "冒用校名招生",
        "contact": "someone@example.com",
        "website": "",
    }


def _cases() -> int:
    return db.session.scalar(select(func.count()).select_from(ProcessInstance)) or 0
