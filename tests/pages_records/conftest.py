from __future__ import annotations

from tests.cases.built import case_once

__all__ = ["case_once"]
