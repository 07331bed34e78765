"""Messages to robots leave from the outbox: each key once, and a robot that fails or hangs is alone in it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.notifications.mailboxes import free_port, hanging, mailbox, mailer
from tests.notifications.receivers import BASE, Receiver, late, receiver, robots_of, signed_by, told
from tests.support.records_world import NOW, World, statements
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.notifications import commands, outbox, posting
from webapp.notifications.models import Notice, OutboxMessage, Webhook
from webapp.notifications.robots import Robots

SECRET = "SEC0123456789"


@transactional
def webhook(world: World, user_id: int, url: str, kind: str = "wecom", secret: str = "") -> int:
    row = Webhook(institution_id=world.institution, user_id=user_id, kind=kind, name=f"{kind}群", url=url)
    row.secret, row.created_at = secret, NOW
    db.session.add(row)
    db.session.flush()
    return row.id


def tell(world: World, *people: int, key: str = "task:1", **more: Any) -> int:
    given: dict[str, Any] = {"instance_id": None, "now": NOW, "kind": "task", "link": "/tasks/1", **more}
    return commands.tell(world.institution, people, "待办：团学", "等您办理。", key=key, **given)


def rows(**wanted: Any) -> list[OutboxMessage]:
    db.session.expire_all()
    found = list(db.session.scalars(select(OutboxMessage).filter_by(**wanted).order_by(OutboxMessage.id)))
    db.session.rollback()
    return found


def post(now: datetime, *receivers: Receiver, timeout: float = 5.0) -> int:
    return posting.drain_webhooks(now=now, robots=robots_of(*receivers, timeout=timeout))


def test_each_channel_of_a_person_has_its_row_and_is_sent_by_itself(world: World) -> None:
    with receiver() as found, mailbox() as box:
        first = webhook(world, world.alice, found.url("wecom"))
        webhook(world, world.alice, found.url("dingtalk"), "dingtalk", SECRET)
        webhook(world, world.alice, found.url("feishu"), "feishu", SECRET)
        assert tell(world, world.alice, world.charlie) == 2
        assert tell(world, world.alice, world.charlie) == 0
        assert sorted(row.channel for row in rows()) == ["email", "inside", "webhook", "webhook", "webhook"]
        assert len({row.key for row in rows()}) == 5
        assert all(row.user_id == world.alice for row in rows(channel="webhook"))
        assert post(NOW, found) == 3
        assert post(NOW + timedelta(days=1), found) == 0
        assert len(found.received) == 3
        assert sorted("msg_type" in received.body for received in found.received) == [False, False, True]
        ding = next(received for received in found.received if "access_token" in received.query)
        assert signed_by("dingtalk", ding, SECRET)
        assert [row.state for row in rows(channel="email")] == ["waiting"]
        assert outbox.drain(now=NOW, mailer=mailer(box.port)) == 1
    assert all(f"{BASE}/tasks/1" in received.text for received in found.received)
    assert {row.state for row in rows()} == {"sent"}
    assert rows(webhook_id=first)[0].attempts == 1


def test_a_robot_named_later_is_not_told_what_was_told(world: World) -> None:
    tell(world, world.alice)
    with receiver() as found:
        webhook(world, world.alice, found.url("wecom"))
        assert tell(world, world.alice) == 0
        assert tell(world, world.alice, key="task:2") == 1
        assert post(NOW, found) == 1


@pytest.mark.parametrize("said", [(500, {}), (503, {"errcode": 0}), (200, {"errcode": 45009, "errmsg": "too often"})])
def test_a_robot_that_does_not_take_it_gets_three_tries_and_then_a_fault_is_open(
    world: World, said: tuple[int, dict[str, object]]
) -> None:
    with receiver(told(said[1], said[0])) as bad:
        place = webhook(world, world.alice, bad.url("wecom"))
        tell(world, world.alice)
        at = NOW
        for pause in (1, 15):
            assert post(at, bad) == 1
            [row] = rows(channel="webhook")
            assert row.state == "waiting"
            assert at + timedelta(minutes=pause) <= row.next_at <= at + timedelta(minutes=pause, seconds=5)
            assert not db.session.scalars(select(Fault)).all()
            at = row.next_at
            assert post(at - timedelta(seconds=10), bad) == 0
        assert post(at, bad) == 1
        assert post(at + timedelta(days=1), bad) == 0
    assert len(bad.received) == 3
    [row] = rows(channel="webhook")
    assert (row.state, row.attempts) == ("failed", 3)
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, fault.element) == ("webhook", f"webhook:{place}")
    assert "the-key" not in fault.sentence + fault.detail + row.error + row.address
    with receiver() as mended:
        transactional(lambda: setattr(db.session.get_one(Webhook, place), "url", mended.url("wecom")))()
        commands.send_again(world.institution, row.id, at)
        assert post(at, mended) == 1
    assert rows(channel="webhook")[0].state == "sent"


def test_a_robot_that_refuses_the_connection_fails_by_itself(world: World) -> None:
    nobody = Receiver(free_port())
    with receiver() as good:
        webhook(world, world.alice, nobody.url("wecom"))
        webhook(world, world.bob, good.url("wecom"))
        for number in range(5):
            tell(world, world.alice, world.bob, key=f"k{number}")
        # Having failed once, it is not asked again this time.
        assert post(NOW, good, nobody) == 6
    assert len(good.received) == 5
    assert {row.state for row in rows(channel="webhook", user_id=world.bob)} == {"sent"}
    assert sorted(row.attempts for row in rows(channel="webhook", user_id=world.alice)) == [0, 0, 0, 0, 1]


def test_a_robot_that_hangs_delays_nobody_else(world: World) -> None:
    with receiver() as good, hanging() as port:
        bad = Receiver(port)
        webhook(world, world.alice, bad.url("wecom"))
        webhook(world, world.bob, good.url("wecom"))
        for number in range(10):
            tell(world, world.alice, world.bob, key=f"k{number}")
        began = time.monotonic()
        with ThreadPoolExecutor(1) as beside:

            def watch() -> float:
                while len(good.received) < 10 and time.monotonic() - began < 5:
                    time.sleep(0.01)
                return time.monotonic() - began

            watching = beside.submit(watch)
            assert post(NOW, good, bad, timeout=2.0) == 11
            assert watching.result() < 1.5
        assert time.monotonic() - began < 4
    [tried] = [row for row in rows(user_id=world.alice, channel="webhook") if row.attempts]
    assert "timed out" in tried.error


def test_what_comes_while_a_robot_hangs_goes_out_at_once(app: Flask, world: World) -> None:
    with receiver() as good, hanging() as port:
        bad = Receiver(port)
        webhook(world, world.alice, bad.url("wecom"))
        webhook(world, world.bob, good.url("wecom"))
        tell(world, world.alice)
        db.session.remove()

        def work() -> int:
            with app.app_context():
                return post(NOW, good, bad, timeout=2.5)

        with ThreadPoolExecutor(1) as beside:
            working = beside.submit(work)
            time.sleep(0.4)
            tell(world, world.bob)
            began = time.monotonic()
            while not good.received:
                assert time.monotonic() - began < 1.5
                time.sleep(0.01)
            assert not working.done()
            assert working.result() == 2


def test_a_mail_server_that_hangs_leaves_the_robots_alone_and_the_other_way_round(world: World) -> None:
    with receiver() as found, hanging() as port:
        webhook(world, world.alice, found.url("wecom"))
        tell(world, world.alice)
        assert outbox.drain(now=NOW, mailer=mailer(port, timeout=0.3)) == 1
        assert rows(channel="email")[0].attempts == 1
        assert post(NOW, found) == 1
    with mailbox() as box, hanging() as port:
        transactional(lambda: setattr(db.session.scalars(select(Webhook)).one(), "url", Receiver(port).url("wecom")))()
        tell(world, world.alice, key="task:2")
        assert post(NOW, Receiver(port), timeout=0.3) == 1
        assert outbox.drain(now=NOW + timedelta(minutes=1), mailer=mailer(box.port)) == 2
        assert len(box.messages) == 2


def test_several_workers_send_each_message_once(app: Flask, world: World) -> None:
    with receiver(late(0.01)) as found:
        for person in (world.alice, world.bob, world.charlie):
            webhook(world, person, found.url("wecom"))
        for number in range(8):
            tell(world, world.alice, world.bob, world.charlie, key=f"k{number}")
        db.session.remove()

        def work(_number: int) -> int:
            with app.app_context():
                try:
                    return post(NOW, found)
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(work, range(3))) == 24
    assert len(found.received) == 24
    assert {row.state for row in rows(channel="webhook")} == {"sent"}


def test_a_message_whose_sender_was_killed_goes_out_after_the_lease(world: World) -> None:
    with receiver() as found:
        webhook(world, world.alice, found.url("wecom"))
        tell(world, world.alice)
        assert outbox.settle_and_claim("webhook", [], NOW, more=True) is not None
        assert post(NOW, found) == 0
        assert post(NOW + outbox.LEASE, found) == 1


def test_a_robot_taken_away_is_never_asked(world: World) -> None:
    with receiver() as found:
        place = webhook(world, world.alice, found.url("wecom"))
        tell(world, world.alice)
        transactional(lambda: setattr(db.session.get_one(Webhook, place), "active", False))()
        assert post(NOW, found) == 0
        assert found.received == []
    assert rows(channel="webhook") == []
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 1


def test_an_address_no_longer_allowed_is_never_asked(world: World) -> None:
    with receiver() as found:
        webhook(world, world.alice, found.url("wecom"))
        tell(world, world.alice)
        assert posting.drain_webhooks(now=NOW, robots=Robots(BASE)) == 1
        assert found.received == []
    assert "https://" in rows(channel="webhook")[0].error


def test_with_nothing_to_send_one_read_is_all(world: World) -> None:
    seen = statements(lambda: posting.drain_webhooks(now=NOW, robots=Robots(BASE)))
    assert len(seen) == 1, seen
    assert seen[0].startswith("SELECT")
