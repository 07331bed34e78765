from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.trial import Trial, build_trial


@pytest.fixture
def trial(kept: Callable[[Callable[[], Trial]], Trial]) -> Trial:
    """A small institution with timers and an opinion block, beside the packs' own."""
    return kept(build_trial)
