"""The register as a spreadsheet: taken along as listed, and filled from one, all of it or nothing."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from lxml import html
from werkzeug.test import TestResponse

from tests.documents.samples import GOOD, TITLES, sheet, workbook
from tests.support.web import Visitor, visitor
from webapp.definitions.queries import bundle, current_deployment
from webapp.documents.columns import register_sheet
from webapp.documents.commands import import_register
from webapp.documents.reading import read_sheet
from webapp.documents.sheets import Sheet
from webapp.errors import Forbidden, Invalid, NotFound
from webapp.extensions import db
from webapp.files.commands import UploadLimits, upload
from webapp.files.models import StoredFile
from webapp.ledger import Event
from webapp.organization.models import User
from webapp.organization.queries import unit_by_code
from webapp.registry.commands import enter_existing
from webapp.registry.models import Account, AccountTerm, Filing
from webapp.registry.numbers import give_number, read_number

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
Person = Callable[[str], User]


def pack_of(user: User) -> Any:
    deployment = current_deployment(user.institution_id)
    assert deployment is not None
    return bundle(deployment).pack


def sheet_of(user: User) -> Sheet:
    return register_sheet(pack_of(user))


def row(sheet: Sheet, **given: Any) -> list[Any]:
    return [given.get(column.key, "") for column in sheet.columns]


def book(sheet: Sheet, *rows: dict[str, Any]) -> bytes:
    return workbook([[column.title_zh for column in sheet.columns], *(row(sheet, **given) for given in rows)])


def names(user: User) -> list[str]:
    found = db.session.query(Account).filter(Account.institution_id == user.institution_id).order_by(Account.id)
    listed = [account.name for account in found]
    db.session.rollback()
    return listed


def check(person: Visitor, content: bytes) -> TestResponse:
    person.get("/registry/import")
    data = [("file", (io.BytesIO(content), "登记册.xlsx"))]
    return person.post("/registry/import", data, content_type="multipart/form-data")


def key_in(answer: TestResponse) -> str:
    return str(html.document_fromstring(answer.text).xpath('//input[@name="key"]/@value')[0])


def plain(answer: TestResponse) -> str:
    return re.sub(r"\s+", "", html.document_fromstring(answer.text).text_content())


FIRST = {"unit": "设计创意学院", "platform": "微博", "name": "设计有温度", "responsible_phone": "13800000000"}
SECOND = {"unit": "sjcy", "platform": "抖音", "name": "二号", "filing_number": "旧〔2019〕12号", "state": "已注销"}


def test_a_sheet_is_checked_confirmed_and_registered_with_numbers_versions_and_events(
    app: Flask, person: Person
) -> None:
    sun = person("wzpt.sun")
    known = sheet_of(sun)
    office = visitor(app, "wzpt.sun")
    third = {**FIRST, "name": "三号", "first_responsible": "张老师、校外顾问", "followers": "1,714人"}
    answer = check(office, book(known, FIRST, SECOND, third))
    assert answer.status_code == 200, plain(answer)
    assert "3行：可登记3行，不合要求0行，重复0行" in plain(answer)
    assert names(sun) == []
    done = office.post("/registry/import", {"key": key_in(answer), "confirm": "1"})
    assert done.status_code == 302
    assert names(sun) == ["设计有温度", "二号", "三号"]
    accounts = {account.name: account for account in db.session.query(Account).all()}
    assert accounts["二号"].filing_number == "旧〔2019〕12号"
    assert accounts["二号"].state == "deregistered"
    assert accounts["设计有温度"].details == {"responsible_phone": "13800000000"}
    assert accounts["三号"].followers == 1714
    assert accounts["三号"].first_responsible[1] == {"name": "校外顾问"}
    assert accounts["三号"].first_responsible[0]["id"] == person("wzpt.zhang").id
    assert [version.cause for version in accounts["三号"].versions] == ["imported"]
    filing = db.session.query(Filing).filter(Filing.kind == "register_import").one()
    assert (filing.outcome, filing.filed_by_id) == ("recorded", sun.id)
    events = db.session.query(Event).filter(Event.action == "registry:account:registered").count()
    assert events == 3
    db.session.rollback()
    assert "设计有温度" in office.get("/registry?q=温度").text
    assert office.get(f"/registry/{accounts['三号'].id}").status_code == 200
    again = office.post("/registry/import", {"key": key_in(answer), "confirm": "1"})
    assert again.status_code == 404
    assert len(names(sun)) == 3


def test_bad_rows_and_unknown_units_are_all_listed_and_nothing_is_registered(app: Flask, person: Person) -> None:
    sun = person("wzpt.sun")
    known = sheet_of(sun)
    office = visitor(app, "wzpt.sun")
    answer = check(office, book(known, FIRST, {**FIRST, "name": "", "platform": "微视"}, {**FIRST, "unit": "无此单位"}))
    assert answer.status_code == 422
    rows = html.document_fromstring(answer.text).xpath('//section[@id="result"]//tbody/tr/td[1]')
    assert [cell.text_content() for cell in rows] == ["3"]
    assert not html.document_fromstring(answer.text).xpath('//button[@name="confirm"]')
    assert names(sun) == []
    only_unit = check(office, book(known, FIRST, {**FIRST, "name": "乙", "unit": "无此单位"}))
    assert only_unit.status_code == 422
    assert "没有单位“无此单位”" in only_unit.text


def test_duplicates_are_named_and_left_out_only_when_that_is_said(app: Flask, person: Person) -> None:
    sun = person("wzpt.sun")
    known = sheet_of(sun)
    unit = unit_by_code(sun.institution_id, "sjcy")
    assert unit is not None
    enter_existing(sun.institution_id, unit.id, {"name": "设计有温度", "platform": "weibo"}, now=NOW)
    office = visitor(app, "wzpt.sun")
    twin = {**FIRST, "name": "新号"}
    answer = check(office, book(known, FIRST, twin, {**twin, "name": "新 号"}))
    text = plain(answer)
    assert "重复2行" in text
    assert "登记册已有" in text
    assert "与第3行重复" in text
    refused = office.post("/registry/import", {"key": key_in(answer), "confirm": "1"})
    assert refused.status_code == 422
    assert names(sun) == ["设计有温度"]
    done = office.post("/registry/import", {"key": key_in(answer), "confirm": "1", "skip": "y"})
    assert done.status_code == 302
    assert names(sun) == ["设计有温度", "新号"]


def test_numbers_brought_along_are_not_given_again(app: Flask, person: Person) -> None:
    sun = person("wzpt.sun")
    series = pack_of(sun).series("account")
    year = datetime.now(UTC).year
    brought = series.format.replace("{year}", str(year)).replace("{n:03d}", "007")
    assert read_number(series.format, brought) == (year, 7)
    known = sheet_of(sun)
    stored = kept(sun, book(known, {**FIRST, "filing_number": brought}, {**FIRST, "name": "新号"}))
    import_register(sun, pack_of(sun), stored, skip_duplicates=False, now=datetime.now(UTC))
    numbers = {account.name: account.filing_number for account in db.session.query(Account)}
    assert numbers["新号"] == brought.replace("007", "008")
    assert give_number(sun.institution_id, "account", series.format, year) == brought.replace("007", "009")


def kept(user: User, content: bytes) -> str:
    return upload(user, "登记册.xlsx", content, UploadLimits(types=("xlsx",)), NOW).key


def test_only_the_lead_office_fills_the_register(app: Flask, person: Person) -> None:
    zhang, sun = person("wzpt.zhang"), person("wzpt.sun")
    known = sheet_of(zhang)
    applicant = visitor(app, "wzpt.zhang")
    assert applicant.get("/registry/import").status_code == 404
    assert applicant.get("/registry/import.xlsx").status_code == 404
    assert "/registry/import" not in applicant.get("/registry").text
    assert "/registry/import" in visitor(app, "wzpt.sun").get("/registry").text
    stored = kept(zhang, book(known, FIRST))
    pack = pack_of(zhang)
    with pytest.raises(Forbidden):
        import_register(zhang, pack, stored, skip_duplicates=False, now=NOW)
    with pytest.raises(NotFound):
        import_register(sun, pack, stored, skip_duplicates=False, now=NOW)
    assert names(sun) == []


def test_nothing_is_left_of_an_import_that_fails_half_way(app: Flask, person: Person) -> None:
    """A number the register's own rule refuses: the database says so at the end, and all is as before."""
    sun = person("wzpt.sun")
    known = sheet_of(sun)
    same = {**FIRST, "filing_number": "甲1"}
    stored = kept(sun, book(known, same, {**same, "name": "另一个"}))
    with pytest.raises(Invalid):
        import_register(sun, pack_of(sun), stored, skip_duplicates=False, now=NOW)
    assert names(sun) == []
    assert db.session.query(AccountTerm).count() == 0
    assert db.session.query(Filing).count() == 0
    assert db.session.query(StoredFile).count() == 1


