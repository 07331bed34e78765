"""Posts from elsewhere: refused at every route that changes something, by token and by origin."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.security.places import Places, row_counts
from tests.security.test_matrix import address, rules
from tests.support.web import Visitor, sentence_of, visitor

PEOPLE = ("wzpt.xu", "wzpt.sun", "wzpt.feng", "wzpt.wei")
SQLITE = pytest.mark.parametrize("backend", ["sqlite"])


def posts(app: Flask, places: Places) -> list[str]:
    """The address of every route that takes an unsafe method, naming things that are there."""
    ids = {**places.wzpt.ids, "code": "en"}
    return [address(app, rule, ids) for rule, method in rules(app) if method != "GET"]


@SQLITE
def test_a_post_without_the_token_is_refused_everywhere(app: Flask, places: Places) -> None:
    before = row_counts()
    paths = posts(app, places)
    assert len(paths) > 15
    for username in PEOPLE:
        browser = visitor(app, username)
        own = browser.token
        for path in paths:
            # What is no token at all is nobody's, so that one person tries it.
            for token in ("", own[:-1], "x", "IjAi.x.y") if username == "wzpt.sun" else ("", own[:-1]):
                answer = browser.request("POST", path, data={"csrf_token": token} if token else {})
                assert answer.status_code == 400, (username, path, token)
            assert sentence_of(answer) == "请求不完整，请返回重试。"
    assert row_counts() == before


@SQLITE
def test_somebody_elses_token_is_worth_nothing(app: Flask, places: Places) -> None:
    stranger, browser = Visitor(app), visitor(app, "wzpt.xu")
    stranger.get("/login")
    assert stranger.token
    assert stranger.token != browser.token
    assert browser.request("POST", "/notices/read", data={"csrf_token": stranger.token}).status_code == 400
    assert browser.request("POST", "/notices/read", headers={"X-CSRFToken": browser.token}).status_code == 302


ELSEWHERE = [
    {"Origin": "https://evil.test"},
    {"Origin": "http://localhost.evil.test"},
    {"Origin": "http://evil.test:80"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://localhost@evil.test"},
    {"Origin": "null"},
    {"Origin": "http://["},
    {"Origin": "localhost"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.test"},
]
HERE = [
    {},
    {"Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    {"Sec-Fetch-Site": "none"},
]


@SQLITE
def test_a_post_from_another_site_is_refused_though_it_knows_the_token(app: Flask, places: Places) -> None:
    before = row_counts()
    for username in PEOPLE:
        browser = visitor(app, username)
        for path in posts(app, places):
            for headers in ELSEWHERE[:1] if username != "wzpt.sun" else ELSEWHERE:
                assert browser.post(path, headers=headers).status_code == 403, (username, path, headers)
    assert row_counts() == before
    for headers in HERE:
        assert visitor(app, "wzpt.xu").post("/notices/read", headers=headers).status_code == 302, headers


@SQLITE
def test_links_from_elsewhere_still_open_pages(app: Flask) -> None:
    browser = visitor(app, "wzpt.xu")
    headers = {"Sec-Fetch-Site": "cross-site", "Referer": "https://mail.example.test/"}
    assert browser.get("/inbox", headers=headers).status_code == 200
