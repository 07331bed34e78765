"""Filtering and searching the list: bounded whatever the table holds, and complete all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select

from tests.cases.built import CaseOnce
from tests.inbox.test_inbox_page import more_seats, statements
from tests.support.batchable import chains
from tests.support.changing import Changing
from tests.support.desk import case_of, decide, open_seat, text_of, tree
from tests.support.web import Visitor, visitor
from webapp.extensions import db
from webapp.inbox import queries, search
from webapp.inbox.models import CaseTerm
from webapp.inbox.queues import Cursor, Filter
from webapp.inbox.terms import rebuild, write_missing_terms
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance, Seat


def found(sun: Visitor, query: str) -> int:
    return len(tree(sun.get(f"/inbox?{query}")).xpath('//a[contains(@class, "bn-item")]'))


def test_a_case_is_found_by_parts_of_its_title_and_by_its_number(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    for text in ("代码与人", "码与", "人", "抖音 代码", "备〔2026〕", "2026", "0001", "1", "备", "「代码"):
        assert found(sun, f"q={text}") == 1, text
    for text in ("代人", "码代", "0002", "%", "_", "新闻", "代码 没有", "01"):
        assert found(sun, f"q={text}") == 0, text


def test_what_few_have_is_looked_up_and_what_many_have_is_looked_through(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_once("wzpt", "waiting_for_publicity")
    user = person("wzpt.sun")
    rare = statements(app, lambda: queries.open_seats(user, Filter(text="代码"), None, datetime.now(UTC)))
    assert any("seat.instance_id IN" in statement for statement in rare)
    assert len(rare) <= 4
    none = statements(app, lambda: queries.open_seats(user, Filter(text="没有"), None, datetime.now(UTC)))
    assert len(none) <= 3, "where no case has it, no task is asked"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if few were many: two cases are frequent, and twelve tasks are looked through at a time."""
    monkeypatch.setattr(search, "RARE", 1)
    monkeypatch.setattr(search, "SCANNED", 12)


