"""The drill school on a fresh database."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.campaigns.school import School, build_school


@pytest.fixture
def school(app: Flask) -> School:
    return build_school()
