"""Forms and records as HTML: every control labelled, every error beside its field, nothing typed becomes markup."""

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
from lxml import html
from markupsafe import Markup

from tests.formkit.outside import CASE, Outside, field, form, judged, post, rows
from webapp.formkit import BoundForm, bind, describe, differences

TEMPLATES = Path(__file__).parents[2] / "webapp" / "templates"
CHOICES = [{"value": "a", "label": "甲"}, {"value": "b", "label": "乙"}]
CANARY = "<script>alert(1)</script>\"'><b>"
SCHEMA = form(
    {
        "type": "group",
        "label": "一、账号",
        "components": [
            field("select", "platform", properties={"kind": "platform"}),
            field("textfield", "name", validate={"required": True}, properties={"check": "single_account"}),
            field("checkbox", "pay"),
            field("textarea", "reason", conditional={"hide": "=not(pay)"}),
            {"type": "text", "text": "请备齐：\n\n- **原件**\n- <i>复印件</i>"},
            {"type": "separator"},
        ],
    },
    field("number", "audience", properties={"article": "not-stated", "reason_zh": "未作规定", "reason_en": "silent"}),
    field("datetime", "opens", subtype="date"),
    field("radio", "comments", values=CHOICES, validate={"required": True}),
    field("checklist", "kinds", values=CHOICES),
    field("select", "unit", properties={"kind": "unit", "help_zh": "主办单位"}),
    field("select", "head", properties={"kind": "person"}),
    field("filepicker", "papers", multiple=True, accept=".pdf"),
    field(
        "checkbox", "pledge", properties={"kind": "undertaking", "text_zh": "第一条\n第二条", "text_en": "Article 1"}
    ),
    rows("members", field("textfield", "who"), field("select", "role", values=CHOICES)),
)
LIVE = {"url": "/cases/new", "target": "#start-form"}


def cite(article: str) -> Markup:
    return Markup('<a class="bn-cite" href="/a/{0}">依据 {0}</a>').format(article)


@pytest.fixture(scope="module")
def pages() -> jinja2.Environment:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
    )
    env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return env


def drawn(pages: jinja2.Environment, bound: BoundForm, live: dict[str, str] | None = None) -> Any:
    template = pages.from_string(
        "{% import 'formkit/fields.html' as formkit %}<form>{% include 'formkit/error_summary.html' %}"
        "{{ formkit.form_fields(bound, cite, live) }}</form>"
    )
    return html.fromstring(template.render(bound=bound, cite=cite, live=live))


def everything(pages: jinja2.Environment, **given: Any) -> Any:
    pairs = [("pay", "y"), ("papers", "5"), ("members-0-who", "张"), ("members-1", "1"), ("head-query", "张")]
    return drawn(pages, judged(SCHEMA, *pairs), **given)


def test_every_control_has_a_label_and_every_reference_a_target(pages: jinja2.Environment) -> None:
    page = everything(pages)
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))
    targets = set(ids)
    for control in page.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        labels = page.xpath(f"//label[@for='{control.get('id')}']") or control.xpath("ancestor::label")
        assert labels, html.tostring(control)
        assert "".join(labels[0].itertext()).strip()
    for references in page.xpath("//@aria-describedby | //label/@for"):
        assert set(references.split()) <= targets, references
    assert set(page.xpath("//a[starts-with(@href, '#')]/@href")) <= {f"#{i}" for i in targets}


def test_each_error_stands_at_its_field_and_in_the_summary(pages: jinja2.Environment) -> None:
    page = everything(pages)
    name = page.get_element_by_id("f-name")
    assert name.get("aria-invalid") == "true"
    assert name.get("aria-required") == "true"
    assert "f-name-err" in name.get("aria-describedby")
    assert "请填写Name" in page.get_element_by_id("f-name-err").text_content()
    assert page.xpath("//*[@role='alert']//a[@href='#f-name']")[0].text_content() == "请填写Name"
    assert page.xpath("//fieldset[contains(@class, 'is-error')]//input[@id='f-comments']")


def test_each_field_shows_the_clauses_it_rests_on(pages: jinja2.Environment) -> None:
    page = everything(pages)
    assert page.get_element_by_id("f-name-help").xpath(".//a[@href='/a/wzpt-11.1']")
    assert "未作规定" in page.get_element_by_id("f-audience-help").text_content()
    assert not page.xpath("//*[@id='f-members-0-who-help']"), "a row's field repeats the tag of its group"


def test_a_hidden_field_is_not_on_the_page(pages: jinja2.Environment) -> None:
    assert not drawn(pages, post(SCHEMA)).xpath("//*[@name='reason']")
    assert drawn(pages, post(SCHEMA, ("pay", "y"))).xpath("//*[@class='bn-cond']//*[@name='reason']")


@pytest.mark.parametrize("name", ["name", "reason", "audience", "opens", "head-query", "pledge", "members-0-who"])
def test_what_was_typed_comes_back_as_text_never_as_markup(pages: jinja2.Environment, name: str) -> None:
    page = drawn(pages, judged(SCHEMA, ("pay", "y"), (name, CANARY)))
    control = page.xpath(f"//*[@name='{name}']")[0]
    assert (control.get("value") or control.text_content().removeprefix("\n")) == CANARY
    assert not page.xpath("//script")


