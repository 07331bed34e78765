"""No page runs what somebody typed: every text escaped, every page of ours fit for its own policy."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.security.places import Places
from tests.security.test_matrix import PUBLIC, ROUTES, address, rules
from tests.support.desk import application_of, decide, filled, open_seat
from tests.support.web import Visitor, visitor
from webapp.extensions import db, transactional
from webapp.organization.models import Unit
from webapp.organization.queries import user_by_name
from webapp.registry.models import Account
from webapp.workflow.models import ProcessInstance

SQLITE = pytest.mark.parametrize("backend", ["sqlite"])
CANARY = "<img src=x onerror=a()>\"'><script>"
JINJA = "{{'7'*7}}${'7'.repeat(7)}"
LINK = "javascript:alert(1)"
SCRIPTS = {"application/json", "application/ld+json", "text/template"}


def assert_fit(answer: TestResponse, path: str) -> None:
    """The policy is there, and the page has nothing in it that the policy forbids."""
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([\w-]{16,})';", policy)
    assert nonce, path
    for part in (
        "default-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ):
        assert part in policy, path
    scripts = policy.split("script-src", 1)[1].split(";", 1)[0]
    assert not re.search(r"unsafe|\*|https?:|data:|blob:", scripts), path
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"], path
    assert "Server" not in answer.headers
    if answer.mimetype != "text/html":
        return
    assert answer.headers["Cache-Control"] == "no-store", path
    for element in html.document_fromstring(answer.text).iter():
        if isinstance(element.tag, str):
            assert_harmless(element, nonce.group(1), path)


def assert_harmless(element: Any, nonce: str, path: str) -> None:
    where = (path, html.tostring(element)[:200])
    for name, value in element.attrib.items():
        assert not name.lower().startswith("on"), where
        assert name not in ("style", "srcdoc", "hx-on", "formenctype"), where
        assert not name.startswith(("hx-on:", "hx-vals:js", "hx-vars")), where
        if name in ("href", "src", "action", "formaction", "data-autosave", "hx-get", "hx-post", "poster"):
            assert re.match(r"(/(?!/)|#|\?|mailto:|tel:|https?://|$)", value.strip()), where
        if name == "src":
            assert value.startswith("/"), where
    if element.tag in ("script", "style") and element.get("src") is None and element.get("type") not in SCRIPTS:
        assert element.get("nonce") == nonce, where
    assert element.tag not in ("iframe", "object", "embed", "base", "applet"), where
    if element.tag == "form" and (element.get("method") or "get").lower() == "post":
        assert element.xpath('.//input[contains(@name, "csrf_token")][string-length(@value) > 20]'), where
    if element.tag == "a" and element.get("target") == "_blank":
        assert "noopener" in (element.get("rel") or "noopener"), where


def pages(app: Flask, places: Places) -> Iterator[tuple[str, str, TestResponse]]:
    """Every page that can be opened, by who may: (path, person, answer)."""
    people: dict[str, Visitor] = {}
    for rule, method in rules(app):
        if method != "GET" or rule.endpoint in PUBLIC:
            continue
        allowed = ROUTES[rule.endpoint][1]
        for who in sorted({"wzpt.wei", "wzpt.feng", "wzpt.xu", "wzpt.sun"} & allowed):
            browser = people.setdefault(who, visitor(app, who))
            path = address(app, rule, dict(places.wzpt.ids))
            yield path, who, browser.get(path)
    for view in ("todo", "unclaimed", "done", "started", "drafts"):
        for who, browser in people.items():
            path = f"/inbox?view={view}"
            yield path, who, browser.get(path)


@SQLITE
def test_every_page_is_fit_for_its_policy(app: Flask, places: Places) -> None:
    seen = 0
    for path, _, answer in pages(app, places):
        assert answer.status_code == 200, path
        assert_fit(answer, path)
        seen += answer.mimetype == "text/html"
    assert seen > 40
    stranger, browser = visitor(app), visitor(app, "wzpt.sun")
    for answer in (
        stranger.get("/login"), stranger.get("/nowhere"), browser.get("/nowhere"), browser.get("/ledger"),
        browser.post("/start/new_account", {}), browser.request("POST", "/logout"), stranger.login("wzpt.sun", "wrong"),
    ):  # fmt: skip
        assert_fit(answer, "a refusal")


@SQLITE
def test_the_nonce_is_new_in_every_answer(app: Flask) -> None:
    browser = visitor(app)
    policies = {browser.get("/login").headers["Content-Security-Policy"] for _ in range(5)}
    assert len(policies) == 5


@SQLITE
def test_errors_for_programs_have_the_same_headers(app: Flask) -> None:
    answer = visitor(app).get("/nowhere", headers={"Accept": "application/problem+json"})
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["status"] == 404
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def assert_escaped(answer: TestResponse, path: str) -> int:
    """How often the canary stands on the page, every time as text."""
    text = answer.text
    assert "<img src=x" not in text, path
    assert "onerror=a()>" not in text, path
    assert "7777777" not in text, path
    if answer.mimetype != "text/html":
        return 0
    document = html.document_fromstring(text)
    assert not document.xpath("//img[@onerror] | //*[@onerror] | //img[@src='x']"), path
    for script in document.xpath("//script"):
        assert "onerror" not in (script.text or "") or script.get("type") in SCRIPTS, path
    for link in document.xpath("//@href | //@src | //@action"):
        assert not str(link).strip().lower().startswith("javascript:"), path
    return text.count("&lt;img src=x onerror=a()&gt;")


@transactional
def rename() -> None:
    """What administrators type is no safer than what applicants do."""
    user = user_by_name("wzpt.zhang")
    assert user is not None
    user.name_zh = user.name_en = CANARY
    unit = db.session.get_one(Unit, user.unit_id)
    unit.name_zh = unit.name_en = CANARY


def texts(app: Flask) -> dict[str, str]:
    """The canary for every text of the application that takes it."""
    return {
        "name": CANARY, "purpose": CANARY + JINJA, "audience": CANARY + LINK, "applicant_post": CANARY,
        "undertaking_conduct": CANARY, "undertaking_confidentiality": CANARY,
    }  # fmt: skip


def newest(app: Flask) -> int:
    found = db.session.scalars(select(ProcessInstance.id).order_by(ProcessInstance.id.desc())).first()
    db.session.rollback()
    assert found is not None
    return found


# Who decides a step, and what its form asks for.
SEALED = {"signed_as": "head", "seal": "confirmed", "purpose_review": "distinct", "undertaking_sponsor": "李主任"}
DECIDING = {
    "UnitOpinion": ("wzpt.li", SEALED),
    "PublicityDecision": ("wzpt.sun", {"positioning_review": "clear"}),
}


@SQLITE
def test_what_people_type_stands_on_every_page_as_text_only(app: Flask, person: Callable[[str], Any]) -> None:
    start, found, applicant = "/start/new_account", 0, visitor(app, "wzpt.zhang")
    rename()
    posted = application_of("wzpt.zhang", **texts(app))
    wrong = posted.copy()
    wrong.setlist("unit", [CANARY])
    refusal = applicant.post(start, filled(applicant.get(start), start, wrong), content_type="multipart/form-data")
    assert refusal.status_code == 422
    seen = {"refused form": assert_escaped(refusal, start)}
    seen["drafts"] = assert_escaped(applicant.get("/inbox?view=drafts"), "drafts")
    answer = applicant.post(start, filled(applicant.get(start), start, posted), content_type="multipart/form-data")
    assert answer.status_code == 302, re.findall(r"data-error[^>]*>[^<]*", answer.text)
    case_id = newest(app)
    for element, (who, more) in DECIDING.items():
        seat_id, browser = open_seat(case_id, element), visitor(app, who)
        for path in (f"/tasks/{seat_id}", f"/inbox/preview/{seat_id}", "/inbox?view=unclaimed", "/"):
            seen[f"{element} {path}"] = assert_escaped(browser.get(path), path)
        back = decide(browser, seat_id, "reject", grounds=CANARY, opinion=CANARY)
        assert back.status_code == 422
        assert_escaped(back, "refused decision")
        done = decide(browser, seat_id, "approve", opinion=CANARY + JINJA, **more)
        assert done.status_code == 302, element
        seen[f"after {element}"] = assert_escaped(browser.get("/inbox?view=done"), "done")
    account_id = db.session.scalars(select(Account.id).order_by(Account.id.desc())).first()
    db.session.rollback()
    auditor = visitor(app, "wzpt.feng")
    paths = [f"/cases/{case_id}", f"/cases/{case_id}/rounds/1", f"/registry/{account_id}", "/registry", "/notices", "/"]
    asked = "%3Cimg+src%3Dx+onerror%3Da()%3E"
    paths += [f"/registry?q={asked}", f"/inbox?q={asked}", f"/inbox?view={asked}", "/inbox?view=started"]
    paths += [f"/login?next=/%22%3E{asked}", f"/login?as=%22%3E{asked}", f"/nowhere/{asked}"]
    for browser in (applicant, auditor, visitor(app)):
        for path in paths:
            seen[path] = max(seen.get(path, 0), assert_escaped(browser.get(path), path))
    seen["/ledger"] = assert_escaped(auditor.get("/ledger"), "/ledger")
    seen["events"] = sum(assert_escaped(auditor.get(f"/ledger/{seq}"), "event") for seq in range(1, 60))
    found = {place for place, count in seen.items() if count}
    for place in ("refused form", f"/cases/{case_id}", f"/registry/{account_id}", "/registry", "drafts", "events"):
        assert place in found, (place, sorted(found))
