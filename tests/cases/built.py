"""Cases that many tests begin with: each scenario is run once per worker and database, and restored for each test."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Protocol

import pytest

from tests.support.desk import case_of


class CaseOnce(Protocol):
    def __call__(self, code: str, key: str) -> int: ...


@cache
def _building(code: str, key: str) -> Callable[[], int]:
    return partial(case_of, code, key)  # the same one every time, which is how `kept` knows it


@pytest.fixture
def case_once(kept: Callable[[Callable[[], int]], int]) -> CaseOnce:
    """`case_of`, once; what a test did to its database before is undone, so that this comes first."""
    return lambda code, key: kept(_building(code, key))
