"""Logging in and out: who gets in, what a stranger learns, and what a session is worth afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import html

from tests.conftest import make_settings
from tests.support.web import PASSWORD, Visitor, sentence_of, visitor
from webapp import create_app
from webapp.config import DEMO_SECRET, ConfigurationError, Settings
from webapp.extensions import db, transactional
from webapp.organization.models import User
from webapp.organization.passwords import hash_password
from webapp.organization.queries import user_by_name
from webapp.security import safe_target

WRONG = "账号名或密码不对"
# What does not depend on the database is shown on one.
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


@transactional
def change(username: str, **values: Any) -> None:
    user = user_by_name(username)
    assert user is not None
    for name, value in values.items():
        setattr(user, name, value)


@pytest.fixture
def another(app: Flask, database_url: str, tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Further applications over the same database, with other settings."""
    opened: list[Flask] = []

    def make(**settings: Any) -> Flask:
        opened.append(create_app(make_settings(database_url, tmp_path, **settings)))
        return opened[-1]

    yield make
    for other in opened:
        with other.app_context():
            db.session.remove()
            db.engine.dispose()


def test_the_right_password_leads_home_and_a_wrong_one_back_to_the_form(app: Flask) -> None:
    browser = visitor(app)
    refused = browser.login("wzpt.zhang", "wrong")
    assert refused.status_code == 401
    assert WRONG in refused.text
    assert 'value="wzpt.zhang"' in refused.text
    assert "wrong" not in refused.text.replace("wrong-", "")
    assert browser.get("/inbox").status_code == 302
    assert browser.login("wzpt.zhang").location == "/"
    assert "张老师" in browser.get("/").text


def test_a_stranger_does_not_learn_whether_there_is_such_a_person(app: Flask) -> None:
    def answer(username: str) -> tuple[int, str]:
        found = Visitor(app).login(username, "wrong")
        [form] = html.document_fromstring(found.text).xpath('//form[.//input[@name="password"]]')
        for token in form.xpath('.//*[@name="csrf_token"]'):
            token.attrib.pop("value")
        return found.status_code, html.tostring(form).decode().replace(username, "who")

    change("wzpt.liu", active=False)
    assert answer("wzpt.zhang") == answer("nobody.here") == answer("wzpt.liu")


def test_the_time_taken_does_not_tell_either(app: Flask, verifications: list[str]) -> None:
    change("wzpt.liu", active=False)
    for number, username in enumerate(["wzpt.zhang", "nobody.here", "wzpt.liu"], start=1):
        visitor(app).login(username, "wrong")
        assert len(verifications) == number, username


@SQLITE
@pytest.mark.parametrize(
    ("username", "password"), [("", ""), ("wzpt.zhang", ""), ("", "x"), ("x" * 81, "x"), ("x", "x" * 201)]
)
def test_an_unfinished_form_comes_back(app: Flask, username: str, password: str) -> None:
    answer = visitor(app).login(username, password)
    assert answer.status_code == 422
    assert "/login" in answer.text


@SQLITE
def test_logging_in_again_while_logged_in_leads_home(app: Flask) -> None:
    assert visitor(app, "wzpt.zhang").get("/login").location == "/"


@SQLITE
def test_a_login_gives_a_new_session_and_keeps_nothing_but_the_language(app: Flask) -> None:
    """Whoever planted a session in a browser before the login holds nothing afterwards."""
    browser = visitor(app)
    browser.get("/login")
    browser.post("/language/en", {"next": "/login"})
    with app.test_request_context():
        serializer: Any = app.session_interface
    session = serializer.get_signing_serializer(app)
    planted, token = session.loads(browser.cookie()), browser.token
    browser.client.set_cookie("beian", session.dumps({**planted, "planted": "by somebody"}))
    before = browser.cookie()
    assert browser.post("/login", {"username": "wzpt.zhang", "password": PASSWORD}).status_code == 302
    after = session.loads(browser.cookie())
    assert browser.cookie() != before
    assert set(after) & {"planted", "csrf_token"} == set()
    assert after["locale"] == "en"
    browser.token = token
    assert browser.post("/notices/read").status_code == 400
    thief = visitor(app)
    thief.client.set_cookie("beian", before)
    assert thief.get("/inbox").status_code == 302


