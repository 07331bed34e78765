"""A person at a browser: cookies, the CSRF token of the session, and one application context per request.

Flask's own test client shares the context of the test, and with it everything cached for one request (who is logged
in, the queues held); a `Visitor` sends each request from an empty one, as a server would.
"""

from __future__ import annotations

import contextvars
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from webapp.extensions import db
from webapp.organization.queries import user_by_name

PASSWORD = "beian-demo"


class Visitor:
    """One browser. `token` is the CSRF token of its session, read from the last page that showed one."""

    def __init__(self, app: Flask) -> None:
        self.client: FlaskClient = app.test_client()
        self.token = ""

    def request(self, method: str, path: str, **given: Any) -> TestResponse:
        """Send one request in a context of its own and end the test's read transaction, which is now out of date."""
        answer = contextvars.Context().run(self.client.open, path, method=method, buffered=True, **given)
        if answer.mimetype == "text/html" and answer.data:
            self.token = token_of(answer.get_data(as_text=True)) or self.token
        answer.request.environ["wsgi.input"].close()  # what was sent may lie in a file
        db.session.rollback()
        return answer

    def get(self, path: str, **given: Any) -> TestResponse:
        return self.request("GET", path, **given)

    def post(
        self,
        path: str,
        data: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        method: str = "POST",
        **given: Any,
    ) -> TestResponse:
        """Post a form with the session's token."""
        if not self.token:
            self.get("/login")
        posted: MultiDict[str, Any] = data if isinstance(data, MultiDict) else MultiDict(data)
        posted = MultiDict(posted)
        posted.setdefault("csrf_token", self.token)
        return self.request(method, path, data=posted, **given)

    def login(self, username: str, password: str = PASSWORD, **more: str) -> TestResponse:
        """Log in through the login page; the answer is a redirect when it went well."""
        self.get("/login")
        answer = self.post("/login", {"username": username, "password": password, **more})
        self.token = ""
        if answer.status_code == 302:
            self.get("/")
        return answer

    def cookie(self) -> str:
        """The session cookie's value, "" when there is none."""
        found = self.client.get_cookie("beian")
        return found.value if found else ""


# Sessions of people who logged in before, by secret key and identity: checking a password is slow on purpose.
_sessions: dict[tuple[str, str, str], tuple[str, str]] = {}


def visitor(app: Flask, username: str | None = None) -> Visitor:
    """A browser, logged in as `username` when one is given."""
    made = Visitor(app)
    if username is None:
        return made
    user = user_by_name(username)
    assert user is not None, f"there is no {username}"
    identity = (str(app.config["SECRET_KEY"]), username, user.get_id())
    db.session.rollback()
    if identity not in _sessions:
        answer = made.login(username)
        assert answer.status_code == 302, f"{username} could not log in: {answer.status_code}"
        _sessions[identity] = (made.cookie(), made.token)
    cookie, made.token = _sessions[identity]
    made.client.set_cookie("beian", cookie)
    return made


def token_of(page: str) -> str:
    """The CSRF token a page carries, "" when it has none."""
    document = html.document_fromstring(page)
    found = document.xpath('//meta[@name="csrf-token"]/@content | //input[@name="csrf_token"]/@value')
    return next((str(value) for value in found if value), "")


def sentence_of(answer: TestResponse) -> str:
    """The sentence of an error page."""
    found = html.document_fromstring(answer.get_data(as_text=True)).xpath("//*[@data-error-sentence]")
    return found[0].text_content().strip() if found else ""
