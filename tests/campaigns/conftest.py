"""The drill school, as it was built once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.campaigns.school import School, build_school


@pytest.fixture
def school(kept: Callable[[Callable[[], School]], School]) -> School:
    return kept(build_school)