def test_a_session_of_before_logging_out_shows_no_page_to_the_browser_that_left(app: Flask) -> None:
    browser = visitor(app, "wzpt.zhang")
    assert browser.get("/logout").status_code == 405
    answer = browser.post("/logout")
    assert answer.location == "/login"
    assert browser.get("/").location.startswith("/login")
    assert "_user_id" not in browser.cookie()
    assert browser.get("/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("values", [{"session_epoch": 1}, {"active": False}])
def test_a_session_ends_when_it_is_revoked_or_the_person_leaves(app: Flask, values: dict[str, Any]) -> None:
    browser = visitor(app, "wzpt.zhang")
    assert browser.get("/inbox").status_code == 200
    change("wzpt.zhang", **values)
    answer = browser.get("/inbox")
    assert answer.status_code == 302
    assert answer.location.startswith("/login")


@SQLITE
def test_a_forged_or_foreign_session_is_nobodys(app: Flask, another: Callable[..., Flask]) -> None:
    other = another(secret_key="another secret of another place")
    foreign = visitor(other, "wzpt.zhang").cookie()
    serializer: Any = app.session_interface
    signed = serializer.get_signing_serializer(app)
    forged = [
        foreign,
        "x",
        "..",
        "a.b.c",
        signed.dumps({"_user_id": "1"}),
        signed.dumps({"_user_id": "²"}),
        signed.dumps({"_user_id": 1}),
    ]
    for cookie in [*forged, signed.dumps({"_user_id": "9" * 30 + ".0"}), signed.dumps({"_user_id": "1.0.0"})]:
        browser = visitor(app)
        browser.client.set_cookie("beian", cookie)
        assert browser.get("/inbox").status_code == 302, cookie


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("/inbox?view=done", "/inbox?view=done"),
        ("/cases/1", "/cases/1"),
        ("//evil.test", "/"),
        ("///evil.test", "/"),
        ("\\\\evil.test", "/"),
        ("/\\evil.test", "/"),
        ("/%5Cevil.test/\\", "/"),
        ("/\t/evil.test", "/"),
        ("/\n/evil.test", "/"),
        ("\t//evil.test", "/"),
        (" //evil.test", "/"),
        ("https://evil.test", "/"),
        ("https:evil.test", "/"),
        ("https:/evil.test", "/"),
        ("HTTPS://localhost", "/"),
        ("javascript:alert(1)", "/"),
        ("data:text/html,x", "/"),
        ("evil.test", "/"),
        ("@evil.test", "/"),
        ("", "/"),
    ],
)
def test_only_a_path_of_this_site_is_led_to(target: str, leads: str) -> None:
    assert (safe_target(target) or "/") == leads


@SQLITE
def test_neither_login_nor_language_leads_elsewhere(app: Flask) -> None:
    for target, leads in (
        ("//evil.test", "/"),
        ("https:evil.test", "/"),
        ("/\t/evil.test", "/"),
        ("/calendar", "/calendar"),
    ):
        assert visitor(app).login("wzpt.zhang", next=target).location == leads
        assert visitor(app).post("/language/en", {"next": target}).location == leads


@SQLITE
def test_the_page_asked_for_comes_after_the_login(app: Flask) -> None:
    browser = visitor(app)
    asked = browser.get("/inbox?view=done").location
    page = html.document_fromstring(browser.get(asked).text)
    [found] = page.xpath('//form[.//input[@name="password"]]//input[@name="next"]/@value')
    assert browser.login("wzpt.zhang", next=found).location == "/inbox?view=done"


@SQLITE
def test_too_many_attempts_are_answered_with_a_sentence(app: Flask, another: Callable[..., Flask]) -> None:
    slow = another(login_limit="3 per minute")
    browser = visitor(slow)
    for _ in range(3):
        assert browser.login("wzpt.zhang", "wrong").status_code == 401
    answer = browser.login("wzpt.zhang")
    assert answer.status_code == 429
    assert sentence_of(answer) == "尝试过于频繁，请稍后再试。"
    assert browser.get("/login").status_code == 200
    assert browser.get("/inbox").status_code == 302


def test_people_of_the_demo_do_not_exist_outside_it(app: Flask, another: Callable[..., Flask]) -> None:
    demo_session = visitor(app, "wzpt.zhang").cookie()
    change("wzpt.liu", demo=False)
    real = another(demo=False, secret_key=app.config["SECRET_KEY"] + " of its own")
    same_key = another(demo=True)
    same_key.extensions["settings"].demo = False
    page = visitor(real).get("/login?as=wzpt.zhang")
    assert "张老师" not in page.text
    assert PASSWORD not in page.text
    assert visitor(real).login("wzpt.zhang").status_code == 401
    assert visitor(real).login("wzpt.liu").status_code == 302
    browser = visitor(same_key)
    browser.client.set_cookie("beian", demo_session)
    assert browser.get("/inbox").status_code == 302


def test_a_password_that_was_never_set_opens_nothing(app: Flask) -> None:
    change("wzpt.zhang", password_hash="")
    assert visitor(app).login("wzpt.zhang", "nobody has this password").status_code == 401
    change("wzpt.zhang", password_hash=hash_password("另一个 password"))
    assert visitor(app).login("wzpt.zhang", "另一个 password").status_code == 302


@pytest.mark.parametrize("secret", [DEMO_SECRET, "", "short"])
def test_the_server_refuses_to_start_without_a_secret_of_its_own(tmp_path: Path, secret: str) -> None:
    settings = Settings(secret_key=secret, demo=False, var_dir=tmp_path)
    with pytest.raises(ConfigurationError, match="BEIAN_SECRET_KEY"):
        create_app(settings)


def test_the_demo_may_start_without_one(tmp_path: Path) -> None:
    assert create_app(Settings(demo=True, var_dir=tmp_path, jobs=False))


@SQLITE
def test_every_person_named_on_the_login_page_is_of_the_demo(app: Flask, person: Callable[[str], User]) -> None:
    change("wzpt.liu", demo=False)
    page = visitor(app).get("/login").text
    assert person("wzpt.liu").name_zh not in page
    assert person("wzpt.zhang").name_zh in page
    db.session.rollback()
