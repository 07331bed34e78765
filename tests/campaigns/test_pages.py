"""The pages of campaigns: who sees what, opening and closing by hand, the zero report, the spreadsheet, bad input."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
import time_machine
from flask import Flask
from python_calamine import CalamineWorkbook

from tests.campaigns.school import School, at, build_school, work
from tests.support import web
from tests.support.desk import hidden, text_of, tree
from tests.support.web import sentence_of, visitor
from webapp.campaigns.models import Campaign
from webapp.extensions import db

NOW = at(2026, 6, 3, 10)
# How a page reads does not depend on the database; what is done and found is tried on both.
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


@pytest.fixture(autouse=True)
def _on_the_third_of_june(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(web, "_sessions", {})  # a session of that day is none on another
    with time_machine.travel(NOW, tick=False):
        yield


def with_two_accounts() -> School:
    school = build_school()
    school.register("sj", "设计学院微博", "zhang")
    school.register("jd", "=1+1", "wang")
    work(at(2026, 5, 20))
    work(at(2026, 6, 1))
    return school


@pytest.fixture
def running(kept: Callable[[Callable[[], School]], School]) -> School:
    return kept(with_two_accounts)


def test_the_list_shows_what_runs_and_what_is_planned(app: Flask, running: School) -> None:
    page = visitor(app, "drill.sun").get("/campaigns")
    words = text_of(page)
    assert "年度审查 2026" in words
    assert "共 4 项" in words
    assert "2027-06-01" in words
    assert tree(page).xpath('//a[@href="/campaigns/open/by_hand"]')
    other = visitor(app, "drill.zhang").get("/campaigns")
    assert not tree(other).xpath('//a[starts-with(@href, "/campaigns/open/")]')
    assert "共 1 项" in text_of(other)


@SQLITE
def test_the_navigation_leads_there_only_where_the_pack_has_campaigns(app: Flask, running: School) -> None:
    assert tree(visitor(app, "drill.zhang").get("/")).xpath('//nav//a[@href="/campaigns"]')


def test_the_board_asks_for_news_of_itself_and_filters_without_scripts(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")
    lead = visitor(app, "drill.sun")
    page = lead.get(f"/campaigns/{campaign.id}")
    live = tree(page).xpath('//*[@id="live"]')[0]
    assert live.get("hx-get") == f"/campaigns/{campaign.id}"
    assert live.get("hx-trigger") == "every 15s"
    assert {"设计学院微博", "=1+1"} <= set(tree(page).xpath("//*[@id='live']//li/a/text()"))
    narrowed = lead.get(f"/campaigns/{campaign.id}?state=unfiled&unit={running.units['sj']}")
    assert tree(narrowed).xpath("//td[contains(@class, 'is-title')]//text()") == ["设计学院微博"]
    assert "没有符合条件的事项" in text_of(lead.get(f"/campaigns/{campaign.id}?q=没有这个"))


@pytest.mark.parametrize(
    "query",
    ["state=nonsense", "unit=abc", "unit=99999999999999999999", "after=-1", "after=x", "q=%25_'\"<script>", "unit=0"],
)
def test_nonsense_in_the_address_is_taken_for_nothing(app: Flask, running: School, query: str) -> None:
    campaign = running.campaign("yearly")
    answer = visitor(app, "drill.sun").get(f"/campaigns/{campaign.id}?{query}")
    assert answer.status_code == 200
    assert b"<script>" not in answer.data.split(b"<main")[1].split(b"</main")[0]


@SQLITE
def test_while_it_opens_the_board_shows_how_far_it_is(app: Flask, running: School) -> None:
    campaign = db.session.get_one(Campaign, running.campaign("yearly").id)
    campaign.state, campaign.expected = "opening", 2
    db.session.commit()
    page = visitor(app, "drill.sun").get(f"/campaigns/{campaign.id}")
    assert tree(page).xpath("//progress")
    assert tree(page).xpath('//*[@id="live"]')[0].get("hx-trigger") == "every 2s"


def test_the_spreadsheet_holds_what_the_reader_sees_and_no_formula(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")

    def rows(name: str) -> list[list[str]]:
        answer = visitor(app, f"drill.{name}").get(f"/campaigns/{campaign.id}/sheet.xlsx")
        assert answer.status_code == 200
        return CalamineWorkbook.from_filelike(io.BytesIO(answer.data)).get_sheet_by_index(0).to_python()

    lead = rows("sun")
    assert lead[0][:4] == ["名称", "平台", "单位", "状态"]
    assert [row[0] for row in lead[1:]] == ["设计学院微博", "=1+1", "宣传部", "图书馆"]
    assert [row[0] for row in rows("zhang")[1:]] == ["设计学院微博"]


def test_a_lead_opens_one_by_hand_with_changed_days(app: Flask, running: School) -> None:
    lead = visitor(app, "drill.sun")
    page = lead.get("/campaigns/open/by_hand")
    assert [field.get("value") for field in tree(page).xpath('//input[@type="date"]')] == ["2026-06-03", "2026-06-15"]
    sent = {"period": "第二批", "opens_on": "2026-06-03", "last_day": "2026-06-20"}
    answer = lead.post("/campaigns/open/by_hand", sent)
    assert answer.status_code == 302
    work(NOW)
    found = running.campaign("by_hand", "第二批")
    assert (found.state, found.last_day.isoformat()) == ("open", "2026-06-20")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"last_day": "2026-06-01"}, "截止日不能早于开始日"),
        ({"opens_on": "kein Tag"}, "不是有效的日期值"),
        ({"opens_on": "0001-01-01"}, "请核对年份"),
        ({"last_day": "9999-12-31"}, "请核对年份"),
        ({"last_day": ""}, "请写成 2026-06-01 的样子"),
        ({"period": ""}, "请写明周期"),
        ({"period": "长" * 60}, "不超过 40 字"),
    ],
)
@SQLITE
def test_days_that_cannot_be_are_said_beside_their_field(
    app: Flask, running: School, changed: dict[str, str], words: str
) -> None:
    sent = {"period": "第三批", "opens_on": "2026-06-03", "last_day": "2026-06-20", **changed}
    answer = visitor(app, "drill.sun").post("/campaigns/open/by_hand", sent)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_only_the_lead_office_comes_to_opening_and_closing(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")
    stranger = visitor(app, "drill.zhang")
    for path in ("/campaigns/open/by_hand", f"/campaigns/{campaign.id}/close"):
        assert stranger.get(path).status_code == 404
        assert stranger.post(path).status_code == 404
    assert stranger.post(f"/campaigns/{campaign.id}/again").status_code == 404
    assert visitor(app, "drill.sun").get("/campaigns/open/nothing").status_code == 404


def test_nobody_of_another_institution_sees_a_campaign(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")
    for path in (f"/campaigns/{campaign.id}", f"/campaigns/{campaign.id}/sheet.xlsx"):
        assert visitor(app, "wzpt.sun").get(path).status_code == 404


def test_the_head_of_a_unit_files_its_zero_report(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")
    item = next(item for item in running.items(campaign, "zero") if item.name == "图书馆")
    path = f"/campaigns/zero/{item.id}"
    head = visitor(app, "drill.chen")
    assert tree(head.get(f"/campaigns/{campaign.id}")).xpath(f'//a[@href="{path}"]')
    assert "确认图书馆在“年度审查”中没有需要提交的账号" in text_of(head.get(path))
    assert visitor(app, "drill.li").get(path).status_code == 404
    for _twice in range(2):
        assert head.post(path).status_code == 302
    assert "零报告 1" in text_of(head.get(f"/campaigns/{campaign.id}"))


def test_a_lead_closes_after_reading_what_that_brings(app: Flask, running: School) -> None:
    campaign = running.campaign("yearly")
    lead = visitor(app, "drill.sun")
    page = lead.get(f"/campaigns/{campaign.id}/close")
    assert "发布通报" in text_of(page)
    assert "对没有提交的逐个启动后续事项" in text_of(page)
    for _twice in range(2):
        assert lead.post(f"/campaigns/{campaign.id}/close").status_code == 302
    work(NOW)
    assert "已结束" in text_of(lead.get(f"/campaigns/{campaign.id}"))
    answer = lead.post(f"/campaigns/{campaign.id}/again")
    assert (answer.status_code, sentence_of(answer)) == (409, "已结束，不能再补开。")


def test_an_applicant_files_what_was_filled_in_and_sees_what_is_registered(app: Flask, running: School) -> None:
    item = running.items(running.campaign("yearly"))[0]
    seat = running.seat(item)
    me = visitor(app, "drill.zhang")
    page = me.get(f"/tasks/{seat.id}")
    (name,) = tree(page).xpath('//input[@name="name"]')
    assert name.get("value") == "设计学院微博"
    assert "未变更" in text_of(page)
    posted = {field: tree(page).xpath(f'//*[@name="{field}"]')[0].get("value") for field in ("period", "note")}
    account = str(item.account_id)
    sent = {**hidden(page, f"/tasks/{seat.id}/answer"), **posted, "account": account, "name": "设计学院新微博"}
    answer = me.post(f"/tasks/{seat.id}/answer", {**sent, "decision": "submit"})
    assert answer.status_code == 302, text_of(answer)
    page = me.get(f"/cases/{item.instance_id}")
    assert "已变更" in text_of(page)
