from __future__ import annotations

import pytest
from flask import Flask

from tests.support.records_world import World, build_world


@pytest.fixture
def world(app: Flask) -> World:
    """A small school beside the packs' own."""
    return build_world()
