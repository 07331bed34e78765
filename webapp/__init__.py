"""Beian: the registry of a university's official new-media accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from webapp.config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application, wired. Raises ConfigurationError or PolicyError rather than start unsafely.

    Imports stand inside, so that `webapp.engine` and its like can be used without the web.
    """
    from webapp.factory import make_app

    return make_app(settings)
