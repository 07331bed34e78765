"""The opening of a campaign in a process of its own, which dies at its n-th point: at a statement or a commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

from tests.conftest import make_settings
from tests.faults.load import arm
from webapp import create_app
from webapp.campaigns.opening import open_due
from webapp.campaigns.planning import begin_due, plan_due
from webapp.extensions import db


@dataclass(frozen=True)
class OpeningOrders:
    """Which database, at which moment of the institution, and at which point to die (0: never)."""

    url: str
    var: str
    now: datetime
    failpoint: int
    commits_only: bool = False


def open_until_killed(orders: OpeningOrders, reports: Connection) -> None:
    """Plan, begin and open until nothing is due; says "through" when it got that far alive."""
    app = create_app(make_settings(orders.url, Path(orders.var)))
    with app.app_context():
        arm(orders.failpoint, orders.commits_only)
        while plan_due(orders.now) + begin_due(orders.now) + open_due(orders.now):
            pass
        db.session.remove()
    reports.send("through")
