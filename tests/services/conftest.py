from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.records_world import World, build_world


@pytest.fixture
def world(kept: Callable[[Callable[[], World]], World]) -> World:
    """A small school beside the packs' own."""
    return kept(build_world)
