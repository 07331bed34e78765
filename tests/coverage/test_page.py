"""The page of coverage: who reads it, both ways round, what is missing on top, and that its links lead somewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from lxml import html

from tests.coverage.planted import pack
from tests.support.watch import build_watch
from tests.support.web import Visitor, visitor
from webapp.definitions.commands import deploy
from webapp.extensions import transactional
from webapp.organization.commands import add_person, grant_role
from webapp.organization.passwords import hash_password
from webapp.organization.queries import unit_by_code
from webapp.workflow.context import specs


@transactional
def _reader(institution: int, name: str, unit: str, role: str | None) -> None:
    place = unit_by_code(institution, unit)
    assert place is not None
    hashed = hash_password("beian-demo")
    user = add_person(
        institution, name, unit_id=place.id, password_hash=hashed, name_zh="李老师", kind="staff", permanent=True
    )
    if role:
        grant_role(institution, user.id, role, place.id, actor=None)


def _covered() -> int:
    institution = build_watch().institution
    deploy(pack(), specs(), actor=None, note="coverage")
    return institution


def _missing() -> int:
    institution = build_watch().institution
    made = pack()
    del made["scenarios/review.yaml"]
    deploy(made, specs(), actor=None, note="coverage")
    return institution


Reader = Callable[..., Visitor]


@pytest.fixture
def reader(app: Flask, kept: Callable[[Callable[[], int]], int]) -> Reader:
    """Somebody of the institution whose pack is deployed, logged in; `missing`: without its scenarios."""

    def log_in(*, missing: bool = False, role: str | None = "unit_head", unit: str = "xcb") -> Visitor:
        _reader(kept(_missing if missing else _covered), "watch.li", unit, role)
        return visitor(app, "watch.li")

    return log_in


def page(browser: Visitor, path: str = "/coverage") -> html.HtmlElement:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.status_code
    return html.document_fromstring(answer.get_data(as_text=True))


@pytest.mark.parametrize(("role", "unit", "status"), [("unit_head", "xcb", 200), (None, "xx", 404)])
def test_the_lead_office_reads_it_and_others_do_not(reader: Reader, role: str | None, unit: str, status: int) -> None:
    browser = reader(role=role, unit=unit)
    assert browser.get("/coverage").status_code == status
    shown = '/coverage"' in browser.get("/").get_data(as_text=True)
    assert shown == (status == 200)


@pytest.mark.parametrize(("username", "status"), [("wzpt.zhou", 200), ("wzpt.zhang", 404)])
def test_a_process_owner_reads_it_and_an_applicant_does_not(app: Flask, username: str, status: int) -> None:
    assert visitor(app, username).get("/coverage").status_code == status


def test_each_clause_says_what_carries_it_out_and_where(reader: Reader) -> None:
    browser = reader()
    document = page(browser)
    row = document.get_element_by_id("c-wzpt-6")
    said = " ".join(row.text_content().split())
    assert "久不更新的整改" in said
    assert "久未更新" in said
    links = {link.get("href") for link in row.xpath(".//a")}
    assert "/processes/rectification/2#Late" in links
    assert "/processes/rectification/2#rectification-last_update_on" in links
    assert "没有缺项" in document.text_content()
    for address in sorted(link for link in links if link):
        answer = browser.get(address.split("#")[0])
        assert answer.status_code == 200, address
        if address.startswith("/processes/") and "#" in address:
            assert f'id="{address.split("#")[1]}"' in answer.get_data(as_text=True), address


def test_each_element_says_its_clauses(reader: Reader) -> None:
    browser = reader()
    document = page(browser, "/coverage?view=elements&kind=inactivity")
    (row,) = document.xpath("//tbody/tr")
    assert "依据 第一条" in row.text_content()
    assert "pack.yaml inactivity" in row.text_content()
    assert len(page(browser, "/coverage?view=elements").xpath("//tbody/tr")) > 30


def test_what_is_missing_stands_on_top_and_can_be_seen_alone(reader: Reader) -> None:
    browser = reader(missing=True)
    document = page(browser)
    gaps = [" ".join(row.text_content().split()) for row in document.get_element_by_id("findings").xpath(".//tbody/tr")]
    assert len(gaps) == 2
    assert gaps[0].startswith("条款没有情景wzpt-1")
    assert len(page(browser, "/coverage?missing=1&kind=deadline").xpath('//tr[starts-with(@id, "c-")]')) == 1
    assert page(browser, "/coverage?view=elements&missing=1").xpath('//*[@class="bn-empty"]')


@pytest.mark.parametrize("asked", ["?kind=nonsense", "?view=x&kind=%3Cscript%3E", "?missing=7&kind=" + "长" * 500])
def test_odd_questions_get_a_page(app: Flask, asked: str) -> None:
    answer = visitor(app, "wzpt.zhou").get("/coverage" + asked)
    assert answer.status_code == 200
    assert "<script>" not in answer.get_data(as_text=True)
