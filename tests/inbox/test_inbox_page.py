from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from flask import Flask
from sqlalchemy import event, insert, select, text

from tests.cases.built import CaseOnce
from tests.support.desk import open_seat, text_of, tree
from tests.support.web import visitor
from webapp.extensions import db
from webapp.inbox import queues
from webapp.inbox.places import own
from webapp.inbox.queues import Cursor, Filter, key_of
from webapp.organization.models import User
from webapp.workflow.models import Seat

# Log-in, policy, navigation, the page itself, its counters, views and keys, and what its filters offer.
MOST_STATEMENTS = 20


def more_seats(case_id: int, count: int) -> list[datetime]:
    """Open seats beside the case's own, each due an hour after the one before; their urgencies."""
    like = db.session.scalar(select(Seat).where(Seat.instance_id == case_id, Seat.state == "open"))
    assert like is not None
    first = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    urgencies = [first + timedelta(hours=n) for n in range(count)]
    row = {"institution_id": like.institution_id, "task_id": like.task_id, "instance_id": case_id, "role": like.role}
    row |= {"queue": like.queue, "state": "open"}
    db.session.execute(insert(Seat), [{**row, "urgency": urgency} for urgency in urgencies])
    db.session.commit()
    return urgencies


def statements(app: Flask, act: Callable[[], object]) -> list[str]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return seen


