"""The daily digest: one message a day and channel, nothing lost and nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from tests.notifications.mailboxes import mailbox, mailer
from tests.notifications.receivers import BASE, receiver
from tests.notifications.test_posting import post, rows, webhook
from tests.support.records_world import NOW, World
from webapp.extensions import db, transactional
from webapp.notifications import commands, digests, outbox
from webapp.notifications.kinds import CHANNELS, KINDS
from webapp.notifications.models import Notice, NoticePreference, OutboxMessage
from webapp.notifications.wishes import next_digest, set_preferences
from webapp.organization.models import User

# NOW is nine o'clock of 2 March at the institution.
EIGHT = datetime(2026, 3, 3, 0, 0, tzinfo=UTC)


@pytest.fixture
def daily(world: World) -> World:
    """The world, in which 张老师 and 李老师 want everything once a day."""
    wanted = {(kind, channel): "daily" for kind in KINDS for channel in CHANNELS}
    for person in (world.alice, world.bob):
        set_preferences(world.user(person), wanted, NOW)
    return world


def tell(world: World, *people: int, number: int = 1, **more: Any) -> int:
    given: dict[str, Any] = {"instance_id": number, "now": NOW, **more}
    return commands.tell(world.institution, people, f"结果 {number}", "已办结。", key=f"k{number}", **given)


def test_a_days_notices_leave_as_one_mail_at_eight(daily: World) -> None:
    for number in range(1, 4):
        tell(daily, daily.alice, number=number)
    tell(daily, daily.alice, number=4, link="/tasks/4")
    assert [(row.state, row.digest_on, row.next_at) for row in rows()] == [("digest", date(2026, 3, 3), EIGHT)] * 4
    assert digests.gather_due(EIGHT - timedelta(seconds=1)) == 0
    assert digests.gather_due(EIGHT) == 1
    assert digests.gather_due(EIGHT) == 0
    with mailbox() as box:
        assert outbox.drain(now=EIGHT, mailer=mailer(box.port)) == 1
        assert outbox.drain(now=EIGHT + timedelta(days=1), mailer=mailer(box.port)) == 0
    [mail] = box.messages
    assert mail["Subject"] == "03-03 通知汇总：4 条"
    assert box.keys == [commands.message_key(daily.institution, "digest:2026-03-03", daily.alice)]
    text = mail.get_body(("plain",))
    assert text is not None
    for words in ("· 结果 1", f"{BASE}/cases/1", "· 结果 4", f"{BASE}/tasks/4", f"{BASE}/notices"):
        assert words in text.get_content()
    assert {row.state for row in rows()} == {"sent"}
    assert len(db.session.scalars(select(Notice)).all()) == 4


def test_each_channel_and_person_has_a_digest_in_the_own_language(daily: World) -> None:
    with receiver() as found:
        webhook(daily, daily.alice, found.url("feishu"), "feishu")
        tell(daily, daily.alice, daily.bob)
        assert digests.gather_due(EIGHT) == 3
        assert post(EIGHT, found) == 1
    [received] = found.received
    assert "· 结果 1" in received.text
    assert f"{BASE}/cases/1" in received.text
    made = [row for row in rows() if row.digest_on is None]
    assert sorted((row.channel, row.user_id) for row in made) == [
        ("email", daily.alice),
        ("email", daily.bob),
        ("webhook", daily.alice),
    ]


def test_the_bell_has_everything_at_once(daily: World) -> None:
    tell(daily, daily.alice)
    assert len(db.session.scalars(select(Notice).where(Notice.user_id == daily.alice)).all()) == 1


def test_killed_while_gathering_nothing_is_lost_and_nothing_sent_twice(
    daily: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(daily, daily.alice)

    def killed() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(digests, "work_waits", killed)
        with pytest.raises(KeyboardInterrupt):
            digests.gather_due(EIGHT)
    db.session.rollback()
    assert [row.state for row in rows()] == ["digest"]
    assert digests.gather_due(EIGHT + timedelta(hours=3)) == 1
    assert sorted(row.state for row in rows()) == ["sent", "waiting"]


def test_what_comes_after_the_digest_is_tomorrows(daily: World) -> None:
    tell(daily, daily.alice)
    tell(daily, daily.alice, number=2, now=EIGHT)
    assert digests.gather_due(EIGHT) == 1
    assert [row.digest_on for row in rows(state="digest")] == [date(2026, 3, 4)]

    @transactional
    def said_meanwhile() -> None:
        row = db.session.scalars(select(OutboxMessage).where(OutboxMessage.state == "digest")).one()
        row.digest_on, row.next_at = date(2026, 3, 3), EIGHT

    said_meanwhile()
    assert digests.gather_due(EIGHT) == 1
    assert [(row.digest_on, row.next_at) for row in rows(state="digest")] == [
        (date(2026, 3, 4), EIGHT + timedelta(days=1))
    ]
    assert digests.gather_due(EIGHT + timedelta(days=1)) == 1
    assert rows(state="digest") == []
    assert len([row for row in rows() if row.digest_on is None]) == 2


def test_days_without_a_worker_are_one_digest(daily: World) -> None:
    tell(daily, daily.alice)
    tell(daily, daily.alice, number=2, now=EIGHT + timedelta(hours=5))
    assert digests.gather_due(EIGHT + timedelta(days=4)) == 1
    [made] = [row for row in rows() if row.digest_on is None]
    assert (made.subject, made.state) == ("03-04 通知汇总：2 条", "waiting")


def test_very_many_are_counted_and_not_listed(daily: World) -> None:
    for number in range(1, 56):
        tell(daily, daily.alice, number=number)
    digests.gather_due(EIGHT)
    [made] = [row for row in rows() if row.digest_on is None]
    assert made.subject.endswith("55 条")
    assert made.body.count("· ") == digests.MOST_LISTED
    assert "另有 5 条" in made.body


def test_who_left_or_has_no_address_any_more_gets_none(daily: World) -> None:
    tell(daily, daily.alice, daily.bob)

    @transactional
    def change() -> None:
        db.session.get_one(User, daily.alice).active = False
        db.session.get_one(User, daily.bob).email = ""

    change()
    assert digests.gather_due(EIGHT) == 2
    assert [(row.channel, row.state) for row in rows()] == [("inside", "sent")] * 2


def test_two_workers_make_one_digest(app: Flask, daily: World) -> None:
    for number in range(1, 6):
        tell(daily, daily.alice, daily.bob, number=number)
    db.session.remove()

    def work(_number: int) -> int:
        with app.app_context():
            try:
                return digests.gather_due(EIGHT)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(work, range(3))) == 2
    assert len([row for row in rows() if row.digest_on is None]) == 2


def test_one_digest_that_fails_holds_up_no_other(daily: World) -> None:
    tell(daily, daily.alice, daily.bob)

    @transactional
    def damage() -> None:
        row = db.session.scalars(select(OutboxMessage).where(OutboxMessage.user_id == daily.alice)).one()
        row.digest_on = None

    damage()
    assert digests.gather_due(EIGHT) == 1
    assert [row.state for row in rows(user_id=daily.alice)] == ["digest"]


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2026-03-01T23:59:59+00:00", date(2026, 3, 2)),
        ("2026-03-02T00:00:00+00:00", date(2026, 3, 3)),
        ("2026-03-02T15:59:59+00:00", date(2026, 3, 3)),
        ("2026-03-02T16:00:00+00:00", date(2026, 3, 3)),
        ("2026-12-31T12:00:00+00:00", date(2027, 1, 1)),
    ],
)
def test_eight_oclock_is_the_institutions(world: World, told: str, day: date) -> None:
    found, at = next_digest(world.institution, datetime.fromisoformat(told))
    assert (found, at.astimezone(UTC)) == (day, datetime(day.year, day.month, day.day, tzinfo=UTC))


def test_nothing_is_not_sent_at_all_and_other_kinds_are(world: World) -> None:
    with receiver() as found:
        webhook(world, world.alice, found.url("wecom"))
        set_preferences(world.user(world.alice), {("case", "email"): "none", ("case", "webhook"): "none"}, NOW)
        tell(world, world.alice, kind="case")
        assert [(row.channel, row.state) for row in rows()] == [("inside", "sent")]
        tell(world, world.alice, number=2, kind="urge")
        assert sorted((row.channel, row.state) for row in rows(state="waiting")) == [
            ("email", "waiting"),
            ("webhook", "waiting"),
        ]
    assert len(db.session.scalars(select(Notice).where(Notice.user_id == world.alice)).all()) == 2


def test_a_preference_is_one_row_however_often_it_is_set(world: World) -> None:
    alice = world.user(world.alice)
    for mode in ("daily", "none", "once", "none"):
        assert set_preferences(alice, {("task", "email"): mode}, NOW) == 1
    assert set_preferences(alice, {("task", "email"): "none"}, NOW) == 0
    assert [row.mode for row in db.session.scalars(select(NoticePreference))] == ["none"]
    for wrong in ({("task", "sms"): "once"}, {("gossip", "email"): "once"}, {("task", "email"): "hourly"}):
        with pytest.raises(ValueError):
            set_preferences(alice, wrong, NOW)
