from __future__ import annotations

import pytest
from flask import Flask

from tests.support.trial import Trial, build_trial


@pytest.fixture
def trial(app: Flask) -> Trial:
    """A small institution with timers and an opinion block, beside the packs' own."""
    return build_trial()
