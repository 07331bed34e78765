"""Messages leave on threads of their own: a server that hangs delays neither other channels nor any other work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from tests.conftest import make_settings
from tests.notifications.mailboxes import hanging
from tests.notifications.receivers import receiver
from tests.support.programs import until
from webapp import create_app, jobs
from webapp.extensions import db, transactional
from webapp.notifications import channels
from webapp.notifications.models import OutboxMessage, Webhook
from webapp.organization.queries import user_by_name


@pytest.fixture
def hung() -> Iterator[int]:
    with hanging() as port:
        yield port


@transactional
def post(channel: str, key: str, webhook_id: int | None = None) -> None:
    now = datetime.now(UTC)
    user = user_by_name("wzpt.zhang")
    assert user is not None
    row = {"institution_id": user.institution_id, "user_id": user.id, "key": key, "channel": channel, "subject": "通知"}
    row |= {
        "address": "zhang@example.test",
        "body": "正文",
        "created_at": now,
        "next_at": now,
        "webhook_id": webhook_id,
    }
    db.session.execute(insert(OutboxMessage), row)


@transactional
def webhook(url: str) -> int:
    user = user_by_name("wzpt.zhang")
    assert user is not None
    row = Webhook(institution_id=user.institution_id, user_id=user.id, kind="wecom", name="群", url=url)
    row.created_at = datetime.now(UTC)
    db.session.add(row)
    db.session.flush()
    return row.id


def state(key: str) -> str:
    db.session.rollback()
    return str(db.session.scalar(select(OutboxMessage.state).where(OutboxMessage.key == key)))


def test_a_mail_server_that_hangs_delays_nothing_but_mail(
    prepared_sqlite: Any, tmp_path: Path, hung: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "TIMEOUT", 10.0)
    with receiver() as found:
        settings = make_settings(
            prepared_sqlite.copy(),
            tmp_path,
            mail_host="127.0.0.1",
            mail_port=hung,
            webhook_hosts=f"127.0.0.1:{found.port}",
        )
        app: Flask = create_app(settings)
        done: list[datetime] = []
        monkeypatch.setattr(jobs, "JOBS", (lambda now: done.append(now) or 0,))
        with app.app_context():
            place = webhook(found.url("wecom"))
            post("email", "mail")
            post("webhook", "first", place)
            began = time.monotonic()
            jobs.run_all_due(app)
            until(lambda: state("first") == "sent")
            post("webhook", "second", place)
            jobs.run_all_due(app)
            until(lambda: state("second") == "sent")
            assert time.monotonic() - began < 5
            assert len(done) == 2
            assert len(found.received) == 2
            assert state("mail") == "waiting"
            sending = [thread for key, thread in jobs._sending.items() if key[0] == id(app) and thread.is_alive()]
            assert [thread.name for thread in sending] == ["send_mail"]
            jobs.run_all_due(app)
            assert [thread for thread in jobs._sending.values() if thread.is_alive()] == sending
            db.session.remove()
