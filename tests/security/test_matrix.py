"""Role x route x method x whose: what one may not see answers like what isn't there.

Routes come from `url_map`; one that is not listed here fails, so that whoever adds it says who may reach it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.security.places import UNKNOWN, Places, row_counts
from tests.support.web import Visitor, visitor
from webapp.extensions import limiter

SQLITE = pytest.mark.parametrize("backend", ["sqlite"])

# 徐老师 has applied; 何主任 gave the unit's opinion; 孙 and 钱老师 review; 冯老师 audits; 卫老师 administers.
PEOPLE = (
    "wzpt.xu", "wzpt.he", "wzpt.zhang", "wzpt.wang", "wzpt.sun", "wzpt.feng", "wzpt.wei", "wzpt.jiang", "zzlg.zhang",
    "zzlg.feng", "zzlg.chen",
)  # fmt: skip
EVERYBODY = frozenset(PEOPLE)
HERE = frozenset(name for name in PEOPLE if name.startswith("wzpt."))
CASE = frozenset({"wzpt.xu", "wzpt.he", "wzpt.sun", "wzpt.feng"})
SEAT = frozenset({"wzpt.sun", "wzpt.feng"})
AUDIT = frozenset({"wzpt.feng"})
ADMIN = frozenset({"wzpt.wei"})
OWN = frozenset({"wzpt.xu"})
LEAD = frozenset({"wzpt.sun"})
SIGNED_IN = EVERYBODY

# Endpoint -> (methods it takes, who may reach the thing of wzpt, or the page, that its address names).
ROUTES: dict[str, tuple[set[str], frozenset[str]]] = {
    "inbox.home": ({"GET"}, SIGNED_IN),
    "inbox.todo": ({"GET"}, SIGNED_IN),
    "inbox.preview": ({"GET"}, SEAT),
    "inbox.start": ({"GET", "POST"}, SIGNED_IN),
    "inbox.start_draft": ({"POST"}, SIGNED_IN),
    "inbox.start_fields": ({"POST"}, SIGNED_IN),
    "inbox.discard": ({"POST"}, OWN),
    "inbox.task": ({"GET"}, SEAT),
    "inbox.claim": ({"POST"}, SEAT),
    "inbox.unclaim": ({"POST"}, SEAT),
    "inbox.task_draft": ({"POST"}, SEAT),
    "inbox.task_fields": ({"POST"}, SEAT),
    "inbox.answer": ({"POST"}, SEAT),
    "inbox.return": ({"POST"}, SEAT),
    "arrangements.views": ({"GET"}, SIGNED_IN),
    "arrangements.save": ({"POST"}, SIGNED_IN),
    **{f"arrangements.{act}": ({"POST"}, OWN) for act in ("rename", "move", "share", "remove")},
    "arrangements.phrases": ({"GET", "POST"}, SIGNED_IN),
    **{f"arrangements.{act}_phrase": ({"POST"}, OWN) for act in ("change", "move", "remove")},
    "arrangements.keys": ({"GET", "POST"}, SIGNED_IN),
    "arrangements.reset_keys": ({"POST"}, SIGNED_IN),
    "arrangements.export": ({"GET"}, SIGNED_IN),
    "arrangements.counter": ({"GET"}, SIGNED_IN),
    "arrangements.batch": ({"POST"}, SIGNED_IN),
    "arrangements.approve": ({"POST"}, SIGNED_IN),
    "tasks.hand": ({"GET", "POST"}, SEAT),
    "tasks.recall": ({"POST"}, frozenset()),
    "tasks.remove": ({"POST"}, frozenset()),
    "tasks.take_back": ({"POST"}, SEAT),
    "tasks.oversight": ({"GET"}, ADMIN | {"zzlg.chen"}),
    "tasks.watched": ({"GET"}, ADMIN),
    "tasks.oversee": ({"POST"}, ADMIN),
    "tasks.seat": ({"GET", "POST"}, ADMIN),
    "tasks.release": ({"POST"}, ADMIN),
    "cases.case": ({"GET"}, CASE),
    "cases.round": ({"GET"}, CASE),
    "cases.diagram": ({"GET"}, CASE),
    "cases.cancel": ({"POST"}, CASE),
    "cases.file": ({"GET"}, CASE),
    "correspondence.case": ({"GET"}, CASE),
    "correspondence.comment": ({"POST"}, CASE),
    "correspondence.copy": ({"POST"}, CASE),
    "correspondence.urge": ({"POST"}, CASE),
    "correspondence.copies": ({"GET"}, SIGNED_IN),
    "correspondence.read": ({"POST"}, SIGNED_IN),
    "registry.accounts": ({"GET"}, SIGNED_IN),
    "registry.account": ({"GET"}, HERE),
    "registry.record_update": ({"POST"}, frozenset({"wzpt.zhang", "wzpt.sun"})),
    "registry.taken_measures": ({"GET"}, AUDIT | {"wzpt.he", "wzpt.sun", "zzlg.feng"}),
    "campaigns.campaigns": ({"GET"}, SIGNED_IN),
    "campaigns.campaign": ({"GET"}, HERE),
    "campaigns.sheet": ({"GET"}, HERE),
    "campaigns.open_by_hand": ({"GET", "POST"}, LEAD),
    "campaigns.close": ({"GET", "POST"}, LEAD),
    "campaigns.again": ({"POST"}, LEAD),
    "campaigns.zero": ({"GET", "POST"}, frozenset({"wzpt.he"})),
    "bulletins.bulletins": ({"GET"}, SIGNED_IN),
    "bulletins.bulletin": ({"GET"}, HERE),
    "definitions.processes": ({"GET"}, SIGNED_IN),
    "definitions.process": ({"GET"}, SIGNED_IN),
    "definitions.diagram": ({"GET"}, SIGNED_IN),
    "documents.case_form": ({"GET"}, CASE),
    "documents.blank_form": ({"GET"}, SIGNED_IN),
    "documents.template": ({"GET"}, frozenset({"zzlg.zhang", "zzlg.feng", "zzlg.chen"})),
    "documents.export": ({"GET"}, SIGNED_IN),
    "documents.register_template": ({"GET"}, LEAD),
    "documents.import_page": ({"GET", "POST"}, LEAD),
    "regulations.regulations": ({"GET"}, SIGNED_IN),
    "coverage.coverage": ({"GET"}, AUDIT | LEAD | {"zzlg.feng"}),
    "ledger.events": ({"GET"}, AUDIT | {"zzlg.feng"}),
    "ledger.event": ({"GET"}, AUDIT | {"zzlg.feng"}),
    "ledger.checkpoints": ({"GET"}, AUDIT | {"zzlg.feng"}),
    "ledger.checkpoint": ({"GET"}, AUDIT),
    "ledger.download": ({"POST"}, AUDIT | {"zzlg.feng"}),
    "ledger.verify": ({"POST"}, AUDIT | {"zzlg.feng"}),
    "faults.faults": ({"GET"}, ADMIN | {"zzlg.chen"}),
    "faults.fault": ({"GET", "POST"}, ADMIN),
    "notifications.notices": ({"GET"}, SIGNED_IN),
    "notifications.read": ({"POST"}, OWN),
    "notifications.all_read": ({"POST"}, SIGNED_IN),
    "notifications.settings": ({"GET"}, SIGNED_IN),
    "notifications.set_settings": ({"POST"}, SIGNED_IN),
    "notifications.new_webhook": ({"POST"}, SIGNED_IN),
    "notifications.test_webhook": ({"POST"}, OWN),
    "notifications.drop_webhook": ({"POST"}, OWN),
    "notifications.all_again": ({"POST"}, ADMIN | {"zzlg.chen"}),
    "notifications.outbox": ({"GET"}, ADMIN | {"zzlg.chen"}),
    "notifications.again": ({"POST"}, ADMIN),
    "substitution.substitution": ({"GET"}, SIGNED_IN),
    "substitution.appoint": ({"POST"}, EVERYBODY - {"wzpt.feng", "wzpt.jiang", "zzlg.feng"}),
    "substitution.revoke": ({"POST"}, ADMIN | {"wzpt.xu", "wzpt.he"}),
    "handover.handovers": ({"GET"}, ADMIN | AUDIT | {"zzlg.chen", "zzlg.feng"}),
    "handover.order": ({"POST"}, ADMIN | {"zzlg.chen"}),
    "handover.handover": ({"GET"}, ADMIN | AUDIT),
    "handover.again": ({"POST"}, ADMIN),
    "organization.calendar": ({"GET"}, SIGNED_IN),
    "organization.set_calendar_day": ({"POST"}, ADMIN | {"zzlg.chen"}),
}
PUBLIC = {"organization.login", "organization.logout", "organization.language", "static"} | {
    f"directory.{page}" for page in ("directory", "download", "report")
}
# Addresses every institution has under the same name, so that nothing in them is anybody's.
SHARED = {"process_key", "version", "seq", "layout", "ending", "sheet"}
# Arguments that name what is inside the thing the first one names.
INNER = {"number", "version", "ending"}


def rules(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route with each of its methods that say something of their own."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def address(app: Flask, rule: Rule, ids: dict[str, Any]) -> str:
    with app.test_request_context():
        values = {
            name: ids["process_key"] if name == "key" and "processes" in rule.rule else ids[name]
            for name in rule.arguments
        }
        return app.url_for(rule.endpoint, **values)


def unknown(ids: dict[str, Any], rule: Rule) -> dict[str, Any]:
    """The same address naming nothing."""
    absent: dict[str, Any] = dict(ids)
    for name in rule.arguments - INNER:
        absent[name] = "A" * 43 if name == "key" else "no_such_process" if name.endswith("_key") else UNKNOWN
    if "processes" in rule.rule:
        absent["process_key"] = "no_such_process"
    return absent


def bare(answer: TestResponse, path: str) -> str:
    """An answer without what differs between any two: its token, its nonce, its own address."""
    text = answer.get_data(as_text=True).replace(path, "PATH")
    return re.sub(r'(nonce|content|value)="[^"]{16,}"', "", text)


@SQLITE
def test_every_route_is_listed_with_its_methods(app: Flask) -> None:
    found: dict[str, set[str]] = {}
    for rule, method in rules(app):
        if rule.endpoint not in PUBLIC:
            found.setdefault(rule.endpoint, set()).add(method)
    assert found == {endpoint: methods for endpoint, (methods, _) in ROUTES.items()}
    assert {rule.endpoint for rule, _ in rules(app)} >= PUBLIC


@SQLITE
def test_who_is_not_logged_in_is_sent_to_log_in_and_reaches_nothing(app: Flask, places: Places) -> None:
    stranger = visitor(app)
    before = row_counts()
    for rule, method in rules(app):
        if rule.endpoint in PUBLIC:
            continue
        for ids in (dict(places.wzpt.ids), unknown(dict(places.wzpt.ids), rule)):
            path = address(app, rule, ids)
            answer = stranger.get(path) if method == "GET" else stranger.post(path, method=method)
            assert answer.status_code == 302, (method, path)
            assert answer.location.startswith("/login?next="), (method, path)
    assert row_counts() == before


@SQLITE
def test_what_one_may_not_reach_answers_like_what_is_not_there(app: Flask, places: Places) -> None:
    for username in PEOPLE:
        reaches_only_its_own(app, places, username)


def reaches_only_its_own(app: Flask, places: Places, username: str) -> None:
    """Every route with every method as one person: pages one may see answer, all else like nothing."""
    browser = visitor(app, username)
    browser.get("/")
    before = row_counts()
    for rule, method in rules(app):
        if rule.endpoint in PUBLIC:
            continue
        _, allowed = ROUTES[rule.endpoint]
        ids = dict(places.wzpt.ids)
        path, absent = address(app, rule, ids), address(app, rule, unknown(ids, rule))
        if username in allowed:
            if method == "GET":
                assert browser.get(path).status_code == 200, (username, path)
            continue
        answer, nothing = ask(browser, method, path), ask(browser, method, absent)
        if 302 in (answer.status_code, nothing.status_code):
            browser.get("/")  # takes away what a redirect had to say
        assert answer.status_code == 404 or rule.endpoint == "inbox.discard", (
            username,
            method,
            path,
            answer.status_code,
        )
        assert answer.status_code == nothing.status_code, (username, method, path)
        assert bare(answer, path) == bare(nothing, absent), (username, method, path)
        if method == "GET":
            head = browser.request("HEAD", path)
            assert head.status_code == 404
            assert head.data == b""
    assert row_counts() == before


def ask(browser: Visitor, method: str, path: str) -> TestResponse:
    return browser.get(path) if method == "GET" else browser.post(path, method=method)


@SQLITE
def test_another_institutions_numbers_lead_to_ones_own_things_or_nowhere(app: Flask, places: Places) -> None:
    """Roles of the same name elsewhere open nothing here, and what both count alike shows each their own."""
    for username in ("zzlg.zhang", "zzlg.sun", "zzlg.feng", "zzlg.chen"):
        browser = visitor(app, username)
        for rule, method in rules(app):
            if method != "GET" or rule.endpoint in PUBLIC or not rule.arguments - SHARED - {"key"}:
                continue
            assert browser.get(address(app, rule, dict(places.wzpt.ids))).status_code == 404, (username, rule.rule)
    auditor = visitor(app, "zzlg.feng")
    for path in ("/ledger", "/ledger/1", "/registry", "/processes", "/regulations"):
        answer = auditor.get(path)
        assert answer.status_code == 200
        assert "温州" not in answer.text, path
        assert "徐老师" not in answer.text, path


NUMBERS = (
    "1" + "0" * 30, "1" + "0" * 18, str(2**63), "-1", "１２", "²", "0x10", "1e3", "+1", "01", "2147483648", "%00",
    "1%00", "%ff", "1.0", "%201", "null", "1'--",
)  # fmt: skip
QUERIES = {
    "/inbox": ("view", "process", "unit", "late", "q", "after", "before", "principal", "saved", "n", "at", "all"),
    "/registry": ("q", "platform", "state", "tier", "unit", "before"),
    "/notices": ("kind", "before"),
    "/copies": ("view", "after"),
    "/outbox": ("state", "before"),
    "/faults": ("before",),
    "/oversight": ("q", "before"),
    "/ledger": ("action", "actor", "case", "object", "from", "to", "before", "after", "q"),
    "/campaigns": ("before",),
    "/handover": ("leaver", "leaver-pick", "successor", "find", "show"),
    "/calendar": ("year",),
    "/login": ("next", "as"),
}
# What one database may take amiss where another does not, and what is read, or not, before any is asked.
ODD = ("\x01", "%_*\\", "2147483648", "9" * 19, "1-" + "9" * 18)
UNREADABLE = (
    "-1", "'; drop table account --", "文" * 2000, "9" * 18 + "-1", "", "１２", "²", " 7 ", "-", "2026-13-45"
)  # fmt: skip


def test_odd_questions_in_an_address_are_answered_with_a_page(app: Flask, places: Places, backend: str) -> None:
    people = {"/outbox": "wzpt.wei", "/faults": "wzpt.wei", "/oversight": "wzpt.wei", "/ledger": "wzpt.feng"}
    for path, names in QUERIES.items():
        browser = visitor(app, people.get(path, "wzpt.sun"))
        for name in names:
            limiter.reset()
            for odd in ODD if backend == "postgresql" else ODD + UNREADABLE:
                for view in ("", "done", "drafts") if (path, name) == ("/inbox", "after") else ("",):
                    answer = browser.get(path, query_string={name: odd, **({"view": view} if view else {})})
                    assert answer.status_code in (200, 302, 400, 404), (path, name, odd[:20], answer.status_code)
        assert browser.get(f"{path}?{names[0]}=%00").status_code == 400
        assert browser.get(f"{path}?{names[0]}=%ff%fe").status_code in (200, 302, 400, 404)
