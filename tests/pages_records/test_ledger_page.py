"""The ledger's pages: for auditors only; filters, one event closely, verification, checkpoints, export."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from flask import Flask
from lxml import html
from sqlalchemy import update
from werkzeug.test import TestResponse

from tests.cases.built import CaseOnce
from tests.support.web import Visitor, visitor
from webapp import jobs
from webapp.extensions import db
from webapp.ledger import drop_triggers, erase, page
from webapp.ledger.models import EVENT, PAYLOAD
from webapp.organization.queries import institution


def tree(answer: TestResponse) -> html.HtmlElement:
    assert answer.status_code == 200, answer.status_code
    return html.document_fromstring(answer.get_data(as_text=True))


def actions(answer: TestResponse) -> list[str]:
    return [node.text_content() for node in tree(answer).xpath('//td[@data-label="事件"]/b')]


def institution_id() -> int:
    found = institution("wzpt")
    assert found is not None
    return found.id


@pytest.fixture
def auditor(app: Flask, case_once: CaseOnce) -> Visitor:
    """The auditor, after one case went its straight way."""
    case_once("wzpt", "straight_way")
    return visitor(app, "wzpt.feng")


@pytest.mark.parametrize("username", ["wzpt.zhang", "wzpt.sun", "wzpt.wei"])
def test_only_auditors_read_the_ledger(app: Flask, username: str) -> None:
    person = visitor(app, username)
    for path in ("/ledger", "/ledger/1", "/ledger/checkpoints"):
        assert person.get(path).status_code == 404, path
    assert person.post("/ledger/verify").status_code == 404
    assert person.post("/ledger/export").status_code == 404


def test_events_are_narrowed_by_person_action_case_and_day(auditor: Visitor) -> None:
    every = actions(auditor.get("/ledger"))
    assert {"账号登记", "作出决定", "任务完成"} <= set(every)
    assert set(actions(auditor.get("/ledger?action=registry:account:registered"))) == {"账号登记"}
    reference = tree(auditor.get("/ledger")).xpath('//td[@data-label="事项"]/a/text()')[0]
    of_case = actions(auditor.get("/ledger", query_string={"case": reference}))
    assert "申请提交" in of_case
    assert "部署流程包" not in of_case
    people = tree(auditor.get("/ledger", query_string={"who": "孙老师"})).xpath('//td[@data-label="何人"]/text()')
    assert set(people) == {"孙老师"}
    assert actions(auditor.get("/ledger?since=2001-01-01&until=2001-12-31")) == []
    assert "没有找到" in auditor.get("/ledger", query_string={"who": "没有这个人"}).text
    assert auditor.get("/ledger?since=not-a-day").status_code == 200


def test_pages_of_events_have_no_gap(auditor: Visitor) -> None:
    seen, path = list[int](), "/ledger"
    while path:
        shown = tree(auditor.get(path))
        seen += [int(text) for text in shown.xpath('//td[@data-label="序号"]/a/text()')]
        following = shown.xpath('//a[@rel="next"]/@href')
        path = str(following[0]) if following else ""
    assert seen == list(range(seen[0], 0, -1))
    assert len(seen) > 40


def test_an_event_shows_what_is_kept_what_can_be_erased_and_that_its_hashes_fit(auditor: Visitor) -> None:
    event = page(db.session(), institution_id(), action="registry:decision:recorded", limit=1)[0]
    shown = auditor.get(f"/ledger/{event.seq}").text
    assert "摘要值经重算一致" in shown
    assert "PublicityDecision" in shown
    assert event.leaf_hash in shown
    assert "定位明确" in shown
    assert auditor.get("/ledger/999999").status_code == 404


def test_an_erased_opinion_is_gone_from_the_page_and_the_event_still_fits(app: Flask, auditor: Visitor) -> None:
    event = page(db.session(), institution_id(), action="registry:decision:recorded", limit=1)[0]
    erase(
        db.session(),
        institution_id=event.institution_id,
        seqs=[event.seq],
        reason="到期",
        actor_id=None,
        actor_label="system",
    )
    db.session.commit()
    shown = auditor.get(f"/ledger/{event.seq}").text
    assert "已抹去" in shown
    assert "定位明确" not in shown
    assert "摘要值经重算一致" in shown


def test_verification_says_all_is_well_and_names_an_event_that_was_changed(app: Flask, auditor: Visitor) -> None:
    auditor.get("/ledger/checkpoints")
    assert "连续，未见改动" in auditor.post("/ledger/verify").text
    event = page(db.session(), institution_id(), action="registry:account:registered", limit=1)[0]
    drop_triggers(db.session.connection())
    db.session.execute(update(PAYLOAD).where(PAYLOAD.c.seq == event.seq).values(kept='{"name":"假的"}'))
    db.session.commit()
    said = auditor.post("/ledger/verify").text
    assert "处不符" in said
    assert f"第 {event.seq} 号事件" in said
    assert "摘要值不符" in auditor.get(f"/ledger/{event.seq}").text


def test_a_checkpoint_can_be_taken_away(app: Flask, auditor: Visitor) -> None:
    made = jobs.sign(institution_id(), app.extensions["settings"].ledger_key_file, datetime.now(UTC))
    assert made is not None
    size = made.size
    link = tree(auditor.get("/ledger/checkpoints")).xpath("//a[@download]/@href")[0]
    answer = auditor.get(link)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    taken = json.loads(answer.data)
    assert taken["size"] == size
    assert taken["signature"]
    assert visitor(app, "zzlg.feng").get(link).status_code == 404


def test_the_bundle_holds_the_whole_log_and_that_it_was_taken(auditor: Visitor) -> None:
    auditor.get("/ledger")
    answer = auditor.post("/ledger/export")
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as bundle:
        lines = bundle.read("events.jsonl").decode().splitlines()
        assert "verifier.py" in bundle.namelist()
    answer.close()
    last = json.loads(lines[-1])
    assert last["action"] == "ledger:bundle:exported"
    assert last["kept"] == {"events": len(lines) - 1}
    stored = db.session.query(EVENT).filter(EVENT.c.institution_id == institution_id()).count()
    assert stored == len(lines)
