from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cases.built import case_once
from tests.support.records_world import World, build_world

__all__ = ["case_once"]


@pytest.fixture
def world(kept: Callable[[Callable[[], World]], World]) -> World:
    """A small school beside the packs' own."""
    return kept(build_world)