@pytest.mark.usefixtures("small")
def test_a_search_that_stops_on_the_way_goes_on_and_loses_nothing(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_id, other = case_once("wzpt", "waiting_for_publicity"), case_of("wzpt", "waiting_for_publicity")
    more_seats(case_id, 40)
    like = db.session.scalars(select(Seat).where(Seat.instance_id == other, Seat.state == "open")).one()
    like.urgency = datetime(2099, 1, 1, tzinfo=UTC)
    case = db.session.get_one(ProcessInstance, other)
    case.title_zh = "新开：抖音「代码甲乙」"
    db.session.commit()
    user, now = person("wzpt.sun"), datetime.now(UTC)
    for text, wanted in (("代码", 42), ("甲乙", 1), ("代码甲", 1)):
        seen: list[int] = []
        cursor, pages = None, 0
        while True:
            page = queries.open_seats(user, Filter(text=text), cursor, now, limit=5)
            seen += [row.id for row in page.rows]
            pages += 1
            if not page.after:
                break
            cursor = Cursor.read(page.after, "")
        assert len(seen) == len(set(seen)) == wanted, text
        assert pages < 60
    wide = visitor(app, "wzpt.sun").get("/inbox?q=抖音&process=new_account")
    assert "已按截止先后查过" in text_of(wide)
    assert tree(wide).xpath('//a[contains(., "继续往后查")]')


@pytest.mark.usefixtures("small")
def test_going_back_through_a_search_that_stopped_comes_to_the_beginning(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    more_seats(case_id, 40)
    user, now = person("wzpt.sun"), datetime.now(UTC)
    everything = [row.id for row in queries.open_seats(user, Filter(), None, now, limit=100).rows]
    cursor: Cursor | None = Cursor(datetime(9000, 1, 1, tzinfo=UTC), 1, back=True)
    seen: list[int] = []
    while cursor is not None:
        page = queries.open_seats(user, Filter(process="new_account"), cursor, now, limit=5)
        seen = [row.id for row in page.rows] + seen
        cursor = Cursor.read("", page.before) if page.before else None
    assert seen == everything


def test_a_renamed_case_is_found_by_its_new_name_only(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    case = db.session.get_one(ProcessInstance, case_id)
    case.title_zh, case.title_en = "新开：抖音「山高水长」", ""
    db.session.commit()
    sun = visitor(app, "wzpt.sun")
    assert found(sun, "q=高水") == 1
    assert found(sun, "q=代码") == 0


def test_the_terms_of_old_cases_can_be_written_anew(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    kept = set(db.session.execute(select(CaseTerm.instance_id, CaseTerm.term)))
    assert kept
    db.session.execute(insert(CaseTerm), [{"instance_id": min(kept)[0], "institution_id": 1, "term": "stray"}])
    assert rebuild(db.session(), at_a_time=1) == db.session.query(ProcessInstance).count()
    assert set(db.session.execute(select(CaseTerm.instance_id, CaseTerm.term))) == kept
    db.session.rollback()


def test_an_upgrade_writes_the_terms_of_cases_that_were_there_before(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    kept = set(db.session.execute(select(CaseTerm.instance_id, CaseTerm.term)))
    assert write_missing_terms() == 0, "nothing is missing"
    db.session.execute(delete(CaseTerm))
    db.session.commit()
    assert write_missing_terms() > 0
    assert set(db.session.execute(select(CaseTerm.instance_id, CaseTerm.term))) == kept


def test_the_next_task_after_a_decision_is_the_next_of_the_list_one_came_from(app: Flask, batchable: Changing) -> None:
    seats = chains(batchable, 6)
    numbers = [seat.task.instance.reference[-4:] for seat in (db.session.get_one(Seat, key) for key in seats)]
    db.session.rollback()
    head = visitor(app, "changing.head")
    answer = decide(head, seats[2], "approve")
    assert answer.location == f"/tasks/{seats[3]}", "not back to the most urgent one"
    address = f"/tasks/{seats[3]}?list=q%3D{numbers[5]}"
    page = head.get(address)
    action = tree(page).xpath('//form[@id="decide"]/@action')[0]
    assert "list=" in action
    posted = {name: tree(page).xpath(f'//form[@id="decide"]//input[@name="{name}"]/@value')[0] for name in KEYS}
    answer = head.post(action, {**posted, "decision": "approve"})
    assert answer.location.startswith(f"/tasks/{seats[5]}?list="), "the next of what was searched for"
    assert decide(head, seats[5], "approve").location == f"/tasks/{seats[0]}", "behind the last it begins again"


KEYS = ("submission_key", "seat_version")


def test_deciding_beside_the_list_comes_back_to_the_list_with_the_next_one_marked(
    app: Flask, batchable: Changing
) -> None:
    seats = chains(batchable, 3)
    head = visitor(app, "changing.head")
    pane = tree(head.get(f"/inbox/preview/{seats[0]}"))
    posted = {str(field.get("name")): str(field.get("value")) for field in pane.xpath('//form//input[@type="hidden"]')}
    answer = head.post(pane.xpath("//form/@action")[0], {**posted, "decision": "approve"})
    assert answer.location == f"/inbox?at={seats[1]}"
    assert tree(head.get(answer.location)).xpath("//a[@data-at]/@data-seat") == [str(seats[1])]


def test_plain_agreement_is_offered_only_where_nothing_is_to_be_filled_in(app: Flask, case_once: CaseOnce) -> None:
    seat = open_seat(case_once("wzpt", "waiting_for_publicity"), "PublicityDecision")
    sun = visitor(app, "wzpt.sun")
    page = sun.get(f"/inbox/preview/{seat}")
    assert not tree(page).xpath('//*[@id="pane-agree"]')
    assert "写意见并办理" in text_of(page)


def test_the_counter_says_when_nothing_has_changed_and_keeps_no_session_alive(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    answer = sun.get("/inbox/counter")
    assert answer.json == {"count": 1, "shown": "1"}
    assert "Set-Cookie" not in answer.headers
    again = sun.get("/inbox/counter", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""
    more_seats(case_id, 120)
    assert sun.get("/inbox/counter", headers={"If-None-Match": answer.headers["ETag"]}).json["shown"] == "99+"
    assert "(99+) 待办" in tree(sun.get("/inbox")).xpath("string(//title)")


def test_claiming_can_be_undone_from_the_line_that_says_it(app: Flask, case_once: CaseOnce) -> None:
    seat = open_seat(case_once("wzpt", "waiting_for_publicity"), "PublicityDecision")
    sun = visitor(app, "wzpt.sun")
    sun.post(f"/tasks/{seat}/claim")
    for undo in ("unclaim", "claim"):
        form = tree(sun.get("/inbox")).xpath(f'//*[@role="status"]//form[@action="/tasks/{seat}/{undo}"]')[0]
        posted = {str(field.get("name")): str(field.get("value")) for field in form.xpath(".//input")}
        assert sun.post(f"/tasks/{seat}/{undo}", posted).status_code == 302
    db.session.rollback()
    assert db.session.get_one(Seat, seat).holder_id is not None, "and the undoing undone"
