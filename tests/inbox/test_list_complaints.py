"""The inbox's list: a test for each complaint of users elsewhere that concerns it, named after what it prevents."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from tests.cases.built import CaseOnce
from tests.inbox.test_inbox_page import more_seats
from tests.support.batchable import chains
from tests.support.changing import Changing
from tests.support.desk import case_of, open_seat, text_of, tree
from tests.support.web import visitor
from webapp.extensions import db
from webapp.inbox import export
from webapp.organization.models import Delegation, User
from webapp.tasks.suspending import suspend
from webapp.workflow import commands
from webapp.workflow.models import ProcessInstance, Seat


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def hrefs(page: object) -> list[str]:
    return [str(href) for href in tree(page).xpath('//a[contains(@class, "bn-item")]/@href')]  # type: ignore[arg-type]


# 7. Batch approve, but safely: one of the peers approved everything instead of the ticked rows.


def test_batch_approval_never_reaches_a_task_that_was_not_ticked(app: Flask, batchable: Changing) -> None:
    seats = chains(batchable, 5)
    head = visitor(app, "changing.head")
    boxes = [str(value) for value in tree(head.get("/inbox")).xpath("//input[@data-tick]/@value")]
    assert len(boxes) == 5
    ticked = boxes[1:3]
    confirm = head.post("/inbox/batch", [("seat", box) for box in ticked])
    assert "批量同意 2 件" in text_of(confirm)
    assert [str(v) for v in tree(confirm).xpath('//input[@name="seat"]/@value')] == ticked
    assert _answered(batchable) == 0, "naming them has done nothing yet"
    result = head.post("/inbox/batch/approve", [("seat", box) for box in ticked] + [("opinion", "同意，照办")])
    assert "办成 2 件，未办成 0 件" in text_of(result)
    assert len(tree(result).xpath("//tbody/tr")) == 2
    db.session.rollback()
    done = {seat.id: seat.opinion for seat in db.session.scalars(select(Seat).where(Seat.answered_by_id.is_not(None)))}
    assert {seat: done[seat] for seat in seats if seat in done} == {int(b.split(".")[0]): "同意，照办" for b in ticked}


def _answered(made: Changing) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Seat.answered_by_id == made.people["head"])) or 0


def test_a_row_is_ticked_only_where_the_process_owner_allowed_it(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    page = visitor(app, "wzpt.sun").get("/inbox")
    assert not tree(page).xpath("//input[@data-tick]")
    assert "没有框的须逐件办理" in text_of(page), "the help says why"
    seat = tree(page).xpath("//@data-seat")[0]
    posted = visitor(app, "wzpt.sun").post("/inbox/batch", {"seat": f"{seat}.1"})
    assert "不能一起办" in text_of(posted)
    result = visitor(app, "wzpt.sun").post("/inbox/batch/approve", {"seat": f"{seat}.1"})
    assert "办成 0 件，未办成 1 件" in text_of(result)


def test_a_task_that_changed_after_it_was_ticked_is_left_alone_and_says_so(app: Flask, batchable: Changing) -> None:
    seats = chains(batchable, 2)
    head = visitor(app, "changing.head")
    boxes = [str(value) for value in tree(head.get("/inbox")).xpath("//input[@data-tick]/@value")]
    commands.claim(batchable.user("head"), seats[0], 1)
    db.session.rollback()
    result = text_of(head.post("/inbox/batch/approve", [("seat", box) for box in boxes]))
    assert "办成 1 件，未办成 1 件" in result
    assert "有了变化" in result


def test_odd_ticks_do_nothing(app: Flask, batchable: Changing) -> None:
    head = visitor(app, "changing.head")
    assert head.post("/inbox/batch", {}).status_code == 302
    for odd in ("", "x", "1", "1.x", "-1.1", "9" * 30 + ".1", "1.1.1", "１.1", "987654.1"):
        assert head.post("/inbox/batch", {"seat": odd}).status_code in (200, 302), odd
        assert head.post("/inbox/batch/approve", {"seat": odd}).status_code in (200, 422), odd


# 9. Sort by due date ascending.


def test_the_most_urgent_task_is_never_found_at_the_end(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    more_seats(case_id, 5)
    newest = db.session.scalar(select(func.max(Seat.id)))
    db.session.execute(update(Seat).where(Seat.id == newest).values(urgency=datetime.now(UTC) - timedelta(days=2)))
    db.session.commit()
    assert hrefs(visitor(app, "wzpt.sun").get("/inbox"))[0] == f"/tasks/{newest}"


# 11. Export exactly what is on the screen; a byte order mark, and a word when it was cut off.


def test_the_export_is_exactly_the_list_on_the_screen(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    more_seats(case_id, 24)
    sun = visitor(app, "wzpt.sun")
    page, answer = sun.get("/inbox?q=代码"), sun.get("/inbox/export.csv?q=代码")
    assert answer.mimetype == "text/csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    found = rows(answer.text)
    assert found[0][:3] == ["标题", "编号", "流程"]
    assert len(found) == 1 + 25, "every page of it, and nothing cut off"
    titles = [str(title.text_content()) for title in tree(page).xpath('//a[contains(@class, "bn-item")]/span[1]/b')]
    assert [row[0] for row in found[1:21]] == titles
    assert tree(page).xpath('//a[@download and contains(@href, "q=")]'), "its address carries the filter"
    assert len(rows(sun.get("/inbox/export.csv?q=没有").text)) == 1
    for view in ("done", "started", "drafts", "paused", "flowing"):
        assert sun.get(f"/inbox/export.csv?view={view}").status_code == 200


def test_an_export_that_was_cut_off_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert export.MOST_ROWS == 5000
    monkeypatch.setattr(export, "MOST_ROWS", 30)
    case_id = case_of("wzpt", "waiting_for_publicity")
    more_seats(case_id, export.MOST_ROWS)
    found = rows(visitor(app, "wzpt.sun").get("/inbox/export.csv").text)
    assert len(found) == 1 + export.MOST_ROWS + 1
    assert "只导出前 30 件" in found[-1][0]


def test_no_cell_of_an_export_begins_a_formula(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    case = db.session.get_one(ProcessInstance, case_id)
    case.title_zh = "=HYPERLINK(0)"
    db.session.commit()
    assert rows(visitor(app, "wzpt.sun").get("/inbox/export.csv").text)[1][0] == "'=HYPERLINK(0)"


# Near misses: a withdrawn case still in an old inbox; who stands in, and for what.


def test_a_withdrawn_case_leaves_every_inbox(app: Flask, person: Callable[[str], User], case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    commands.cancel(person("wzpt.xu"), case_id)
    db.session.rollback()
    for view in ("todo", "unclaimed", "paused"):
        assert hrefs(visitor(app, "wzpt.sun").get(f"/inbox?view={view}")) == []


def appoint(principal: User, substitute: User, process: str | None = None) -> None:
    day = datetime.now(UTC).date()
    rule = Delegation(institution_id=principal.institution_id, principal_id=principal.id, substitute_id=substitute.id)
    rule.process_key, rule.valid_from, rule.valid_to = process, day - timedelta(days=1), day + timedelta(days=1)
    rule.created_at = datetime.now(UTC)
    substitute.substitutes_until = rule.valid_to
    db.session.add(rule)
    db.session.commit()


def test_what_one_does_for_another_stands_apart_and_never_holds_an_own_case(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    seat = open_seat(case_id, "PublicityDecision")
    appoint(person("wzpt.sun"), person("wzpt.zhang"))
    sun, zhang = person("wzpt.sun").id, person("wzpt.zhang").id
    page = visitor(app, "wzpt.zhang").get("/inbox")
    assert "代 孙老师" in text_of(page)
    assert hrefs(page) == [], "what is somebody else's is not among one's own"
    address = tree(page).xpath('//nav[@aria-label="视图"]//a[contains(., "代 孙老师")]/@href')[0]
    assert [href.split("?")[0] for href in hrefs(visitor(app, "wzpt.zhang").get(address))] == [f"/tasks/{seat}"]
    for applicant in (zhang, sun):
        db.session.get_one(ProcessInstance, case_id).applicant_id = applicant
        db.session.commit()
        assert hrefs(visitor(app, "wzpt.zhang").get(address)) == [], "neither of the two decides on an own application"
    assert visitor(app, "wzpt.wang").get(address).status_code == 404


def test_a_rule_for_one_process_opens_no_other(app: Flask, person: Callable[[str], User], case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    appoint(person("wzpt.sun"), person("wzpt.zhang"), "deregistration")
    address = f"/inbox?view=for&principal={person('wzpt.sun').id}"
    assert hrefs(visitor(app, "wzpt.zhang").get(address)) == []
    db.session.execute(update(Delegation).values(process_key="new_account"))
    db.session.commit()
    assert len(hrefs(visitor(app, "wzpt.zhang").get(address))) == 1


def test_what_stands_still_is_listed_by_itself(app: Flask, person: Callable[[str], User], case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    suspend(person("wzpt.wei"), case_id, "等会议")
    db.session.rollback()
    sun = visitor(app, "wzpt.sun")
    assert hrefs(sun.get("/inbox")) == []
    page = sun.get("/inbox?view=paused")
    assert len(hrefs(page)) == 1
    assert "停着" in text_of(page)
    assert visitor(app, "wzpt.zhang").get("/inbox?view=paused").status_code == 200
