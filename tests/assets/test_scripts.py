"""The built scripts at work in a browser, under the content security policy pages have."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask, Response, render_template_string, request
from flask_babel import Babel
from playwright.sync_api import Browser, Page, expect

from tests.support.live import serving
from tests.support.page_checks import listening, problems
from webapp import front_end

pytestmark = pytest.mark.browser
WEBAPP = Path(front_end.__file__).parent
DIAGRAM = (Path(__file__).parent / "two_steps.bpmn").read_text(encoding="utf-8")
POLICY = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'"

FORM = """{% extends '_base.html' %}{% block title %}表{% endblock %}{% block body %}<main id="main"><h1>表</h1>
{{ m.saved() }}<form method="post" action="/slow" data-autosave="/draft"><label for="name">名称</label>
<input id="name" name="name"><input type="file" name="proof" aria-label="材料"><button>提交</button></form>
<button id="ask" hx-post="/answer" hx-target="#told">问</button><p id="told"></p>
<button id="refused" hx-post="/refused" hx-target="#told">错</button></main>{% endblock %}"""

CASE = """{% extends '_base.html' %}{% block title %}图{% endblock %}{% block body %}<main id="main"><h1>图</h1>
{% set steps = [{'state': 'done', 'title': '提交', 'element': 'Application'},
  {'state': 'current', 'title': '审核', 'element': 'Decision'}] %}
{{ m.diagram('/diagram.bpmn', '流程图', {'Application': 'done', 'Decision': 'now'}, {'Application': '2 次'}, steps) }}
{{ m.diagram('/lost.bpmn', '没有的图') }}</main>{% endblock %}
{% block js %}{{ m.diagram_js() }}{% endblock %}"""


@dataclass
class Site:
    """A small site over the product's own frame, and what was posted to it."""

    address: str = ""
    posted: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    draft_status: int = 200


def _app(site: Site) -> Flask:
    app = Flask("webapp", template_folder=str(WEBAPP / "templates"), static_folder=str(WEBAPP / "static"))
    Babel(app, default_locale="zh")
    front_end.init_app(app)
    app.jinja_env.globals["csrf_token"] = lambda: "the-token"
    app.secret_key = "only for flashed messages"
    app.add_url_rule("/language/<code>", "organization.language", lambda code: code, methods=["POST"])
    app.add_url_rule("/form", "form", lambda: render_template_string(FORM))
    app.add_url_rule("/case", "case", lambda: render_template_string(CASE))
    app.add_url_rule("/diagram.bpmn", "diagram", lambda: Response(DIAGRAM, mimetype="application/xml"))
    app.add_url_rule("/refused", "refused", _refused, methods=["POST"])

    def take() -> Response | tuple[str, int]:
        site.posted.append((request.path, request.form.to_dict()))
        site.tokens.append(request.headers.get("X-CSRFToken"))
        if request.path == "/draft":
            return Response('{"saved_at": "14:32"}', site.draft_status, mimetype="application/json")
        return "听到了", 200 if request.path == "/answer" else 204

    for path in ("/draft", "/answer", "/slow"):
        app.add_url_rule(path, path, take, methods=["POST"])

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


def _refused() -> tuple[str, int]:
    return render_template_string("{% include 'error.html' %}", status=409, sentence="陈老师已经办了。"), 409


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    with serving(_app(made)) as made.address:
        yield made


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    yield context.new_page()
    context.close()


@pytest.fixture
def page(phone: Page) -> Iterator[Page]:
    """The phone's page, with nothing on it."""
    yield phone
    phone.goto("about:blank")


@pytest.fixture
def typing(browser: Browser) -> Iterator[Page]:
    """A page of its own, whose clock the test sets: `type_and_wait`."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    context.clock.install()
    yield context.new_page()
    context.close()


def type_and_wait(typing: Page, site: Site, name: str) -> None:
    """Type a name, and then nothing for so long that the draft is sent."""
    typing.goto(f"{site.address}/form")
    typing.fill("#name", name)
    typing.clock.run_for(2_000)


def test_a_draft_is_saved_as_one_types_without_the_files(typing: Page, site: Site) -> None:
    type_and_wait(typing, site, "温职设计")
    expect(typing.locator("[data-autosave-status]")).to_have_text("草稿已存 14:32")
    assert site.posted == [("/draft", {"name": "温职设计"})]


def test_a_draft_that_could_not_be_saved_says_so(typing: Page, site: Site) -> None:
    site.draft_status = 500
    type_and_wait(typing, site, "温")
    expect(typing.locator("[data-autosave-status]")).to_have_text("草稿没有存上，稍后再试")


def test_an_expired_login_is_named(typing: Page, site: Site) -> None:
    site.draft_status = 401
    type_and_wait(typing, site, "温")
    expect(typing.locator("[data-autosave-status]")).to_have_text("登录已过期，请在新窗口登录后继续")


def test_pressing_submit_twice_posts_once(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/form")
    page.evaluate("for (const i of [1, 2]) document.querySelector('form button').click()")
    page.wait_for_timeout(500)
    assert [path for path, _ in site.posted] == ["/slow"]


def test_htmx_sends_the_token_and_puts_the_answer_in_its_place(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/form")
    page.click("#ask")
    expect(page.locator("#told")).to_have_text("听到了")
    assert site.tokens == ["the-token"]


def test_a_refused_request_says_the_servers_sentence_and_changes_nothing(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/form")
    page.click("#refused")
    expect(page.locator(".bn-toast")).to_have_text("陈老师已经办了。")
    expect(page.locator("#told")).to_have_text("")


def test_a_diagram_marks_what_is_done_now_and_to_come(page: Page, site: Site) -> None:
    with listening(page) as heard:
        page.goto(f"{site.address}/case")
        shapes = page.locator(".djs-element")
        expect(shapes.and_(page.locator("[data-element-id=Decision]"))).to_have_class("djs-element djs-shape is-now")
    marks = page.eval_on_selector_all(
        ".djs-element[data-element-id]", "all => all.map(e => [e.dataset.elementId, e.getAttribute('class')])"
    )
    by_id = {key: classes.split()[-1] for key, classes in marks}
    assert by_id["Application"] == "is-done"
    assert by_id["to_decision"] == "is-done"
    assert by_id["End"] == "is-todo"
    assert by_id["to_end"] == "is-todo"
    assert [line for line in heard if "404" not in line and "diagram" not in line] == []


def test_on_a_phone_the_current_step_is_in_sight_and_the_mark_of_bpmn_io_too(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/case")
    page.locator(".bjs-powered-by").first.wait_for()
    frame = page.locator(".bn-diagram").first.bounding_box()
    step = page.locator("[data-element-id=Decision]").first.bounding_box()
    mark = page.locator(".bjs-powered-by").first.bounding_box()
    assert frame is not None
    assert step is not None
    assert mark is not None
    for box in (step, mark):
        assert frame["x"] <= box["x"]
        assert box["x"] + box["width"] <= frame["x"] + frame["width"] + 1


def test_a_diagram_that_cannot_be_had_says_so(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/case")
    expect(page.locator(".bn-diagram__failed")).to_have_text("流程图没有载入，请看下面的文字版。")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_frame_and_the_diagram_are_accessible_and_fit_a_phone(browser: Browser, site: Site, scheme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    for path, parts in (("/case", (".bjs-powered-by", ".bn-diagram__failed")), ("/form", ("h1",))):
        page.goto(site.address + path)
        for part in parts:
            page.locator(part).first.wait_for()
        assert problems(page) == []
    context.close()
