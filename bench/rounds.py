"""A case sent back again and again: what a return costs, and how large the stored state is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

from flask import Flask
from sqlalchemy import func, select

from bench.databases import Bench
from bench.measure import Figure, compared
from bench.workload import Journey, answer, journey, place_of, started, user
from webapp.extensions import db
from webapp.workflow import commands
from webapp.workflow.models import ProcessInstance

BAR, SIZE_BAR = 1.1, 6 * 1024
EACH = 10  # late corrections timed of each old case
REASON = "请补充说明定位与受众"


@dataclass
class Rounds:
    """A journey whose first approver asks for corrections. `sizes`: bytes stored after each act."""

    app: Flask
    journey: Journey
    sizes: list[int] = field(default_factory=list)

    def correct(self, instance_id: int) -> float:
        """One round: sent back for correction, filed again. Returns the seconds the sending back took."""
        with self.app.app_context():
            approval = self.journey.approvals[0]
            place, person = place_of(instance_id), user(approval.user_id)
            wanted = replace(approval.submission, decision="request_correction", opinion=REASON)
            begun = time.perf_counter()
            commands.answer(person, place.seat_id, place.version, wanted)
            spent = time.perf_counter() - begun
        self._weigh(instance_id)
        with self.app.app_context():
            place = place_of(instance_id)
            commands.answer(user(self.journey.applicant_id), place.seat_id, place.version, self.journey.application)
        self._weigh(instance_id)
        return spent

    def finish(self, instance_id: int) -> str | None:
        """Let every approver agree; returns the case's outcome."""
        for approval in self.journey.approvals:
            with self.app.app_context():
                answer(approval, instance_id)
            self._weigh(instance_id)
        with self.app.app_context():
            return db.session.scalar(select(ProcessInstance.outcome).where(ProcessInstance.id == instance_id))

    def _weigh(self, instance_id: int) -> None:
        size = select(func.length(ProcessInstance.state_blob)).where(ProcessInstance.id == instance_id)
        with self.app.app_context():
            self.sizes.append(db.session.scalar(size) or 0)


def measure(bench: Bench, cases: int, rounds: int, many: int) -> list[Figure]:
    """Corrections from number `rounds` on, of `cases` cases, against as many first ones; a case with `many` rounds."""
    with bench.app.app_context():
        made = journey("bench")
    first, last = _first_and_last(bench.app, made, cases, rounds)
    ratio, details = compared(last, first)
    figures = [Figure(f"correction {rounds} and on against the first", bench.kind, ratio, BAR, details=details)]
    run = Rounds(bench.app, made)
    (patient,) = started(bench.app, made, 1)
    for _ in range(many):
        run.correct(patient)
    early, late = run.sizes[:4], run.sizes[-4:]
    outcome = run.finish(patient)
    details = {"rounds": many, "outcome": outcome, "first_bytes": early, "last_bytes": late}
    figures.append(Figure("largest stored state of W", bench.kind, max(run.sizes), SIZE_BAR, "bytes", details))
    growth = max(late) - max(early)
    figures.append(Figure(f"growth of the stored state over {many} rounds", bench.kind, growth, 0, "bytes"))
    figures.append(
        Figure(f"cases not finished after {many} rounds", bench.kind, int(outcome != "approved"), 0, "cases")
    )
    return figures


def _first_and_last(app: Flask, made: Journey, cases: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds of first corrections and of late ones, in turn, so that a slow minute strikes both."""
    run = Rounds(app, made)
    old = started(app, made, cases)
    for instance_id in old:
        for _ in range(rounds - 1):
            run.correct(instance_id)
    first: list[float] = []
    last: list[float] = []
    aged = [instance_id for instance_id in old for _ in range(EACH)]
    for number, (fresh, worn) in enumerate(zip(started(app, made, len(aged)), aged, strict=True)):
        if number % 2:
            first.append(run.correct(fresh))
            last.append(run.correct(worn))
        else:
            last.append(run.correct(worn))
            first.append(run.correct(fresh))
    return first, last
