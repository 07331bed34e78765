"""Approving many ticked tasks at once: each by itself, only what was ticked, and never twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench.statements import captured
from tests.support.racing import together
from tests.tasks.bureau import NOW, Bureau, build_bureau, saying
from webapp import ledger
from webapp.errors import Invalid
from webapp.extensions import db
from webapp.registry.models import Decision
from webapp.tasks.batches import MOST_TICKED, Row, approve_each
from webapp.tasks.suspending import suspend
from webapp.workflow import commands
from webapp.workflow.models import Seat, UserTask

Ticked = list[tuple[int, int]]


@pytest.fixture
def bureau(kept: Callable[[Callable[[], Bureau]], Bureau]) -> Bureau:
    return kept(build_bureau)


def filed(bureau: Bureau, count: int, *, by: str = "zheng") -> Ticked:
    """That many cases waiting at 审核, as ticked on a page."""
    return [bureau.seat(bureau.start(by=by), "First") for _ in range(count)]


def approve(bureau: Bureau, ticked: Sequence[tuple[int, int]], by: str = "li") -> list[Row]:
    db.session.remove()
    return approve_each(bureau.user(by), ticked, "同意", now=NOW)


def decided() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Decision.id))) or 0


def states(ticked: Ticked) -> list[str]:
    db.session.rollback()
    db.session.expire_all()
    return [db.session.get_one(Seat, seat_id).state for seat_id, _version in ticked]


def test_a_hundred_ticked_tasks_are_a_hundred_transactions_with_a_result_each(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, MOST_TICKED)
    unticked = filed(bureau, 1)
    with captured(db.engine) as seen:
        rows = approve(bureau, ticked)
    assert seen.commits == MOST_TICKED
    assert seen.written["insert", "decision"] == MOST_TICKED
    assert [row.seat_id for row in rows] == [seat_id for seat_id, _version in ticked]
    assert {(row.done, row.sentence, row.title) for row in rows} == {(True, "已同意", "逐级「信息之窗」")}
    assert set(states(ticked)) == {"answered"}
    assert states(unticked) == ["open"]
    assert decided() == MOST_TICKED
    story = ledger.stream(db.session(), bureau.institution)
    said = [event.actor_id for event in story if event.action == "registry:decision:recorded"]
    assert said == [bureau.people["li"]] * MOST_TICKED
    assert ledger.verify(db.session(), bureau.institution).ok


def failing(bureau: Bureau, name: str) -> tuple[int, int]:
    """A ticked task that cannot be approved by 王老师."""
    if name == "stale":
        seat_id, version = filed(bureau, 1)[0]
        return seat_id, version - 1
    if name == "own":
        return filed(bureau, 1, by="wang")[0]
    if name == "form":
        case = bureau.start("panel")
        for by in ("zhang", "zhao", "qian", "zhou"):
            place = next(number for number in range(4) if holder(bureau, case, number) == bureau.people[by])
            commands.answer(bureau.user(by), *bureau.seat(case, "Finance", position=place), saying("approve"), now=NOW)
        bureau.decide(case, "Data", "wu")
        return bureau.seat(case, "Decision")
    if name == "no batches":
        return bureau.seat(bureau.start("calling"), "First")
    if name == "suspended":
        case = bureau.start()
        ticked = bureau.seat(case, "First")
        suspend(bureau.user("feng"), case, "核实", now=NOW)
        return ticked
    if name == "done":
        case = bureau.start()
        ticked = bureau.seat(case, "First")
        bureau.decide(case, "First", "li")
        return ticked
    if name == "another's":
        seat_id, version = filed(bureau, 1)[0]
        return seat_id, commands.claim(bureau.user("li"), seat_id, version, now=NOW).version
    if name == "invisible":
        case = bureau.start()
        bureau.decide(case, "First", "li")
        return seat_after(case, "Second")[0], 1
    return 10**9, 1


def holder(bureau: Bureau, case: int, position: int) -> int | None:
    seat_id, _version = bureau.seat(case, "Finance", position=position)
    return db.session.get_one(Seat, seat_id).holder_id


def seat_after(case: int, element: str) -> tuple[int, int]:
    """The seat of a step that 李主任 has nothing to do with."""
    row = db.session.execute(
        select(Seat.id, Seat.version).join(Seat.task).where(Seat.instance_id == case, UserTask.element == element)
    ).one()
    return row[0], row[1]


SENTENCES = {
    "stale": "在您打开之后有了变化",
    "own": "本人的申请",
    "form": "须填写的内容",
    "no batches": "没有允许批量办理",
    "suspended": "已挂起",
    "done": "李主任 已于",
    "another's": "李主任 已认领",
    "absent": "没有这件待办",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_failure_in_the_middle_touches_only_its_row(app: Flask, bureau: Bureau, name: str) -> None:
    before, after = filed(bureau, 2), filed(bureau, 2)
    wrong = failing(bureau, name)
    had = decided()
    seat = db.session.get(Seat, wrong[0])
    standing = (seat.state, seat.version, seat.holder_id) if seat is not None else None
    rows = approve(bureau, [*before, wrong, *after], by="wang")
    assert [row.done for row in rows] == [True, True, False, True, True]
    assert SENTENCES[name] in rows[2].sentence
    assert states([*before, *after]) == ["answered"] * 4
    assert decided() == had + 4
    seat = db.session.get(Seat, wrong[0])
    assert standing == ((seat.state, seat.version, seat.holder_id) if seat is not None else None)
    assert ledger.verify(db.session(), bureau.institution).ok


def test_what_one_may_not_see_is_not_named(app: Flask, bureau: Bureau) -> None:
    (row,) = approve(bureau, [failing(bureau, "invisible")], by="wu")
    assert (row.done, row.title, row.sentence) == (False, "", "没有这件待办。")


def test_more_than_a_hundred_or_none_are_refused_and_nothing_is_done(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, 2)
    for wanted in ([], ticked + [(10**6 + number, 1) for number in range(MOST_TICKED - 1)]):
        with pytest.raises(Invalid):
            approve(bureau, wanted)
    assert states(ticked) == ["open", "open"]
    assert decided() == 0


def test_a_task_ticked_twice_counts_once(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, 1)
    assert [row.done for row in approve(bureau, ticked * (MOST_TICKED + 1))] == [True]
    assert decided() == 1


def test_the_same_post_twice_decides_nothing_twice(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, 5)
    assert all(row.done for row in approve(bureau, ticked))
    again = approve(bureau, ticked)
    assert not any(row.done for row in again)
    assert all("李主任 已于" in row.sentence for row in again)
    assert decided() == 5


def test_the_same_post_twice_at_once_decides_nothing_twice(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, 6)
    posts = [lambda: approve_each(bureau.user("li"), ticked, "同意", now=NOW)] * 2
    first, second = together(app, posts)
    assert not isinstance(first, Exception), first
    assert not isinstance(second, Exception), second
    assert [one.done + two.done for one, two in zip(first, second, strict=True)] == [1] * 6
    assert decided() == 6
    assert all("李主任 已于" in row.sentence for row in (*first, *second) if not row.done)


def test_two_people_at_once_each_get_their_own_result_for_each_row(app: Flask, bureau: Bureau) -> None:
    ticked = filed(bureau, 6)
    posts = [
        lambda by=by: approve_each(bureau.user(by), ticked if by == "li" else ticked[::-1], "同意", now=NOW)
        for by in ("li", "wang")
    ]
    first, second = together(app, posts)
    assert sorted(row.seat_id for row in (*first, *second) if row.done) == sorted(seat_id for seat_id, _v in ticked)
    assert all("已于" in row.sentence or "办理" in row.sentence for row in (*first, *second) if not row.done)
    assert decided() == 6
