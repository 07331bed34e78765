"""Starting the load in a process of its own, killing it, and looking at what is left."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Any

from flask import Flask

from tests.faults.load import HASTE, Orders
from tests.notifications.mailboxes import Mailbox
from tests.support.checker import Act, check, check_settled
from tests.support.postgres import until_dead_connections_are_gone
from tests.support.trial import NOW, Trial
from webapp import jobs
from webapp.extensions import db
from webapp.notifications.channels import Mailer
from webapp.notifications.outbox import LEASE, drain

# Processes are forked from a server that has everything imported and no thread, connection or application.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.load", "tests.faults.warm"])


@dataclass
class Killer:
    """One database under load, round after round. `told` is what was acknowledged in all of them."""

    app: Flask
    trial: Trial
    mailbox: Mailbox
    var: str
    seed: int = 1
    now: datetime = NOW
    naive: bool = False
    kills: int = 0
    told: list[Act] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)

    def round(
        self,
        target: Callable[[Orders, Connection], None],
        *,
        seconds: float = 0,
        failpoint: int = 0,
        commits_only: bool = False,
    ) -> None:
        """Start `target`, kill it after so long unless its failpoint does, and keep what it had reported."""
        db.session.remove()
        db.engine.dispose()
        self.seed += 1
        orders = Orders(
            url=self.app.config["SQLALCHEMY_DATABASE_URI"],
            var=self.var,
            began=self.now,
            seed=self.seed,
            failpoint=failpoint,
            commits_only=commits_only,
            mail_port=self.mailbox.port,
            naive=self.naive,
        )
        ours, theirs = _context.Pipe(duplex=False)
        process = _context.Process(target=target, args=(orders, theirs), daemon=True)
        process.start()
        theirs.close()
        self._listen(ours, seconds)
        process.kill()
        self._listen(ours, None)
        process.join()
        self.kills += process.exitcode == -9
        until_dead_connections_are_gone()
        # A message taken by the killed process is due again after its lease.
        self.now += max(HASTE, LEASE) + seconds * HASTE

    def _listen(self, reports: Connection, seconds: float | None) -> None:
        """Keep reports: for so many seconds after the load is ready, or until the process is gone."""
        end = None
        while True:
            if end is not None and not reports.poll(max(0.0, end - time.monotonic())):
                return
            try:
                report = reports.recv()
            except (EOFError, OSError):
                return
            if report == "ready":
                end = time.monotonic() + seconds if seconds else None
            elif isinstance(report, Act):
                self.told.append(report)
            else:
                self.unexpected.append(str(report))

    def problems(self) -> list[str]:
        """What is wrong now."""
        return [*self.unexpected, *check(self.trial, self.told)]

    def settle(self) -> list[str]:
        """Let everything come due happen, ninety days later; what is wrong then."""
        self.now += timedelta(days=90)
        mailer = Mailer("127.0.0.1", self.mailbox.port, "beian@example.test", "http://127.0.0.1")
        while sum(job(self.now) for job in jobs.JOBS) or drain(now=self.now, mailer=mailer):
            pass
        return [*self.problems(), *check_settled(self.trial, self.mailbox.keys, self.now)]


def moments(seed: int, rounds: int) -> list[dict[str, Any]]:
    """When to kill in each round: by turns after a random time and at a random point."""
    chance = random.Random(seed)
    return [
        {"seconds": chance.uniform(0.05, 0.8)} if number % 2 == 0 else {"failpoint": chance.randint(1, 600)}
        for number in range(rounds)
    ]