def test_a_long_text_keeps_its_first_line_break(pages: jinja2.Environment) -> None:
    template = pages.from_string("{% import 'formkit/fields.html' as f %}{{ f.form_fields(bound, cite) }}")
    text = template.render(bound=post(SCHEMA, ("pay", "y"), ("reason", "\na")), cite=cite)
    assert re.search(r'name="reason"[^>]*>\n\na</textarea>', text)


def test_a_static_text_knows_paragraphs_lists_and_strong_and_nothing_else(pages: jinja2.Environment) -> None:
    page = everything(pages)
    assert [li.text_content() for li in page.xpath("//ul[@class='bn-help']/li")] == ["· 原件", "· <i>复印件</i>"]
    assert page.xpath("//li/strong")


def test_an_undertaking_is_shown_in_full_with_the_binding_text_at_hand(pages: jinja2.Environment) -> None:
    assert everything(pages).get_element_by_id("f-pledge-text").text_content() == "第一条\n第二条"
    english = drawn(pages, judged(SCHEMA, locale="en"))
    assert english.get_element_by_id("f-pledge-text").text_content() == "Article 1"
    assert english.xpath("//details//div[@lang='zh-CN']")[0].text_content() == "第一条\n第二条"


def test_what_a_page_posts_binds_again_to_what_it_showed(pages: jinja2.Environment) -> None:
    bound = judged(SCHEMA, ("pay", "y"), ("papers", "5"), ("papers", "6"), ("members-0-who", "张"), ("unit", "2"))
    page = drawn(pages, bound)
    again = post(SCHEMA, *[(name, value) for name, value in page.form_values() if not name.endswith("-new")])
    assert again.validate() == (not bound.errors)
    assert again.answers == bound.answers


def test_buttons_post_names_that_binding_understands(pages: jinja2.Environment) -> None:
    buttons = everything(pages).xpath("//button/@name")
    assert {"refresh", "add-members", "remove-members-0", "remove-members-1", "drop-papers", "upload-papers"} <= set(
        buttons
    )
    for name in buttons:
        bound = post(SCHEMA, ("members-0", "1"), ("members-1", "1"), (name, "5"))
        assert bound.structural_action is not None, name


def test_return_in_a_text_box_never_files_the_form(pages: jinja2.Environment) -> None:
    assert everything(pages).xpath("//button")[0].get("name") == "refresh"


def test_htmx_renews_only_what_others_depend_on(pages: jinja2.Environment) -> None:
    page = everything(pages, live=LIVE)
    pay, audience, name = (page.get_element_by_id(f"f-{key}") for key in ("pay", "audience", "name"))
    assert pay.get("hx-post") == "/cases/new"
    assert pay.get("hx-target") == "#start-form"
    assert audience.get("hx-post") is None
    assert name.get("hx-target") == "#f-name-advice"
    assert not drawn(pages, post(SCHEMA)).xpath("//*[@hx-post]")


def test_removing_a_row_replaces_the_form_since_morphing_would_keep_the_ticks_of_the_row_removed(
    pages: jinja2.Environment,
) -> None:
    page = everything(pages, live=LIVE)
    assert page.xpath("//button[@name='remove-members-0']")[0].get("hx-swap") == "outerHTML"
    assert page.xpath("//button[@name='add-members']")[0].get("hx-swap") == "outerMorph"


def test_a_record_shows_the_text_and_what_changed(pages: jinja2.Environment) -> None:
    old = judged(SCHEMA, ("name", "旧名"), ("members-0-who", "甲")).answers
    new = judged(SCHEMA, ("name", CANARY), ("papers", "5"), ("members-0-who", "乙")).answers
    template = pages.from_string(
        "{% import 'formkit/record.html' as r %}<div>{{ r.record(rows, cite, file_href, changes) }}</div>"
    )
    page = html.fromstring(
        template.render(
            rows=describe(SCHEMA, new, Outside()),
            cite=cite,
            file_href="/files/{}".format,
            changes=differences(SCHEMA, old, new),
        )
    )
    changed = page.xpath("//div[@class='is-changed']/dt/text()")
    assert changed == ["Name", "Papers", "Members"]
    assert page.xpath("//del/text()")[0] == "旧名"
    assert page.xpath("//ins/text()")[0] == CANARY
    assert page.xpath("//a[@href='/files/5']/text()") == ["单位意见.pdf"]
    assert not page.xpath("//script")


def test_a_record_without_changes_or_addresses_is_plain(pages: jinja2.Environment) -> None:
    template = pages.from_string("{% import 'formkit/record.html' as r %}<div>{{ r.record(rows) }}</div>")
    page = html.fromstring(template.render(rows=describe(SCHEMA, bind(SCHEMA, Outside(), CASE).answers)))
    assert page.xpath("//h3/text()") == ["一、账号"]
    assert not page.xpath("//ins | //del | //a")
    assert len(page.xpath("//dl")) == 2
