"""What may be ordered: by whom, from whom to whom, which groups go together; and what is written down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from tests.handover.conftest import NOW, House
from webapp.errors import BeianError, Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db
from webapp.handover import commands
from webapp.handover.holdings import NOUNS
from webapp.handover.models import Handover, HandoverLine
from webapp.ledger import Event, verify
from webapp.organization.models import User


def test_everything_a_person_has_becomes_a_line_in_order(app: Flask, house: House) -> None:
    seat = house.held("sun")
    made = house.order("sun", "qian")
    nouns = [line.noun for line in house.lines(made.id)]
    assert nouns == sorted(nouns, key=NOUNS.index)
    assert {"login", "grant", "seat"} == set(nouns)
    assert seat in [line.object_id for line in house.lines(made.id) if line.noun == "seat"]
    actions = db.session.scalars(select(Event.action).where(Event.action.like("handover:%")))
    assert list(actions) == ["handover:handover:ordered"]


@pytest.mark.parametrize("by", ["sun", "feng", "jiang", "zhou"])
def test_only_who_administers_the_system_orders_one(app: Flask, house: House, by: str) -> None:
    with pytest.raises(Forbidden):
        house.order("sun", "qian", by=by)
    assert db.session.scalar(select(Handover.id)) is None


@pytest.mark.parametrize(
    ("leaver", "successor", "field", "words"),
    [
        ("wei", "qian", "leaver", "不能办理本人的交接"),
        ("sun", "sun", "successor", "须是另一个人"),
        ("sun", "wei", "successor", "不办理事项，不能接办"),
        ("sun", "feng", "successor", "不办理事项，不能接办"),
        ("sun", "jiang", "successor", "不办理事项，不能接办"),
    ],
)
def test_who_may_not_leave_or_take_over(
    app: Flask, house: House, leaver: str, successor: str, field: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        house.order(leaver, successor)
    assert refused.value.details[0][0] == field


def test_nobody_takes_over_whose_login_has_ended(app: Flask, house: House) -> None:
    house.user("qian").active = False
    db.session.commit()
    with pytest.raises(Invalid, match="钱老师 的登录已停用"):
        house.order("sun", "qian")


def test_ids_of_others_and_of_nobody_are_nobody(app: Flask, house: House, others: Callable[[], int]) -> None:
    sun = house.user("sun").id
    for hostile in (others(), 0, -1, 2**31, 10**20):
        for people in ((sun, hostile), (hostile, sun)):
            with pytest.raises(Invalid, match="没有这个人"):
                commands.order(house.user("wei"), *people, "退休", NOUNS, now=NOW)


@pytest.mark.parametrize(
    ("reason", "words"), [("", "请写明缘由"), (" \n", "请写明缘由"), ("长" * 501, "不超过 500 字")]
)
def test_a_reason_is_required_and_bounded(app: Flask, house: House, reason: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        house.order("sun", "qian", reason=reason)


def test_groups_that_would_leave_something_to_nobody_do_not_go_alone(app: Flask, house: House) -> None:
    house.held("sun")
    with pytest.raises(Invalid, match="须一并移交"):
        house.order("sun", "qian", ["login"])
    with pytest.raises(Invalid, match="须一并移交"):
        house.order("xu", "zhang", ["login"])
    with pytest.raises(Invalid, match="只能与停用登录一并移交"):
        house.order("xu", "zhang", ["case"])
    assert house.order("sun", "qian", ["seat"]).id


def test_nothing_ticked_and_nothing_there_are_said(app: Flask, house: House) -> None:
    for nouns in ([], ["account"], ["no_such", "' or 1=1 --"]):
        with pytest.raises(Refused, match="没有选定要移交的内容"):
            house.order("sun", "qian", nouns)


def test_one_at_a_time_for_a_person(app: Flask, house: House) -> None:
    house.order("sun", "qian", ["grant"])
    with pytest.raises(Refused, match="正在进行"):
        house.order("sun", "zhou", ["login"])
    house.work()
    assert house.order("sun", "zhou", ["login"]).id


def test_of_a_person_whose_login_ended_before_the_rest_is_handed_over(app: Flask, house: House) -> None:
    seat = house.held("sun")
    house.user("sun").active = False
    db.session.commit()
    lines = house.through("sun", "qian")
    assert "login" not in house.results(lines)
    assert house.seat(seat).holder_id == house.user("qian").id


def test_trying_again_is_the_administrators_too(app: Flask, house: House, others: Callable[[], int]) -> None:
    made = house.order("sun", "qian", ["grant"]).id
    with pytest.raises(Forbidden):
        commands.try_again(house.user("feng"), made, now=NOW)
    with pytest.raises(NotFound):
        commands.try_again(house.user("wei"), made + 99, now=NOW)
    stranger = db.session.get_one(User, others())
    with pytest.raises(BeianError):
        commands.try_again(stranger, made, now=NOW)
    assert commands.try_again(house.user("wei"), made, now=NOW) == 0


def test_the_ledger_has_every_line(app: Flask, house: House) -> None:
    house.held("sun")
    lines = house.through("sun", "qian")
    events = db.session.scalars(select(Event).where(Event.action == "handover:line:done")).all()
    assert len(events) == len(lines) == db.session.query(HandoverLine).count()
    assert verify(db.session(), house.user("wei").institution_id).problems == []
