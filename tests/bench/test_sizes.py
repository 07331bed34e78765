"""What is stored of a case stays small, however often it is sent back. `BEIAN_BENCH_ROUNDS=1000` runs the long form."""

from __future__ import annotations

import os

import pytest
from flask import Flask

from bench.databases import add_pack
from bench.rounds import SIZE_BAR, Rounds
from bench.workload import journey, started

ROUNDS = int(os.environ.get("BEIAN_BENCH_ROUNDS", "40"))


@pytest.fixture
def run(app: Flask) -> Rounds:
    add_pack("bench")
    return Rounds(app, journey("bench"))


def test_the_stored_state_of_w_never_exceeds_six_kilobytes_and_does_not_grow_with_rounds(
    app: Flask, run: Rounds
) -> None:
    (case,) = started(app, run.journey, 1)
    for _ in range(ROUNDS):
        run.correct(case)
    assert max(run.sizes[-2:]) <= max(run.sizes[:2])
    assert run.finish(case) == "approved"
    assert 0 < max(run.sizes) <= SIZE_BAR
