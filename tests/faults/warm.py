"""Imported once by the fork server: one case in a throw-away database, so that every load starts with warm caches."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.conftest import make_settings
from tests.support.trial import build_trial
from webapp import create_app
from webapp.extensions import db


def _warm() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(make_settings(f"sqlite:///{folder}/warm.sqlite", Path(folder)))
        with app.app_context():
            db.create_all()
            trial = build_trial()
            instance_id = trial.start()
            trial.decide(instance_id, "UnitOpinion")
            trial.decide(instance_id, "PublicityDecision")
            for process in ("opinions", "automatic"):
                trial.start(process)
            db.session.remove()
            db.engine.dispose()


_warm()