def test_thousands_of_rows_are_registered_in_one_go(app: Flask, person: Person, backend: str) -> None:
    sun, count = person("wzpt.sun"), 5000 if backend == "sqlite" else 2000
    known = sheet_of(sun)
    rows = [{**FIRST, "name": f"账号{n}号", "platform_account_id": f"id{n}"} for n in range(count)]
    stored = kept(sun, book(known, *rows))
    assert import_register(sun, pack_of(sun), stored, skip_duplicates=False, now=NOW) == count
    assert len(names(sun)) == count


def test_the_register_is_taken_along_as_it_is_listed(app: Flask, person: Person) -> None:
    sun = person("wzpt.sun")
    unit = unit_by_code(sun.institution_id, "sjcy")
    assert unit is not None
    for n in range(3):
        application = {"name": f"=1+{n}", "platform": "weibo" if n else "douyin", "responsible_phone": "13800000000"}
        enter_existing(sun.institution_id, unit.id, application, now=NOW)
    office = visitor(app, "wzpt.sun")
    link = html.document_fromstring(office.get("/registry?platform=weibo").text).xpath(
        '//a[contains(@href, "export.xlsx")]/@href'
    )
    answer = office.get(link[0])
    assert answer.mimetype.endswith("sheet")
    read = read_sheet(answer.data, sheet_of(sun))
    assert read.problems == ()
    assert [entry["name"] for entry in read.rows] == ["=1+2", "=1+1"]
    assert {entry["unit"] for entry in read.rows} == {unit.name_zh}
    assert read.rows[0]["responsible_phone"] == "13800000000"
    stranger = visitor(app, "wzpt.zhou") if person("wzpt.zhou").unit_id != unit.id else office
    assert stranger.get("/registry/export.xlsx").status_code == 200
    assert len(read_sheet(office.get("/registry/export.xlsx").data, sheet_of(sun)).rows) == 3
    assert read_sheet(office.get("/registry/export.xlsx?q=没有这个").data, sheet_of(sun)).refused is not None