def test_what_waits_in_a_role_is_to_do_and_marked_unclaimed(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    for view in ("todo", "unclaimed"):
        words = text_of(sun.get(f"/inbox?view={view}"))
        assert "代码与人" in words
        assert "待认领" in words


def test_a_claimed_task_leaves_the_unclaimed_and_everybody_elses_list(app: Flask, case_once: CaseOnce) -> None:
    seat_id = open_seat(case_once("wzpt", "waiting_for_publicity"), "PublicityDecision")
    sun, qian = visitor(app, "wzpt.sun"), visitor(app, "wzpt.qian")
    assert sun.post(f"/tasks/{seat_id}/claim").status_code == 302
    assert "代码与人" in text_of(sun.get("/inbox"))
    assert "代码与人" not in text_of(sun.get("/inbox?view=unclaimed"))
    assert "代码与人" not in text_of(qian.get("/inbox"))


def test_nobody_finds_an_own_application_in_the_queue(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    seat = db.session.get(Seat, open_seat(case_id, "PublicityDecision"))
    assert seat is not None
    seat.task.instance.applicant_id = person("wzpt.sun").id
    db.session.commit()
    assert "代码与人" not in text_of(visitor(app, "wzpt.sun").get("/inbox"))
    assert "代码与人" in text_of(visitor(app, "wzpt.qian").get("/inbox"))


def test_another_institution_sees_nothing_of_it(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "waiting_for_publicity")
    assert "代码与人" not in text_of(visitor(app, "zzlg.sun").get("/inbox"))


def test_pages_go_by_key_forwards_and_back_most_urgent_first(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    more_seats(case_id, 44)
    sun = visitor(app, "wzpt.sun")
    seen: list[str] = []
    path = "/inbox"
    for _ in range(3):
        page = tree(sun.get(path))
        seen.append(",".join(link.get("href") for link in page.xpath('//a[contains(@class, "bn-item")]')))
        path = next(iter(page.xpath('//a[@rel="next"]/@href')), "")
    links = ",".join(seen).split(",")
    assert len(links) == 45
    assert len(set(links)) == 45
    assert path == ""
    assert links[0] == f"/tasks/{open_seat(case_id, 'PublicityDecision')}"
    previous = page.xpath('//a[@rel="prev"]/@href')[0]
    back = tree(sun.get(previous)).xpath('//a[contains(@class, "bn-item")]/@href')
    assert ",".join(back) == seen[1]


def test_the_number_of_statements_does_not_depend_on_the_number_of_tasks(app: Flask, case_once: CaseOnce) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    sun = visitor(app, "wzpt.sun")
    sun.get("/inbox")
    few = statements(app, lambda: sun.get("/inbox"))
    more_seats(case_id, 60)
    many = statements(app, lambda: sun.get("/inbox"))
    assert len(few) == len(many)
    assert len(many) <= MOST_STATEMENTS, "\n".join(many)


def test_each_queue_is_one_scan_of_its_index(
    app: Flask, person: Callable[[str], User], backend: str, case_once: CaseOnce
) -> None:
    case_id = case_once("wzpt", "waiting_for_publicity")
    more_seats(case_id, 50)
    place = Cursor(datetime.now(UTC) + timedelta(days=31), 1)
    found = queues.page(own(person("wzpt.zhao")), Filter(), place, datetime.now(UTC))
    assert found is not None
    statement = str(select(found).compile(db.engine, compile_kwargs={"literal_binds": True}))
    assert statement.count("LIMIT 21") == 3, "one for what is held, one for each of two roles"
    if backend == "postgresql":  # a table this small is read whole unless that is forbidden
        db.session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
    explain = "EXPLAIN QUERY PLAN" if backend == "sqlite" else "EXPLAIN"
    plan = " ".join(str(row) for row in db.session.execute(text(f"{explain} {statement}")))
    assert plan.count("ix_seat_holder") == 1, plan
    assert plan.count("ix_seat_queue") == 2, plan


def test_filters_narrow_by_text_process_unit_and_time(
    app: Flask, person: Callable[[str], User], case_once: CaseOnce
) -> None:
    case_once("wzpt", "waiting_for_publicity")
    sun, unit = visitor(app, "wzpt.sun"), person("wzpt.xu").unit_id or 0
    for query in ("q=代码", "q=备〔", "process=new_account", f"unit={unit}"):
        assert "代码与人" in text_of(sun.get(f"/inbox?{query}")), query
    for query in ("q=没有", "q=%25", "process=other", f"unit={unit + 1000}", "unit=x1"):
        shown = "代码与人" in text_of(sun.get(f"/inbox?{query}"))
        assert shown == (query == "unit=x1"), query


def test_overdue_tasks_are_counted_and_listed_apart(app: Flask, case_once: CaseOnce) -> None:
    seat = db.session.get(Seat, open_seat(case_once("wzpt", "waiting_for_publicity"), "PublicityDecision"))
    assert seat is not None
    sun = visitor(app, "wzpt.sun")
    seat.urgency = datetime.now(UTC) + timedelta(days=90)
    db.session.commit()
    assert "代码与人" not in text_of(sun.get("/inbox?late=over"))
    seat.urgency = seat.task.due_at = datetime.now(UTC) - timedelta(days=9)
    db.session.commit()
    page = sun.get("/inbox?late=over")
    assert "代码与人" in text_of(page)
    assert "超时" in text_of(page)


def test_a_place_in_the_list_survives_its_address(app: Flask) -> None:
    urgency = datetime(2026, 11, 24, 15, 59, 59, 123456, tzinfo=UTC)
    assert Cursor.read(key_of(urgency, 7), "") == Cursor(urgency, 7)
    assert Cursor.read("", key_of(urgency, 7)) == Cursor(urgency, 7, back=True)
    for nonsense in ("", "7", "x-7", "7-x", "9" * 30 + "-1"):
        assert Cursor.read(nonsense, "") is None


def test_done_started_and_drafts_are_lists_of_their_own(app: Flask, case_once: CaseOnce) -> None:
    case_once("wzpt", "corrected_twice")
    sun, zhang = visitor(app, "wzpt.sun"), visitor(app, "wzpt.zhang")
    done = text_of(sun.get("/inbox?view=done"))
    assert "设计一分钟" in done
    assert "退回补正" in done
    assert "设计一分钟" in text_of(zhang.get("/inbox?view=started"))
    assert "设计一分钟" not in text_of(zhang.get("/inbox?view=done"))
    zhang.post("/start/new_account/draft", {"name": "半成品"})
    assert "半成品" in text_of(zhang.get("/inbox?view=drafts"))
    assert "半成品" not in text_of(sun.get("/inbox?view=drafts"))
