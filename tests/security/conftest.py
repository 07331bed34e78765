from __future__ import annotations

import pytest
from flask import Flask

from tests.security.places import Places, build


@pytest.fixture
def places(app: Flask) -> Places:
    """Something of everything in both institutions."""
    return build(app)
