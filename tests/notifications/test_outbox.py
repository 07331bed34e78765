"""The outbox: each message goes out, and no failure holds up another or anything else."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select

from tests.notifications.mailboxes import free_port, hanging, mailbox, mailer
from tests.support.records_world import NOW, World
from webapp.errors import NotFound
from webapp.extensions import db, transactional
from webapp.faults.models import Fault
from webapp.notifications import commands, outbox
from webapp.notifications.channels import Mail, Mailer, SendError, compose
from webapp.notifications.models import OutboxMessage


@transactional
def post(world: World, count: int = 1, address: str = "alice@example.test", prefix: str = "m") -> None:
    rows = [
        {
            "institution_id": world.institution,
            "key": f"{prefix}{number}",
            "channel": "email",
            "address": address,
            "subject": f"通知 {number}",
            "body": f"第一段 <{number}>\n第二行\n\n/cases/{number}",
            "state": "waiting",
            "attempts": 0,
            "created_at": NOW,
            "next_at": NOW,
            "error": "",
        }
        for number in range(count)
    ]
    db.session.execute(insert(OutboxMessage), rows)


def message(key: str = "m0") -> OutboxMessage:
    db.session.expire_all()
    return db.session.scalars(select(OutboxMessage).where(OutboxMessage.key == key)).one()


def states() -> dict[str, str]:
    db.session.expire_all()
    return {row.key: row.state for row in db.session.scalars(select(OutboxMessage))}


def test_a_message_arrives_as_text_and_html_with_its_key_and_page(world: World) -> None:
    post(world)
    with mailbox() as box:
        assert outbox.drain(now=NOW, mailer=mailer(box.port)) == 1
    [mail] = box.messages
    assert mail["To"] == "alice@example.test"
    assert mail["Subject"] == "通知 0"
    assert mail["Message-ID"] == "<m0@example.test>"
    text, markup = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert markup is not None
    said, _line, foot = text.get_content().replace("\r\n", "\n").partition("\n-- \n")
    assert said == "第一段 <0>\n第二行\n\nhttps://beian.example.test/cases/0\n"
    assert foot.rstrip().endswith("https://beian.example.test/notices/settings")
    assert "第一段 &lt;0&gt;<br>第二行" in markup.get_content()
    assert 'href="https://beian.example.test/cases/0"' in markup.get_content()
    assert 'href="https://beian.example.test/notices/settings"' in markup.get_content()
    assert (message().state, message().sent_at, message().attempts) == ("sent", NOW, 1)


def test_what_was_sent_is_not_sent_again(world: World) -> None:
    post(world, 3)
    with mailbox() as box:
        assert outbox.drain(now=NOW, mailer=mailer(box.port)) == 3
        assert outbox.drain(now=NOW + timedelta(days=1), mailer=mailer(box.port)) == 0
    assert sorted(box.keys) == ["m0", "m1", "m2"]


def test_without_a_mail_server_everything_waits(world: World) -> None:
    post(world)
    assert outbox.drain(now=NOW, mailer=Mailer("", 25, "beian@example.test", "https://x.example.test")) == 0
    assert (message().state, message().attempts) == ("waiting", 0)


def test_the_installations_own_settings_are_used_unless_given(app: Flask, world: World) -> None:
    post(world)
    assert app.extensions["settings"].mail_host == ""
    assert outbox.drain(now=NOW) == 0


def test_a_failing_server_gets_more_time_each_try_and_then_a_fault_is_open(world: World) -> None:
    post(world)
    nobody = mailer(free_port())
    at = NOW
    for pause in (1, 15):
        assert outbox.drain(now=at, mailer=nobody) == 1
        assert message().state == "waiting"
        assert message().next_at == at + timedelta(minutes=pause)
        assert outbox.drain(now=at + timedelta(minutes=pause, seconds=-1), mailer=nobody) == 0
        at += timedelta(minutes=pause)
    assert not db.session.scalars(select(Fault)).all()
    assert outbox.drain(now=at, mailer=nobody) == 1
    assert (message().state, message().attempts) == ("failed", 3)
    assert "ConnectionRefused" in message().error
    fault = db.session.scalars(select(Fault)).one()
    assert (fault.kind, fault.institution_id) == ("mail", world.institution)
    assert "通知 0" in fault.sentence
    assert outbox.drain(now=at + timedelta(days=1), mailer=nobody) == 0


def test_many_failed_messages_are_one_fault(world: World) -> None:
    post(world, 5)
    nobody = mailer(free_port())
    for days in range(3):
        outbox.drain(now=NOW + timedelta(days=days), mailer=nobody)
    assert set(states().values()) == {"failed"}
    assert len(db.session.scalars(select(Fault)).all()) == 1


def test_a_failed_message_can_be_sent_again_with_all_its_tries(world: World) -> None:
    post(world)
    nobody = mailer(free_port())
    for days in range(3):
        outbox.drain(now=NOW + timedelta(days=days), mailer=nobody)
    later = NOW + timedelta(days=9)
    with pytest.raises(NotFound):
        commands.send_again(world.other_institution, message().id, later)
    commands.send_again(world.institution, message().id, later)
    with pytest.raises(NotFound):
        commands.send_again(world.institution, message().id, later)
    with mailbox() as box:
        assert outbox.drain(now=later, mailer=mailer(box.port)) == 1
    assert message().state == "sent"


@pytest.mark.parametrize("said", ["550 no such mailbox", "451 try later", "554 spam"])
def test_one_refused_message_among_many_holds_up_none(world: World, said: str) -> None:
    post(world, 10, prefix="a")
    post(world, address="bad@example.test", prefix="bad")
    post(world, 10, prefix="z")
    with mailbox(lambda to: said if to.startswith("bad") else "250 OK") as box:
        outbox.drain(now=NOW, mailer=mailer(box.port))
    assert len(box.keys) == 20
    assert [key for key, state in states().items() if state == "waiting"] == ["bad0"]
    assert said[4:] in message("bad0").error


@pytest.mark.parametrize("address", ["a@b.test\r\nBcc: c@d.test", ""])
def test_an_impossible_address_is_a_failure_of_that_message_only(world: World, address: str) -> None:
    post(world, address=address, prefix="bad")
    post(world)
    with mailbox() as box:
        outbox.drain(now=NOW, mailer=mailer(box.port))
    assert box.keys == ["m0"]
    assert states() == {"bad0": "waiting", "m0": "sent"}
    assert message("bad0").error


def test_a_hanging_server_is_left_after_the_timeout(world: World) -> None:
    post(world, 3)
    with hanging() as port:
        began = time.monotonic()
        outbox.drain(now=NOW, mailer=mailer(port, timeout=0.3), limit=3)
        assert time.monotonic() - began < 3
    assert set(states().values()) == {"waiting"}
    assert "timed out" in message().error or "timeout" in message().error.lower()


def test_no_transaction_is_open_while_the_server_is_spoken_to(app: Flask, world: World) -> None:
    post(world)

    def write(_recipient: str) -> str:
        with app.app_context():
            post(world, prefix="meanwhile")
            db.session.remove()
        return "250 OK"

    with mailbox(write) as box:
        outbox.drain(now=NOW, mailer=mailer(box.port), limit=1)
    assert states() == {"m0": "sent", "meanwhile0": "waiting"}


def test_a_message_whose_sender_was_killed_goes_out_later_with_the_same_key(world: World) -> None:
    post(world)
    assert outbox.settle_and_claim("email", [], NOW, more=True) is not None
    with mailbox() as box:
        assert outbox.drain(now=NOW, mailer=mailer(box.port)) == 0
        assert outbox.drain(now=NOW + outbox.LEASE, mailer=mailer(box.port)) == 1
    assert box.keys == ["m0"]


def test_a_batch_ends_at_its_limit(world: World) -> None:
    post(world, 5)
    with mailbox() as box:
        assert outbox.drain(now=NOW, mailer=mailer(box.port), limit=2) == 2
        assert outbox.drain(now=NOW, mailer=mailer(box.port)) == 3
    assert sorted(box.keys) == ["m0", "m1", "m2", "m3", "m4"]


def test_several_workers_share_the_outbox_and_send_nothing_twice(app: Flask, world: World) -> None:
    post(world, 40)
    db.session.remove()

    def work(_number: int) -> int:
        with app.app_context():
            try:
                return outbox.drain(now=NOW, mailer=mailer(box.port))
            finally:
                db.session.remove()

    with mailbox() as box, ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(work, range(4)))
    assert sum(counts) == 40
    assert len(box.keys) == len(set(box.keys)) == 40


def test_a_header_cannot_be_smuggled_in() -> None:
    mail = Mail("k", "a@b.test", "甲\nBcc: c@d.test", "正文", datetime.fromisoformat("2026-03-02T09:00:00+00:00"))
    with pytest.raises(ValueError, match="linefeed"):
        compose(mail, mailer(25))
    with mailer(25).connection() as connection, pytest.raises(SendError):
        connection.send(mail)
