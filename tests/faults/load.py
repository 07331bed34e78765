"""A load to be killed: people start, decide, correct, withdraw and return; timers fire; mail goes out.

It runs in a process of its own and reports each act on a pipe after the command has returned, so that whatever was
reported must still be there when the process is killed. A failpoint kills it at its n-th point: before a statement,
before a commit, or after one (before the act could be reported).
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from traceback import format_exception
from typing import Any, Protocol

from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from tests.conftest import make_settings
from tests.support.checker import Act
from tests.support.trial import Trial, deciding, find_trial, new_key
from webapp import create_app, jobs
from webapp.errors import BeianError
from webapp.extensions import db
from webapp.workflow import commands
from webapp.workflow.models import ProcessInstance, Seat, UserTask

PEOPLE = 3
# How much time of the institution passes in each real second: week-long timers come due within a few rounds.
HASTE = timedelta(days=2)

Answer = Callable[..., Any]


class Reports(Protocol):
    """Where acts are reported: a pipe, as a rule."""

    def send(self, report: Any, /) -> None: ...


@dataclass(frozen=True)
class Orders:
    """What a round of load is told. `failpoint` 0 means to run until killed from outside; `commits_only` counts the
    moments just before and just after commits, else every statement too.
    """

    url: str
    var: str
    began: datetime
    seed: int
    failpoint: int = 0
    commits_only: bool = False
    mail_port: int = 0
    naive: bool = False


def run(orders: Orders, reports: Connection) -> None:
    """The process: load from three people and the jobs, until it is killed."""
    app = start(orders)
    with app.app_context():
        trial = find_trial()
        db.session.remove()
    answer: Answer = commands.answer
    if orders.naive:
        from tests.faults import naive

        answer = naive.answer
    load = Load(app, trial, orders, reports, answer)
    threads = [threading.Thread(target=load.person, args=(number,), daemon=True) for number in range(PEOPLE)]
    threads.append(threading.Thread(target=load.jobs, daemon=True))
    arm(orders.failpoint, orders.commits_only)
    reports.send("ready")
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def start(orders: Orders) -> Flask:
    """The application over the database under test."""
    mail = {"mail_host": "127.0.0.1", "mail_port": orders.mail_port} if orders.mail_port else {}
    return create_app(make_settings(orders.url, Path(orders.var), **mail))


def arm(failpoint: int, commits_only: bool) -> None:
    """Die at the n-th point from now on; 0 is never."""
    points = itertools.count(1)

    def pass_point(*_arguments: Any, **_named: Any) -> None:
        if next(points) == failpoint:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in ("commit",) if commits_only else ("before_cursor_execute", "commit"):
        event.listen(Engine, name, pass_point)
    event.listen(db.session, "after_commit", pass_point)


class Load:
    """What the threads of one process do."""

    def __init__(self, app: Flask, trial: Trial, orders: Orders, reports: Reports, answer: Answer) -> None:
        self.app, self.trial, self.orders = app, trial, orders
        self._reports, self._answer = reports, answer
        self._lock = threading.Lock()
        self.stop = threading.Event()
        self._started = time.monotonic()

    def now(self) -> datetime:
        """The institution's time, which runs fast."""
        return self.orders.began + (time.monotonic() - self._started) * HASTE

    def report(self, act: Act) -> None:
        with self._lock:
            self._reports.send(act)

    def fail(self, error: Exception) -> None:
        """What no person should ever meet."""
        with self._lock:
            self._reports.send("".join(format_exception(error))[-3000:])

    def person(self, number: int) -> None:
        """One person's day: start a case, decide whatever is open, sometimes correct, return or withdraw."""
        chance = random.Random(self.orders.seed * 100 + number)
        while not self.stop.is_set():
            with self.app.app_context():
                try:
                    self._act(chance)
                except BeianError:  # somebody was first: a clear answer, and nothing to report
                    db.session.rollback()
                except Exception as error:  # noqa: BLE001 - the test wants to know of anything else
                    self.fail(error)
                finally:
                    db.session.remove()

    def jobs(self) -> None:
        """The background work, as the embedded scheduler or a worker would do it."""
        while not self.stop.is_set():
            with self.app.app_context():
                try:
                    jobs.run_due(self.now())
                except Exception as error:  # noqa: BLE001 - as above
                    self.fail(error)
                finally:
                    db.session.remove()
            time.sleep(0.02)

    def _act(self, chance: random.Random) -> None:
        seat = self._open_seat(chance)
        if seat is None or chance.random() < 0.25:
            self.start(chance.choice(("approval", "approval", "opinions", "automatic")))
        elif seat.role == "applicant":
            self._correct(seat)
        elif chance.random() < 0.05:
            self._withdraw(seat.instance_id)
        else:
            self._decide(seat, chance)

    def _open_seat(self, chance: random.Random) -> Seat | None:
        """One of the newest open seats, so that people often meet on one."""
        statement = select(Seat).join(UserTask).where(Seat.institution_id == self.trial.institution)
        newest = statement.where(Seat.state == "open").order_by(Seat.id.desc()).limit(4)
        found = db.session.scalars(newest).all()
        return chance.choice(found) if found else None

    def start(self, process: str) -> int:
        key = new_key()
        instance_id = self.trial.start(process, name=f"账号{key[:6]}", key=key, now=self.now())
        made = db.session.get_one(ProcessInstance, instance_id)
        self.report(Act("started", key, self.trial.applicant, instance_id, reference=made.reference))
        return instance_id

    def _correct(self, seat: Seat) -> None:
        self._file(seat.id, seat.version, self.trial.applicant, "submit", self.trial.answers(f"改{new_key()[:6]}"))

    def _decide(self, seat: Seat, chance: random.Random) -> None:
        element, who = seat.task.element, chance.choice(self.trial.approvers)
        if element in ("Finance", "Data"):
            self._file(seat.id, seat.version, who, "submit", {"name": f"意见{new_key()[:6]}"})
        elif element == "PublicityDecision" and chance.random() < 0.15:
            self._return(seat.id, seat.version, who)
        else:
            choices = ("approve",) * 7 + (("reject",) if element == "Decision" else ("reject", "request_correction"))
            choice = chance.choice(choices) if element != "Review" else chance.choice(("approve", "reject"))
            self._file(seat.id, seat.version, who, choice)

    def _file(self, seat_id: int, version: int, who: int, decision: str, answers: dict[str, Any] | None = None) -> None:
        key = new_key()
        said = deciding(decision, key, answers)
        made = self._answer(self.trial.user(who), seat_id, version, said, now=self.now())
        ended = made.outcome if made.state != "running" else ""
        self.report(Act("answered", key, who, made.id, seat_id=seat_id, decision=decision, ended=ended))

    def _return(self, seat_id: int, version: int, who: int) -> None:
        key = new_key()
        back = deciding("return", key)
        made = commands.return_to(self.trial.user(who), seat_id, version, "UnitOpinion", back, now=self.now())
        self.report(Act("answered", key, who, made.id, seat_id=seat_id, decision="return"))

    def _withdraw(self, instance_id: int) -> None:
        made = commands.cancel(self.trial.user(self.trial.applicant), instance_id, now=self.now())
        self.report(Act("withdrawn", "", self.trial.applicant, made.id, ended="withdrawn"))


def walk(orders: Orders, reports: Connection) -> None:
    """One case from application to registration and its mail, single-threaded: the same points in every process."""
    app = start(orders)
    with app.app_context():
        load = Load(app, find_trial(), orders, reports, commands.answer)
        db.session.rollback()
        arm(orders.failpoint, orders.commits_only)
        instance_id = load.start("approval")
        for element in ("UnitOpinion", "PublicityDecision"):
            seat_id, version = load.trial.seat(instance_id, element)
            load._file(seat_id, version, load.trial.approvers[0], "approve")
        jobs.run_due(load.now())
        db.session.remove()
