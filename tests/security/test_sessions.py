"""Cookies and the answers of a server whose insides fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from tests.conftest import make_settings
from tests.support.web import Visitor, sentence_of, visitor
from webapp import create_app
from webapp.extensions import db, transactional

SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


def cookies(browser: Visitor, answer_to: str = "/login") -> list[str]:
    return browser.get(answer_to).headers.getlist("Set-Cookie")


@SQLITE
@pytest.mark.parametrize("secure", [False, True])
def test_cookies_are_kept_from_scripts_and_other_sites(
    app: Flask, database_url: str, tmp_path: Path, secure: bool
) -> None:
    other = create_app(make_settings(database_url, tmp_path, secure_cookies=secure))
    found = cookies(Visitor(other))
    with other.app_context():
        db.session.remove()
        db.engine.dispose()
    assert found
    for cookie in found:
        parts = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=lax", "path=/"} <= parts
        assert ("secure" in parts) is secure
        assert not any(part.startswith("domain") for part in parts)


@SQLITE
def test_a_session_of_somebody_logged_in_ends_after_half_a_day(app: Flask) -> None:
    assert app.permanent_session_lifetime.total_seconds() == 12 * 3600
    browser = visitor(app)
    answer = browser.login("wzpt.xu")
    assert any("Expires=" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_a_database_in_ruins_is_answered_with_a_sentence(app: Flask) -> None:
    """Nothing of what went wrong is shown, whatever part of the page needed the database."""
    browser, stranger = visitor(app, "wzpt.xu"), visitor(app)
    stranger.get("/login")

    @transactional
    def ruin() -> None:
        db.session.execute(text('ALTER TABLE "user" RENAME TO user_gone'))

    ruin()
    for answer in (
        browser.get("/inbox"),
        browser.get("/"),
        browser.get("/nowhere"),
        stranger.post("/login", {"username": "wzpt.xu", "password": "x"}),
    ):
        assert answer.status_code in (404, 500)
        assert sentence_of(answer)
        for told in ("Traceback", "sqlalchemy", "psycopg", "SELECT", "no such table", "user_gone"):
            assert told not in answer.text
