from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cases.built import case_once
from tests.support.batchable import build_batchable
from tests.support.changing import Changing
from tests.support.web import PASSWORD
from tests.tasks.bureau import Bureau, build_bureau
from webapp.organization.passwords import hash_password

__all__ = ["case_once"]


def _build_batchable() -> Changing:
    return build_batchable(hash_password(PASSWORD))


def _build_bureau() -> Bureau:
    return build_bureau(hash_password(PASSWORD))


@pytest.fixture
def batchable(kept: Callable[[Callable[[], Changing]], Changing]) -> Changing:
    """The small institution whose first step may be approved in batches; its people can log in."""
    return kept(_build_batchable)


@pytest.fixture
def bureau(kept: Callable[[Callable[[], Bureau]], Bureau]) -> Bureau:
    """The institution of `tests.tasks.bureau`; its people can log in."""
    return kept(_build_bureau)
