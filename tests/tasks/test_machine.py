"""Whatever people do with tasks, in whatever order: nothing is decided twice or wrongly, and nothing gets stuck."""

from __future__ import annotations

import os

from flask import Flask
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.tasks.bureau import build_bureau
from tests.tasks.desk import Desk, verify
from tests.tasks.machine import STEPS, Office
from webapp.extensions import db

# Of both databases together, most on the quicker one; `make soak` asks for more, and for others each time.
SHARES = {"sqlite": 0.7, "postgresql": 0.3}
SEQUENCES = int(os.environ.get("BEIAN_MACHINE_SEQUENCES", "200"))
ALWAYS_THE_SAME = "BEIAN_MACHINE_SEQUENCES" not in os.environ
# What must have been done at least once for the sequences to say anything.
KINDS = (
    "answer approve", "answer reject", "answer request_correction", "answer submit", "answer agree", "answer object",
    "return", "take back", "claim", "unclaim", "claim for", "transfer", "delegate", "add before", "add after", "recall",
    "appoint", "revoke", "batch row", "reassign", "release", "suspend", "resume", "terminate", "withdraw", "wait",
    "comment", "ask", "copy", "urge",
)  # fmt: skip
SEEDS = {"sqlite": 1, "postgresql": 2}


def test_no_sequence_of_acts_decides_wrongly_or_leaves_a_task_to_nobody(app: Flask, backend: str) -> None:
    Desk.app, Desk.bureau, Desk.sequences = app, build_bureau(), 0
    Desk.done.clear()
    Desk.refused.clear()
    db.session.remove()
    chosen = settings(
        max_examples=round(SEQUENCES * SHARES[backend]),
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        derandomize=ALWAYS_THE_SAME,
        database=None,
        phases=[Phase.generate],  # a machine over a database shrinks for minutes
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(SEEDS[backend])(Office) if ALWAYS_THE_SAME else Office, settings=chosen)
    verify(app, Desk.bureau)
    print(Desk.sequences, Desk.done, Desk.refused)
    seldom = {name for name in KINDS if Desk.done[name] == 0}
    assert not seldom, f"the machine never came to {sorted(seldom)}"
    assert sum(Desk.refused.values()) > Desk.sequences
