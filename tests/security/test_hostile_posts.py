"""Posts that no page of ours sends, through the real routes: a sentence each, and nothing half-saved."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.files.made import DOCX, GOOD, JPG, PDF, archive, png
from tests.security.places import row_counts
from tests.support.cases import run_case
from tests.support.desk import application_of, hidden, open_seat
from tests.support.web import Visitor, sentence_of, visitor
from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.organization.queries import user_by_name
from webapp.workflow.models import Seat

START = "/start/new_account"
# A body cut off at the limit leaves the parser's temporary file to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
# What one is typing is kept even when it is refused.
KEPT = {"answer_draft"}
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


def counted(*but: str) -> dict[str, int]:
    return {table: count for table, count in row_counts().items() if table not in KEPT | set(but)}


def refused(answer: TestResponse, *statuses: int) -> None:
    """It was refused as it should be, in words and not in a traceback."""
    assert answer.status_code in statuses, (answer.status_code, sentence_of(answer), answer.text[:2000])
    assert "Traceback" not in answer.text
    assert answer.text.strip()


def apply(browser: Visitor, posted: MultiDict[str, Any], **given: Any) -> TestResponse:
    return browser.post(START, posted, content_type="multipart/form-data", **given)


def changed(posted: MultiDict[str, str], **values: Any) -> MultiDict[str, Any]:
    made: MultiDict[str, Any] = MultiDict(posted)
    for name, value in values.items():
        made.setlist(name, value if isinstance(value, list) else [value])
    return made


def test_an_application_with_anything_odd_in_it_starts_nothing(app: Flask) -> None:
    browser, elsewhere = visitor(app, "wzpt.zhang"), user_by_name("zzlg.zhang")
    assert elsewhere is not None
    foreign_person, foreign_unit = str(elsewhere.id), str(elsewhere.unit_id)
    good = application_of("wzpt.zhang")
    before = counted()
    numbers = ["1" + "0" * 30, "-1", "0", "１", "²", "1e3", "1.0", " ", "None", "true", "[1]", "2147483648", str(2**63)]
    odd: list[dict[str, Any]] = [
        *({"unit": value} for value in [*numbers, foreign_unit]),
        *({"first_responsible": value} for value in [*numbers, foreign_person]),
        *({"platform": value} for value in ("nothing", "", "wechat_official,weibo", "x" * 5000)),
        *({"name": value} for value in ("", "一", "长" * 41, "x" * 1_000_000, "a\x01b", "\u202eabc\x7f", "a\rb\x0bc")),
        {"filing_kind": ["account", "group"], "name_authorisation": "made up"},
        {"is_admin": "1"},
        {"institution_id": "2"},
        {"applicant_id": foreign_person},
        {"__class__": "x"},
        {"name-0": "x"},
        {"administrators-99999999-person": "1"},
        {"administrators-0-person-query-pick": "1"},
        {"decision": "approve"},
        {"undertaking_conduct": "李老师"},
        {"undertaking_conduct": {"accepted_by": "张老师"}},
        {"directly_phone": "1" * 400},
    ]
    for values in odd:
        plain = {name: str(value) if isinstance(value, dict) else value for name, value in values.items()}
        answer = apply(browser, changed(good, **plain))
        if values == {"decision": "approve"}:  # a name of the task page: not of this form, and without effect
            assert answer.status_code in (302, 422)
            before = counted() if answer.status_code == 302 else before
            continue
        assert answer.status_code == 422, (str(values)[:200], answer.status_code)
        assert counted() == before, values


def test_names_and_values_with_a_null_character_are_refused_whole(app: Flask) -> None:
    browser, good = visitor(app, "wzpt.zhang"), application_of("wzpt.zhang")
    before = row_counts()
    for values in ({"name": "a\0b"}, {"na\0me": "x"}, {"purpose": "\0"}):
        refused(apply(browser, changed(good, **values)), 400)
        refused(browser.post(f"{START}/draft", changed(good, **values)), 400)
        refused(browser.post(f"{START}/fields", changed(good, **values)), 400)
    refused(browser.post("/login", {"username": "a\0", "password": "x"}), 302, 400)
    refused(visitor(app).post("/login", {"username": "a\0", "password": "x"}), 400)
    assert row_counts() == before


def too_large(good: MultiDict[str, str]) -> list[dict[str, Any]]:
    """Bodies beyond a limit: of the whole, of text, of parts."""
    return [
        {"data": b"name=" + b"x" * (26 * 1024 * 1024), "content_type": "application/x-www-form-urlencoded"},
        {"data": b"a&" * (2 * 1024 * 1024), "content_type": "application/x-www-form-urlencoded"},
        {"data": b"a&" * (2 * 1024 * 1024), "content_type": ""},
        {"data": b"name=" + b"x" * (3 * 1024 * 1024), "content_type": "application/x-www-form-urlencoded"},
        {"data": changed(good, name="x" * (3 * 1024 * 1024)), "content_type": "multipart/form-data"},
        {"data": MultiDict([(f"n{i}", "x") for i in range(3001)]), "content_type": "multipart/form-data"},
        {"data": {"f": (io.BytesIO(b"x" * (26 * 1024 * 1024)), "a.pdf")}, "content_type": "multipart/form-data"},
    ]


@SQLITE
def test_bodies_too_large_or_of_too_many_parts_get_413_and_a_sentence(app: Flask) -> None:
    browser, good = visitor(app, "wzpt.zhang"), application_of("wzpt.zhang")
    before = row_counts()
    header = {"X-CSRFToken": browser.token}
    for path in (START, f"{START}/draft", f"{START}/fields"):
        for body in too_large(good):
            answer = browser.request("POST", path, headers=header, **body)
            assert answer.status_code == 413, (path, str(body)[:100], answer.status_code)
            assert sentence_of(answer) == "提交的内容过大。"
    assert row_counts() == before


@SQLITE
def test_bodies_that_are_no_form_are_refused(app: Flask) -> None:
    browser = visitor(app, "wzpt.zhang")
    before = counted()
    header = {"X-CSRFToken": browser.token}
    for data, kind in (
        (b'{"name": "x"}', "application/json"),
        (b"<x/>", "application/xml"),
        (b"--b\r\nContent-Disposition: form-data\r\n\r\nx", "multipart/form-data; boundary=b"),
        (b"--b\r\n\r\n\r\n--b--", "multipart/form-data; boundary=b"),
        (b"nothing", "multipart/form-data"),
        (b"name=%ff%fe%c0%80&purpose=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"name=\xff\xfe", "application/x-www-form-urlencoded; charset=utf-16"),
        (b"&&&=&=x&a", "application/x-www-form-urlencoded"),
        (b"", ""),
    ):
        refused(browser.request("POST", START, headers=header, data=data, content_type=kind), 400, 413, 422)
        assert counted() == before, (data, kind)


def granted(application: MultiDict[str, str], *files: tuple[bytes, str]) -> MultiDict[str, Any]:
    """The application with its name authorised by the attached files."""
    posted = changed(application, name_authorisation="granted")
    for content, name in files:
        posted.add("name_authorisation_file-new", (io.BytesIO(content), name))
    return posted


@SQLITE
def test_a_file_that_is_not_what_it_says_is_not_kept(app: Flask) -> None:
    browser, good = visitor(app, "wzpt.zhang"), application_of("wzpt.zhang")
    before = counted()
    files = [
        (b"MZ\x90\x00", "x.exe"),
        (b"MZ\x90\x00", "x.pdf"),
        (b"<html><script>alert(1)</script>", "x.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg"),
        (b"<svg/>", "x.jpg"),
        (b"GIF89a" + PDF, "x.pdf"),
        (b"\n" * 2000 + PDF, "x.pdf"),
        (JPG, "x.docx"),
        (png(), "x.jpg"),
        (GOOD["xlsx"], "x.xlsx"),
        (archive("word/document.xml"), "x.docx"),
        (archive("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "x.docx"),
        (archive("[Content_Types].xml", "word/document.xml", "../../evil"), "x.docx"),
        (archive("[Content_Types].xml", "word/document.xml", content=b"0" * 3_000_000), "x.docx"),
        (PDF, "x.pdf.exe"),
        (PDF, ".pdf"),
        (PDF, "x"),
        (b"", "x.pdf"),
        (PDF + b" " * (11 * 1024 * 1024) + b"%%EOF", "big.pdf"),
    ]
    for content, name in files:
        refused(apply(browser, granted(good, (content, name))), 422)
        assert counted() == before, name
        posted = granted(good, (content, name))
        refused(browser.post(f"{START}/fields", posted, content_type="multipart/form-data"), 200)
        assert counted() == before, name


def test_a_file_keeps_no_path_of_the_machine_it_came_from(app: Flask) -> None:
    browser, good = visitor(app, "wzpt.zhang"), application_of("wzpt.zhang")
    names = [
        "../../etc/passwd.pdf",
        "C:\\Users\\z\\表.pdf",
        "a/b/c.pdf",
        "<img src=x onerror=alert(1)>.pdf",
        "\u202efdp.pdf",
        "x" * 400 + ".pdf",
        "a\r\nSet-Cookie: b=1.pdf",
    ]
    for name in names:
        answer = browser.post(f"{START}/fields", granted(good, (PDF, name)), content_type="multipart/form-data")
        assert answer.status_code == 200, name
        assert "onerror=alert(1)>" not in answer.text
    stored = db.session.scalars(select(StoredFile)).all()
    assert len(stored) >= len(names) - 1  # a line break ends the header, and with it the name
    for row in stored:
        assert not set(row.name) & set('/\\<>:"|?*\r\n\u202e'), row.name
        assert len(row.name) <= 120
        key = row.key
        answer = browser.get(f"/files/{key}")
        assert answer.status_code == 200
        assert answer.data == PDF
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie: b=" not in str(answer.headers)
        assert visitor(app, "wzpt.xu").get(f"/files/{key}").status_code == 404


@SQLITE
def test_a_polyglot_is_only_ever_a_download(app: Flask) -> None:
    """A file may be two things at once; it is served as what it was taken for, and never shown."""
    browser = visitor(app, "wzpt.zhang")
    page = b"%PDF-1.4\n<script>alert(1)</script>\n" + PDF
    posted = granted(application_of("wzpt.zhang"), (page, "x.pdf"), (DOCX, "y.docx"))
    assert browser.post(f"{START}/fields", posted, content_type="multipart/form-data").status_code == 200
    for key in db.session.scalars(select(StoredFile.key)).all():
        answer = browser.get(f"/files/{key}")
        assert answer.mimetype.startswith("application/")
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_decision_with_anything_wrong_about_it_decides_nothing(app: Flask) -> None:
    case_id = run_case("wzpt", "waiting_for_publicity").instance_id
    assert case_id is not None
    seat_id = open_seat(case_id, "PublicityDecision")
    browser = visitor(app, "wzpt.sun")
    answer_path, return_path = f"/tasks/{seat_id}/answer", f"/tasks/{seat_id}/return"
    page = hidden(browser.get(f"/tasks/{seat_id}"), answer_path)
    page.pop("csrf_token")
    right = {**page, "opinion": "意见如上", "positioning_review": "clear"}
    before = counted()
    wrong: list[tuple[str, dict[str, Any], tuple[int, ...]]] = [
        *(
            (answer_path, {"decision": decision}, (422,))
            for decision in ("", "receive", "submit", "return", "withdraw", "APPROVE", "approve\n", "x" * 9999)
        ),
        (answer_path, {"decision": "reject"}, (422,)),
        (answer_path, {"decision": "reject", "grounds": "no-such-clause"}, (422,)),
        (answer_path, {"decision": "reject", "grounds": "zzlg-A5.1"}, (422,)),
        (answer_path, {"decision": "reject", "grounds": ["wzpt-4", "x" * 5000]}, (422,)),
        (answer_path, {"decision": "reject", "grounds": "wzpt-4", "opinion": " \n\t"}, (422,)),
        (answer_path, {"decision": "request_correction", "opinion": ""}, (422,)),
        (answer_path, {"decision": "approve", "opinion": "长" * 4001}, (422,)),
        (answer_path, {"decision": "approve", "positioning_review": "made up"}, (422,)),
        (answer_path, {"decision": "approve", "unexpected": "1"}, (422,)),
        *(
            (answer_path, {"decision": "approve", "seat_version": version}, (409,))
            for version in ("999", "0", "-1", "abc", "", "1" * 30, "１００")
        ),
        *(
            (return_path, {"return_to": target}, (422,))
            for target in ("", "Application", "PublicityDecision", "RegisterAccount", "UnitOpinion", "../x", "x" * 9999)
        ),
        (return_path, {"return_to": "Opinions", "opinion": " "}, (422,)),
        (return_path, {"return_to": "Opinions", "seat_version": "999"}, (409,)),
    ]
    for path, values, statuses in wrong:
        posted: MultiDict[str, Any] = MultiDict(right)
        for name, value in values.items():
            posted.setlist(name, value if isinstance(value, list) else [value])
        refused(browser.post(path, posted), *statuses)
        assert counted() == before, (path, values)
    for path in (f"/tasks/{seat_id}/claim", f"/tasks/{seat_id}/unclaim"):
        assert browser.post(path, {"seat_version": "999"}).status_code in (302, 409)
    seat = db.session.get_one(Seat, seat_id)
    assert (seat.state, seat.holder_id, str(seat.version)) == ("open", None, page["seat_version"])
    db.session.rollback()
    assert browser.post(answer_path, {**right, "decision": "approve"}).status_code == 302
    late = visitor(app, "wzpt.qian").post(answer_path, {**right, "submission_key": "another", "decision": "approve"})
    refused(late, 409)
    assert "孙老师" in sentence_of(late)


def test_a_draft_of_anything_is_kept_or_refused_but_never_breaks(app: Flask) -> None:
    browser = visitor(app, "wzpt.zhang")
    for values in (
        {"name": "x" * 600_000},
        {"name": "\x01\x1f\u2028\U0001f600\ufffe"},
        {f"administrators-{i}-person": "1" for i in range(900)},
        {"x" * 100_000: "1"},
        {"": "1"},
        {"submission_key": "k" * 10_000},
    ):
        answer = browser.post(f"{START}/draft", values)
        assert answer.status_code in (200, 400, 413, 422), (list(values)[:1], answer.status_code)
        assert browser.get(START).status_code == 200
        assert browser.get("/inbox?view=drafts").status_code == 200
