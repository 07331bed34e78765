"""Messages leave on threads of their own: a server that hangs delays neither other channels nor any other work."""

from __future__ import annotations

import time
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
from webapp.notifications.models import OutboxMessage, Webhook
from webapp.organization.queries import user_by_name


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


def sending(app: Flask) -> list[str]:
    """The threads at work for this application, by what they do."""
    return [thread.name for place, thread in jobs._sending.items() if place[0] == id(app) and thread.is_alive()]


def test_a_mail_server_that_hangs_delays_nothing_but_mail(
    prepared_sqlite: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[datetime] = []
    monkeypatch.setattr(jobs, "JOBS", (lambda now: done.append(now) or 0,))
    with receiver() as found:
        with hanging() as port:
            hosts = f"127.0.0.1:{found.port}"
            given = {"mail_host": "127.0.0.1", "mail_port": port, "webhook_hosts": hosts}
            app: Flask = create_app(make_settings(prepared_sqlite.copy(), tmp_path, **given))
            with app.app_context():
                place = webhook(found.url("wecom"))
                post("email", "mail")
                began = time.monotonic()
                for number, key in enumerate(("first", "second"), start=1):
                    post("webhook", key, place)
                    while state(key) != "sent":
                        jobs.run_all_due(app)
                        time.sleep(0.02)
                        assert time.monotonic() - began < 8
                    assert len(found.received) == number
                assert done
                until(lambda: sending(app) == ["send_mail"])
                jobs.run_all_due(app)
                assert sending(app) == ["send_mail"], "one thread a channel, however long it takes"
                assert state("mail") == "waiting"
                db.session.remove()
        # The server has gone, so that nothing is waited for any more.
        jobs.finish_sending(app)
        with app.app_context():
            assert sending(app) == []
            assert db.session.scalars(select(OutboxMessage.attempts).where(OutboxMessage.key == "mail")).one() == 1
            db.session.remove()
            db.engine.dispose()
