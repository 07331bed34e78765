"""Killed anywhere, the hand-over goes on with what still waits: nothing is missed and nothing is doubled."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from tests.handover.conftest import NOW, House
from tests.support.desk import case_of
from webapp.extensions import db
from webapp.faults.models import Fault
from webapp.handover import commands
from webapp.handover.carrying import ACTS, hand_over_due
from webapp.handover.holdings import ACCOUNT, SEAT
from webapp.handover.models import Handover
from webapp.ledger import Event, verify
from webapp.notifications.models import Notice
from webapp.workflow.models import ProcessInstance


class Killed(BaseException):
    """What no `except Exception` catches, as a kill."""


def killing(after: int) -> Any:
    """A listener that raises at the statement after so many."""
    left = [after]

    def strike(*args: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    return strike


def test_a_worker_killed_at_any_statement_goes_on(app: Flask, house: House) -> None:
    for number in range(4):
        house.account("xu", f"账号{number}")
    case_of("wzpt", "waiting_for_publicity")
    made = house.order("xu", "zhang").id
    total = len(house.lines(made))
    kills = 0
    for number in range(60):
        strike = killing(7 + 11 * (number % 9))
        event.listen(db.engine, "before_cursor_execute", strike)
        try:
            while hand_over_due(NOW):
                pass
            break
        except Killed:
            kills += 1
        finally:
            event.remove(db.engine, "before_cursor_execute", strike)
            db.session.remove()
    house.work()
    assert kills > 3
    lines = house.lines(made)
    assert Counter(line.state for line in lines) == {"done": total}
    assert db.session.get_one(Handover, made, populate_existing=True).state == "done"
    begun = db.session.scalars(select(ProcessInstance.account_id).where(ProcessInstance.requested)).all()
    assert len(begun) == len(set(begun)) == 4
    events = db.session.scalars(select(Event.object_id).where(Event.action == "handover:line:done")).all()
    assert len(events) == len(set(events)) == total
    told = db.session.scalar(select(func.count()).select_from(Notice).where(Notice.kind == "handover"))
    assert told == 5
    assert verify(db.session(), house.user("wei").institution_id).problems == []


def test_what_fails_is_tried_three_times_then_a_fault_and_holds_up_nothing(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.account("zhang")
    made = house.order("zhang", "xu", ["account", "grant", "login"]).id

    def broken(work: object) -> str:
        raise RuntimeError("the diagram is broken")

    with monkeypatch.context() as patch:
        patch.setitem(ACTS, ACCOUNT, broken)
        house.work()
        states = house.results(house.lines(made))
        assert states["login"] == ["done"]
        assert states["account"] == ["waiting"]
        house.work(NOW + timedelta(minutes=2))
        house.work(NOW + timedelta(minutes=20))
    assert house.results(house.lines(made))["account"] == ["faulty"]
    assert db.session.get_one(Handover, made, populate_existing=True).state == "done"
    assert db.session.scalars(select(Fault.kind).where(Fault.resolved_at.is_(None))).all() == ["handover"]
    assert commands.try_again(house.user("wei"), made, now=NOW) == 1
    house.work()
    assert house.results(house.lines(made))["account"] == ["done"]


def test_killed_between_the_refusal_and_the_putting_back_it_is_put_back(
    app: Flask, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat_id = house.held("sun")
    made = house.order("sun", "wu", [SEAT]).id

    def killed(*args: object) -> int:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("webapp.handover.carrying._refuse", killed)
        with pytest.raises(Killed):
            hand_over_due(NOW)
    db.session.remove()
    house.work()
    assert house.results(house.lines(made)) == {"seat": ["refused"]}
    assert house.seat(seat_id).holder_id is None


def test_what_came_to_the_leaver_in_the_moment_of_ordering_is_handed_over_too(app: Flask, house: House) -> None:
    made = house.order("sun", "qian").id
    seat_id = house.held("sun")
    house.work()
    assert house.results(house.lines(made))["seat"] == ["done"]
    assert house.seat(seat_id).holder_id == house.user("qian").id
    assert db.session.get_one(Handover, made).state == "done"
