"""Timing two sides in turn, and what a figure is."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

Act = Callable[[], object]
# Entering makes ready and gives what is timed; leaving cleans up. Neither is timed.
Side = Callable[[], AbstractContextManager[Act]]


@dataclass(frozen=True)
class Figure:
    """One measured number against its bar (at most); `unit` is "x" for a ratio."""

    name: str
    database: str
    value: float
    bar: float
    unit: str = "x"
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.value <= self.bar

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "met": self.met}

    def line(self) -> str:
        mark = "met " if self.met else "MISS"
        return f"{mark}  {self.value:9.2f} {self.unit:6} of {self.bar:<8g} {self.database:10}  {self.name}"


def timed(side: Side) -> float:
    """Seconds the act of one side takes."""
    with side() as act:
        begun = time.perf_counter()
        act()
        return time.perf_counter() - begun


def alternate(pairs: Sequence[tuple[Side, Side]]) -> tuple[list[float], list[float]]:
    """Time both sides of every pair, now one first, now the other, so that a slow minute strikes both."""
    left: list[float] = []
    right: list[float] = []
    gc.collect()
    gc.freeze()  # as the server does when it has started
    for number, (one, other) in enumerate(pairs):
        if number % 2:
            left.append(timed(one))
            right.append(timed(other))
        else:
            right.append(timed(other))
            left.append(timed(one))
    return left, right


def compared(left: Sequence[float], right: Sequence[float]) -> tuple[float, dict[str, Any]]:
    """The median of the ratios pair by pair: the two of a pair ran one after the other, so what slowed one slowed
    both. With it the medians of both sides in ms, their ratio, and the middle half of the pairs' ratios."""
    low, ratio, high = statistics.quantiles([a / b for a, b in zip(left, right, strict=True)], n=4)
    details = {
        "ratio_of_medians": round(statistics.median(left) / statistics.median(right), 3),
        "pairs": len(left),
        "product_ms": round(statistics.median(left) * 1000, 3),
        "reference_ms": round(statistics.median(right) * 1000, 3),
        "pair_ratios_middle_half": [round(low, 3), round(high, 3)],
    }
    return ratio, details
