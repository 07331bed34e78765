"""The shared fixtures, here too so that these tests run alone."""

from tests.support.chromium import browser
from tests.support.postgres import postgres

__all__ = ["browser", "postgres"]
