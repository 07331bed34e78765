"""Random diagrams, walked at random with returns and timeouts, against an independent interpreter.

BEIAN_RANDOM_DIAGRAMS sets how many (300 unless told).
"""

import os
import random
from typing import Any

from tests.engine.reference import RandomProcess, Reference
from tests.engine.running import OPERATIONS, Case
from webapp.engine import build

DIAGRAMS = int(os.environ.get("BEIAN_RANDOM_DIAGRAMS", "300"))
RETURNS = 15


def _walk(seed: int) -> tuple[int, int, int]:
    """Walk one diagram to its end; returns the steps taken, how many were returns, and how many timeouts."""
    process = RandomProcess(seed)
    files = {f"{drawing.process_id}.bpmn": drawing.xml() for drawing in process.drawings()}
    case, expected = Case(build("test_process", files, OPERATIONS)), Reference(process.parts)
    rng = random.Random(seed)
    steps = returns = timeouts = 0
    while expected.open:
        assert set(case.open) == expected.open, (seed, steps)
        steps += 1
        timed = expected.part.timed and f"{expected.part.id}Instead" not in expected.open
        chance = rng.random()
        if chance < 0.3 and returns < RETURNS and (targets := expected.returnable()):
            target = rng.choice(targets)
            case.back(target, **expected.data)
            expected.restart(target)
            returns += 1
        elif chance < 0.4 and timed:
            case.fire(f"{expected.part.id}Late")
            expected.time_out()
            timeouts += 1
        else:
            task = rng.choice(sorted(expected.open))
            answer: dict[str, Any] = {"odd": rng.random() < 0.5, "step": steps}
            case.do(task, **answer)
            expected.complete(task, answer)
        _compare(case, expected, seed, steps)
    assert case.run.completed, seed
    return steps, returns, timeouts


def _compare(case: Case, expected: Reference, seed: int, step: int) -> None:
    assert [inputs["text"] for _, _, inputs in case.world.calls] == expected.calls, (seed, step)
    data = {name: value for name, value in case.run.data.items() if name != "case" and not name.endswith("Result")}
    assert _answered(data) == _answered(expected.data), (seed, step)


def _answered(data: dict[str, Any]) -> dict[str, Any]:
    """Without the call activities in which nothing was answered yet."""
    return {name: value for name, value in data.items() if value}


def test_random_diagrams_walk_as_the_reference_says() -> None:
    steps = returns = timeouts = 0
    for seed in range(DIAGRAMS):
        taken, sent_back, late = _walk(seed)
        steps, returns, timeouts = steps + taken, returns + sent_back, timeouts + late
    assert steps > 5 * DIAGRAMS
    assert returns > DIAGRAMS
    assert timeouts > 0
