"""The one error of this package."""

from __future__ import annotations


class ScenarioFailed(Exception):
    """What a scenario expected did not happen; the message says what did."""
