"""Starting: migrate, deploy the packs, make demo data, serve until told to stop."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import click
from flask import Flask
from flask_migrate import upgrade as alembic_upgrade
from sqlalchemy import select
from waitress.server import create_server

from webapp import create_app, jobs, workers
from webapp.config import ROOT, Settings
from webapp.definitions.commands import deploy
from webapp.definitions.packs import pack_codes, read_files
from webapp.engine.errors import DefinitionError, place
from webapp.extensions import db
from webapp.inbox.terms import write_missing_terms
from webapp.organization.models import User
from webapp.scenarios.demo import DEMO_PASSWORD, make_demo
from webapp.workflow.context import specs

Say = Callable[[str], None]


def serve(settings: Settings, *, reload: bool = False) -> None:
    """Bring everything up to date and serve; returns after Ctrl-C or SIGTERM, with running requests finished."""
    app = create_app(settings)
    say = click.echo
    with app.app_context():
        say("Bringing the database up to date.")
        upgrade(app)
        deploy_packs(settings, (), say)
        if settings.demo:
            load_demo(settings, say)
    if reload:
        _announce(app, settings, say)
        app.run(settings.host, settings.port, debug=True, use_reloader=True)
        return
    try:
        server = create_server(app, host=settings.host, port=settings.port, threads=settings.threads, ident=None)
    except OSError as error:
        raise click.ClickException(f"{settings.host}:{settings.port} cannot be used: {error}") from None
    # What was loaded to start with stays as long as the server does; looking through it again finds nothing.
    gc.collect()
    gc.freeze()
    embedded = _background(app, settings, say)
    _announce(app, settings, say)
    _stop_on_signals(server.close)
    try:
        server.run()
    except OSError as error:
        if not _stopping.is_set():
            raise click.ClickException(f"The server stopped: {error}") from error
    finally:
        if embedded is not None:
            embedded.stop()
        say("Stopped.")


def _background(app: Flask, settings: Settings, say: Say) -> jobs.Embedded | None:
    """On SQLite this process does the background work too; on PostgreSQL workers do."""
    if settings.jobs and settings.database_url.startswith("sqlite"):
        return jobs.Embedded(app)
    if settings.jobs:
        say("Deadlines and mail are the work of `beian worker`; at least one must run beside the servers.")
    return None


_stopping = threading.Event()


def _stop_on_signals(close: Callable[[], None]) -> None:
    def stop(signum: int, frame: FrameType | None) -> None:
        _stopping.set()
        close()
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def upgrade(app: Flask) -> None:
    """Bring the tables to this version (Alembic), quietly; on PostgreSQL the workers' queue too."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    with app.app_context():
        alembic_upgrade(directory=str(ROOT / "webapp" / "migrations"))
        write_missing_terms()
    workers.create_queue(app.extensions["settings"])


def deploy_packs(settings: Settings, codes: Sequence[str], say: Say) -> None:
    """Deploy every pack (or those named) that has changed. Ends the program with a list when a pack is faulty."""
    for code in codes or pack_codes(settings.processes_dir):
        try:
            done = deploy(read_files(settings.processes_dir, settings.forms_dir, code), specs(), actor=None)
        except DefinitionError as error:
            for finding in error.findings:
                say(f"{code}: {place(finding)}: {finding.sentence} / {finding.sentence_en}")
            sys.exit(f"The pack {code} was not deployed: {len(error.findings)} findings.")
        state = "deployed" if done.created else "unchanged"
        say(f"Pack {code} ({done.institution.name_zh}): {state}, {done.deployment.hash[:12]}.")


def load_demo(settings: Settings, say: Say) -> None:
    """Fill an empty database with demo people and cases."""
    # The persons in whose name the public reports come with the packs and are no people.
    if db.session.scalar(select(User.id).where(User.kind != "system").limit(1)) is not None:
        return
    say("Making demo people and cases.")
    make_demo(settings.processes_dir, settings.forms_dir, say)


def _announce(app: Flask, settings: Settings, say: Say) -> None:
    say("")
    say(f"备案 Beian serves http://{settings.host}:{settings.port}")
    if settings.demo:
        say("*** DEMO MODE: invented people, a public password. Never put real data in here. ***")
        say(f"Log in with any of these, password {DEMO_PASSWORD}:")
        with app.app_context():
            for user in db.session.scalars(select(User).where(User.demo).order_by(User.id)):
                unit = user.unit.name_zh if user.unit else ""
                say(f"  {user.username:<22} {user.name_zh}  {unit}")
    say("Ctrl-C stops it.")
    sys.stdout.flush()


def work(settings: Settings, *, once: bool = False) -> None:
    """Run background jobs until told to stop; see `webapp.workers`. `once` does what is due now, on any database."""
    app = create_app(settings)
    if once:
        with app.app_context():
            while jobs.run_due():
                pass
        return
    if not settings.database_url.startswith("postgresql"):
        raise click.ClickException("On SQLite the server runs the jobs itself; workers are for PostgreSQL.")
    workers.create_queue(settings)
    workers.run_worker(app)
