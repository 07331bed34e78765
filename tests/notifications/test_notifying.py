"""Telling people: words, languages, addresses, and once only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.support.records_world import NOW, World, statements
from webapp.errors import Invalid, NotFound
from webapp.extensions import db, transactional
from webapp.notifications import commands, queries
from webapp.notifications.models import Notice, OutboxMessage
from webapp.notifications.wording import word
from webapp.organization.models import User


@dataclass(frozen=True)
class Words:
    subject_zh: str = "备案已完成：{filing_number}"
    body_zh: str = "“{name}”已备案。"
    subject_en: str = "Filed: {filing_number}"
    body_en: str = "“{name}” has been filed."


TEXTS = {"registered": Words(), "chinese_only": Words(subject_en="", body_en="")}
VALUES = {"filing_number": "备〔2026〕001号", "name": "团学"}


def notify(world: World, people: list[int], key: str = "k", text: str = "registered", **more: Any) -> int:
    wanted: dict[str, Any] = {"values": VALUES, "instance_id": 12, "now": NOW, **more}
    values = wanted.pop("values")
    return commands.notify(world.institution, people, text, TEXTS, values, key=key, **wanted)


def test_each_person_gets_a_notice_and_those_with_an_address_a_message(world: World) -> None:
    assert notify(world, [world.alice, world.bob, world.charlie]) == 3
    notices = {notice.user_id: notice for notice in db.session.scalars(select(Notice))}
    assert notices[world.alice].subject == "备案已完成：备〔2026〕001号"
    assert notices[world.alice].body == "“团学”已备案。"
    assert notices[world.bob].subject == "Filed: 备〔2026〕001号"
    assert notices[world.charlie].instance_id == 12
    messages = db.session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    assert {message.address for message in messages if message.state == "waiting"} == {
        "alice@example.test",
        "bob@example.test",
    }
    assert [message.channel for message in messages if message.state == "sent"] == ["inside"]
    assert messages[0].body.endswith("\n\n/cases/12")


def test_saying_it_again_under_the_same_key_does_nothing(world: World) -> None:
    assert notify(world, [world.alice, world.charlie]) == 2
    assert notify(world, [world.alice, world.charlie]) == 0
    assert notify(world, [world.alice, world.bob, world.alice]) == 1
    assert notify(world, [world.charlie], key="other") == 1
    assert len(db.session.scalars(select(Notice)).all()) == 4
    assert len(db.session.scalars(select(OutboxMessage)).all()) == 4


def test_a_long_key_makes_a_short_message_key_of_its_own_for_each_person(world: World) -> None:
    long = "case:" + "很长的环节名" * 40
    keys = {commands.message_key(world.institution, long + end, user) for end in "ab" for user in (1, 2)}
    assert len(keys) == 4
    assert all(len(key) <= 80 and key.isascii() for key in keys)


def test_others_people_and_people_who_left_are_not_told(world: World) -> None:
    transactional(lambda: setattr(db.session.get_one(User, world.bob), "active", False))()
    assert notify(world, [world.bob, world.stranger, 4711]) == 0
    assert notify(world, []) == 0


def test_a_missing_text_or_value_is_refused_by_name(world: World) -> None:
    with pytest.raises(Invalid, match="unknown"):
        notify(world, [world.alice], text="unknown")
    with pytest.raises(Invalid, match="filing_number"):
        notify(world, [world.alice], values={"name": "团学"})
    assert not db.session.scalars(select(Notice)).all()


def test_telling_twenty_people_costs_three_statements(world: World) -> None:
    people = [world.alice, world.bob, world.charlie]

    @transactional
    def run() -> None:
        assert notify(world, people) == 3

    seen = statements(run)
    assert len(seen) == 3, "\n".join(seen)


def test_tell_sends_ready_words(world: World) -> None:
    told = commands.tell(world.institution, [world.alice], "将到期", "请办理。", instance_id=3, now=NOW, key="due:1")
    assert told == 1
    [notice] = queries.notices(db.session.get_one(User, world.alice))
    assert (notice.subject, notice.body, notice.instance_id) == ("将到期", "请办理。", 3)


def test_notices_are_read_by_their_person_only(world: World) -> None:
    notify(world, [world.alice, world.bob])
    alice, bob = db.session.get_one(User, world.alice), db.session.get_one(User, world.bob)
    assert queries.count_unread(alice) == 1
    [notice] = queries.notices(alice)
    with pytest.raises(NotFound):
        commands.read(bob, notice.id, NOW)
    commands.read(alice, notice.id, NOW)
    commands.read(alice, notice.id, NOW + timedelta(days=1))
    assert queries.notices(alice)[0].read_at == NOW
    assert (queries.count_unread(alice), queries.count_unread(bob)) == (0, 1)
    commands.read_all(bob, NOW)
    assert queries.count_unread(bob) == 0


def test_the_notices_of_a_case_name_their_people(world: World) -> None:
    notify(world, [world.alice, world.bob])
    notify(world, [world.alice], key="other", instance_id=13)
    told = queries.notices_of_instance(world.institution, 12)
    assert [(notice.text_key, user.name_zh) for notice, user in told] == [
        ("registered", "张老师"),
        ("registered", "李老师"),
    ]
    assert not queries.notices_of_instance(world.other_institution, 12)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"id": 3, "code": "xx", "name": "信息学院"}, "信息学院"),
        (["甲", {"name": "乙"}], "甲、乙"),
        (None, ""),
        (True, "是"),
        (7, "7"),
        ("{name.__class__}", "{name.__class__}"),
    ],
)
def test_values_become_plain_text(value: Any, expected: str) -> None:
    assert word(Words(body_zh="{v}"), "zh", {"v": value, "filing_number": 1})[1] == expected


def test_a_subject_stays_on_one_line() -> None:
    subject, _body = word(Words(subject_zh="甲{v}"), "zh", {"v": "乙\r\nBcc: x@example.test", "name": ""})
    assert subject == "甲乙 Bcc: x@example.test"


def test_attributes_of_values_cannot_be_reached() -> None:
    with pytest.raises(Invalid):
        word(Words(body_zh="{name.__class__}"), "zh", VALUES)


def test_english_falls_back_to_chinese() -> None:
    assert word(TEXTS["chinese_only"], "en", VALUES)[1] == "“团学”已备案。"
