"""The command line tool `beian`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from webapp.config import ConfigurationError, Settings


def _settings(**changes: Any) -> Settings:
    try:
        settings = Settings(**changes)
        settings.check()
    except (ConfigurationError, ValidationError) as error:
        raise click.ClickException(str(error)) from None
    return settings


def _app(**changes: Any) -> Any:
    from webapp import create_app

    return create_app(_settings(**changes))


@click.group(help="备案 Beian: the registry of a university's official new-media accounts.")
def main() -> None:
    """Entry point."""


@main.command(help="Migrate, deploy the packs, make demo data where asked, and serve.")
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
@click.option("--demo/--no-demo", default=None, help="demo mode: demo people and cases, never for real data")
@click.option("--reload", is_flag=True, help="start again when a file changes (for development)")
def run(host: str | None, port: int | None, demo: bool | None, reload: bool) -> None:
    from webapp import serving

    changes = {"host": host, "port": port, "demo": demo}
    settings = _settings(**{key: value for key, value in changes.items() if value is not None})
    serving.serve(settings, reload=reload)


@main.command(help="Run background jobs beside the servers (PostgreSQL); any number of workers may run.")
@click.option("--once", is_flag=True, help="do what is due now and stop")
def worker(once: bool) -> None:
    from webapp import serving

    serving.work(_settings(), once=once)


@main.group(help="The database's tables.")
def db() -> None: ...


@db.command(help="Bring the tables to this version.")
def upgrade() -> None:
    from webapp import serving

    serving.upgrade(_app())


@main.group(help="Packs: an institution's diagrams, tables, forms and regulation.")
def packs() -> None: ...


@packs.command(help="Lint every pack and run every scenario.")
@click.argument("codes", nargs=-1)
@click.option("--lint-only", is_flag=True, help="do not run scenarios")
def check(codes: tuple[str, ...], lint_only: bool) -> None:
    from webapp.scenarios.checking import check_packs

    settings = Settings()
    failures = check_packs(settings.processes_dir, settings.forms_dir, codes, click.echo, lint_only=lint_only)
    sys.exit(1 if failures else 0)


@packs.command(help="Say which part of a pack carries out each clause, and which scenario shows it.")
@click.argument("codes", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="as a JSON list, one entry for each clause")
def coverage(codes: tuple[str, ...], as_json: bool) -> None:
    import services  # noqa: F401 - diagrams name its operations
    from webapp.coverage.printing import print_coverage
    from webapp.workflow.context import specs

    settings = Settings()
    folders = settings.processes_dir, settings.forms_dir
    sys.exit(1 if print_coverage(*folders, codes, specs(), click.echo, as_json=as_json) else 0)


@packs.command(help="Make an immutable deployment of every pack (or of those named).")
@click.argument("codes", nargs=-1)
def deploy(codes: tuple[str, ...]) -> None:
    from webapp import serving

    app = _app()
    with app.app_context():
        serving.deploy_packs(app.extensions["settings"], codes, click.echo)


@main.group(help="The tamper-evident ledger.")
def ledger() -> None: ...


@contextmanager
def _sentences() -> Iterator[None]:
    """An expected failure ends the command with its sentence, not with a traceback."""
    from webapp.ledger import LedgerError

    try:
        yield
    except LedgerError as error:
        raise click.ClickException(str(error)) from None


@ledger.command(help="Verify the whole log, and that the register is what the log says.")
@click.argument("code", required=False)
def verify(code: str | None) -> None:
    from webapp.ledger.reports import verify_all

    with _app().app_context(), _sentences():
        sys.exit(0 if verify_all(code, click.echo) else 1)


@ledger.command(help="Write one file an auditor can check offline with webapp/ledger/verifier.py.")
@click.argument("code")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def export(code: str, target: Path) -> None:
    from webapp.ledger.reports import export_to

    app = _app()
    with app.app_context(), _sentences():
        export_to(code, target, app.extensions["settings"].ledger_key_file, click.echo)


@ledger.command(help="Sign the present state of every log; prints each checkpoint, to be kept elsewhere.")
def checkpoint() -> None:
    from webapp.ledger.reports import checkpoint_all

    app = _app()
    with app.app_context(), _sentences():
        checkpoint_all(app.extensions["settings"].ledger_key_file, click.echo)


@main.command(help="Fill an empty database with demo people and cases (demo mode only).")
def demo() -> None:
    from webapp import serving

    app = _app(demo=True)
    with app.app_context():
        serving.load_demo(app.extensions["settings"], click.echo)


if __name__ == "__main__":
    main()
