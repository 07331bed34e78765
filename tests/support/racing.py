"""Starting several acts at once, each in a thread, session and connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from flask import Flask

from webapp.extensions import db

JOIN_SECONDS = 60


def together(app: Flask, acts: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all acts from one barrier; what each returned or raised, in their order."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        with app.app_context():
            barrier.wait(JOIN_SECONDS)
            try:
                results[place] = act()
            except Exception as error:  # noqa: BLE001 - handed to the test, which looks at every one
                results[place] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(JOIN_SECONDS)
    assert not any(thread.is_alive() for thread in threads), "an act hangs"
    return results
