from __future__ import annotations

import pytest
from flask import Flask

from tests.tasks.office import Office, build_office


@pytest.fixture
def office(app: Flask) -> Office:
    """An institution with one process per construct, beside the packs' own."""
    return build_office()
