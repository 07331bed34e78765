"""The deployed processes and the regulations, and that they cite each other both ways."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urldefrag

from flask import Flask
from lxml import etree, html
from werkzeug.test import TestResponse

from tests.support.web import visitor
from webapp.config import ROOT
from webapp.definitions.commands import deploy
from webapp.definitions.packs import read_files
from webapp.organization.models import User
from webapp.workflow.context import specs

Person = Callable[[str], User]


def tree(answer: TestResponse) -> html.HtmlElement:
    assert answer.status_code == 200, answer.status_code
    return html.document_fromstring(answer.get_data(as_text=True))


def words(node: html.HtmlElement) -> str:
    return " ".join(node.text_content().split())


def test_the_steps_stand_in_the_order_a_case_meets_them_with_role_time_and_clauses(app: Flask) -> None:
    page = tree(visitor(app, "wzpt.zhang").get("/processes/new_account/1"))
    steps = {step.get("id"): words(step) for step in page.xpath('//ol[@class="bn-steps"]/li')}
    order = list(steps)
    assert order.index("Application") < order.index("UnitOpinion") < order.index("PublicityDecision")
    assert "部门主要负责人" in steps["UnitOpinion"]
    assert "5 个工作日" in steps["UnitOpinion"]
    assert "同意、退回补正、不予" in steps["UnitOpinion"]
    assert "依据 第十条" in steps["UnitOpinion"]


def test_every_user_task_of_the_diagram_is_in_the_list(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    answer = zhang.get("/processes/new_account/1/diagram.bpmn")
    assert answer.mimetype == "application/xml"
    drawn = etree.fromstring(answer.data).xpath('//*[local-name()="userTask"]/@id')
    page = tree(zhang.get("/processes/new_account/1"))
    listed = page.xpath('//ol[@class="bn-steps"]/li/@id')
    assert drawn
    assert set(drawn) <= set(listed)
    assert page.xpath("//*[@data-diagram]/@data-src") == ["/processes/new_account/1/diagram.bpmn"]


def test_decision_tables_and_forms_are_tables(app: Flask) -> None:
    page = tree(visitor(app, "wzpt.zhang").get("/processes/new_account/1"))
    tier = page.get_element_by_id("table-account_tier").xpath(".//tbody/tr")
    assert len(tier) == 2
    fields = page.get_element_by_id("form-application").xpath('.//td[@data-label="字段"]')
    assert "名称" in " ".join(words(field) for field in fields)
    assert page.get_element_by_id("application-name").xpath('.//a[@class="bn-cite"]')


def test_processes_and_regulations_cite_each_other_and_every_link_leads_somewhere(app: Flask) -> None:
    for username in ("wzpt.zhang", "zzlg.zhang"):
        person = visitor(app, username)
        pages = {path: tree(person.get(path)) for path in ("/regulations", "/processes/new_account/1")}
        for page in pages.values():
            for link in page.xpath('//a[contains(@href, "#")]/@href'):
                path, anchor = urldefrag(link)
                if path in pages:
                    assert pages[path].xpath(f'//*[@id="{anchor}"]'), link
        assert pages["/regulations"].xpath('//a[starts-with(@href, "/processes/new_account/1#")]')
        assert pages["/processes/new_account/1"].xpath('//a[starts-with(@href, "/regulations#")]')


def test_a_new_version_says_which_files_it_changed_and_the_old_one_that_it_is_old(app: Flask, person: Person) -> None:
    files = dict(read_files(ROOT / "processes", ROOT / "forms", "wzpt"))
    text = files["forms/unit_opinion.form"].decode()
    files["forms/unit_opinion.form"] = text.replace("\n", "\n ", 1).encode()
    deploy(files, specs(), actor=person("wzpt.zhou"), note="改意见表")
    zhang = visitor(app, "wzpt.zhang")
    newest = words(tree(zhang.get("/processes/new_account/2")).get_element_by_id("versions"))
    assert "forms/unit_opinion.form" in newest
    assert "account_tier.dmn" not in newest
    assert "周副部长" in newest
    assert "改意见表" in newest
    assert "这是旧版本" in zhang.get("/processes/new_account/1").text
    assert "/processes/new_account/2" in zhang.get("/processes").text


def test_what_is_not_there_answers_404(app: Flask) -> None:
    zhang = visitor(app, "wzpt.zhang")
    for path in ("/processes/new_account/9", "/processes/none/1", "/processes/new_account/9/diagram.bpmn"):
        assert zhang.get(path).status_code == 404


def test_a_clause_names_what_carries_it_out(app: Flask) -> None:
    page = tree(visitor(app, "wzpt.zhang").get("/regulations"))
    clause = page.get_element_by_id("wzpt-4")
    assert "受保护字样 温州职业技术学院" in words(clause)
    assert clause.xpath('.//a[@href="/processes/new_account/1#application-name"]')
    assert "页面 社会公众举报" in words(page.get_element_by_id("wzpt-6.3"))


def test_one_schools_regulations_are_not_anothers(app: Flask) -> None:
    assert "wzpt-4" not in visitor(app, "zzlg.zhang").get("/regulations").text
