"""The outbox's job for robots: several at once, one message at a time to each, so that one that hangs is alone in it.

The database is spoken to by the calling thread only; the threads beside it only wait for answers.
"""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from flask import Flask, current_app

from webapp.notifications.channels import SendError
from webapp.notifications.kinds import WEBHOOK
from webapp.notifications.outbox import BUDGET_SECONDS, Claimed, Outcome, settle_and_claim, waits
from webapp.notifications.robots import Robots

ABREAST = 8
LOOK_AGAIN_SECONDS = 0.2


def webhooks_wait(now: datetime) -> bool:
    """Whether a message to a robot is due."""
    return waits(WEBHOOK, now)


def drain_webhooks(*, now: datetime, limit: int = 200, robots: Robots | None = None) -> int:
    """Send up to `limit` due messages to robots; returns how many were tried. `now` is aware UTC.

    It takes new ones for five seconds, and on while an earlier one still waits for its answer. A robot that failed is
    not asked again this time.
    """
    robots = robots or Robots.from_settings(current_app.extensions["settings"])
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined] # the threads have none of their own
    began, tried = time.monotonic(), 0
    busy: dict[Future[str], Claimed] = {}
    failed: set[int] = set()
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(ABREAST) as threads:
        while True:
            passed = time.monotonic() - began
            moment = now + timedelta(seconds=passed)
            apart = failed | {found.webhook_id for found in busy.values() if found.webhook_id is not None}
            room = tried < limit and len(busy) < ABREAST and (bool(busy) or passed < BUDGET_SECONDS)
            more = room and waits(WEBHOOK, moment, apart)
            claimed = settle_and_claim(WEBHOOK, outcomes, moment, more, apart) if outcomes or more else None
            outcomes = []
            if claimed is not None:
                tried += 1
                busy[threads.submit(_send, app, robots, claimed)] = claimed
                continue
            if not busy:
                return tried
            finished, _rest = wait(busy, timeout=LOOK_AGAIN_SECONDS, return_when=FIRST_COMPLETED)
            for future in finished:
                found, error = busy.pop(future), future.result()
                outcomes.append(Outcome(found.message_id, error))
                if error and found.webhook_id is not None:
                    failed.add(found.webhook_id)


def _send(app: Flask, robots: Robots, claimed: Claimed) -> str:
    """Empty when the robot took the message, else why not."""
    assert claimed.robot is not None
    try:
        with app.app_context():
            robots.send(claimed.robot, claimed.mail)
    except SendError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this message's failure and no other's
        return type(error).__name__
    return ""