@pytest.mark.parametrize("content", [b"hello", b"", workbook([["甲"]])])
def test_what_is_no_such_sheet_is_refused_with_a_sentence(app: Flask, content: bytes) -> None:
    answer = check(visitor(app, "wzpt.sun"), content)
    assert answer.status_code == 422
    assert "Traceback" not in answer.text


def test_no_file_at_all_is_said(app: Flask) -> None:
    office = visitor(app, "wzpt.sun")
    office.get("/registry/import")
    assert "请选择要导入的表格" in office.post("/registry/import", {}).text
    assert office.post("/registry/import", {"key": "x" * 500, "confirm": "1"}).status_code == 404


def test_a_template_can_be_filled_in(app: Flask, person: Person) -> None:
    template = visitor(app, "wzpt.sun").get("/registry/import.xlsx")
    assert "还没有填一行" in (read_sheet(template.data, sheet_of(person("wzpt.sun"))).refused or ("",))[0]


def test_a_packs_own_table_serves_with_its_titles_and_boxes(app: Flask, person: Person) -> None:
    """zzlg's 报备表 as the notice prints it: its nine columns and nothing else."""
    columns = tuple(
        column.model_copy(update={"key": {"unit": "unit_name"}.get(column.key, column.key)})
        for column in sheet().columns
    )
    own = sheet().model_copy(update={"columns": columns})
    known = register_sheet(pack_of(person("zzlg.zhang")).model_copy(update={"sheets": (own,)}))
    wanted = ["unit", "platform", "name", "size", "since", "responsible_phone"]
    assert [column.key for column in known.columns][:6] == wanted
    assert {"filing_number", "state"} <= {column.key for column in known.columns}
    read = read_sheet(workbook([TITLES, GOOD, [*GOOD[:1], "易信", *GOOD[2:]]]), known)
    assert [entry["platform"] for entry in read.rows] == ["qq_group", "yixin"]
    assert "缺少：新媒体名称" in (read_sheet(workbook([TITLES[:2], GOOD[:2]]), known).refused or ("",))[0]


def test_nothing_stays_open_of_a_register_nobody_reads(app: Flask) -> None:
    office = visitor(app, "wzpt.sun")
    answer = office.request("HEAD", "/registry/export.xlsx")
    assert answer.mimetype.endswith("sheet")
    assert answer.data == b""
