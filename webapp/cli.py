"""The command line tool `beian`."""

from __future__ import annotations

import sys
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


@packs.command(help="Make an immutable deployment of every pack (or of those named).")
@click.argument("codes", nargs=-1)
def deploy(codes: tuple[str, ...]) -> None:
    from webapp import serving

    app = _app()
    with app.app_context():
        serving.deploy_packs(app.extensions["settings"], codes, click.echo)


@main.group(help="The tamper-evident ledger.")
def ledger() -> None: ...


def _institutions(code: str | None) -> list[Any]:
    from sqlalchemy import select

    from webapp.extensions import db
    from webapp.organization.models import Institution

    statement = select(Institution).order_by(Institution.code)
    found = list(db.session.scalars(statement.where(Institution.code == code) if code else statement))
    if not found:
        raise click.ClickException(f"There is no institution {code}." if code else "There is no institution yet.")
    return found


@ledger.command(help="Verify the whole log, and that the register is what the log says.")
@click.argument("code", required=False)
def verify(code: str | None) -> None:
    from webapp.extensions import db
    from webapp.ledger import verify as verify_log

    with _app().app_context():
        reports = [(row, verify_log(db.session(), row.id)) for row in _institutions(code)]
        for institution, report in reports:
            state = "sound" if report.ok else f"{report.found} problems"
            click.echo(f"{institution.code}: {report.events} events, root {report.root[:16]}, {state}.")
            for problem in report.problems:
                click.echo(f"  {problem.sentence} / {problem.sentence_en}")
        sys.exit(0 if all(report.ok for _, report in reports) else 1)


@ledger.command(help="Write one file an auditor can check offline with webapp/ledger/verifier.py.")
@click.argument("code")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def export(code: str, target: Path) -> None:
    from webapp.extensions import db
    from webapp.ledger import export as export_log

    with _app().app_context(), target.open("wb") as file:
        (institution,) = _institutions(code)
        events = export_log(db.session(), institution.id, file, institution=institution.name_zh)
        click.echo(f"{target}: {events} events of {institution.name_zh}. Check it with: python verifier.py {target.name}")


@ledger.command(help="Sign the present state of every log; prints each checkpoint, to be kept elsewhere.")
def checkpoint() -> None:
    import json
    from datetime import UTC, datetime

    from webapp import jobs

    app = _app()
    with app.app_context():
        for institution in _institutions(None):
            made = jobs.sign(institution.id, app.extensions["settings"].ledger_key_file, datetime.now(UTC))
            text = json.dumps(made.as_json(), ensure_ascii=False) if made else "nothing new since the last checkpoint"
            click.echo(f"{institution.code}: {text}")


@main.command(help="Fill an empty database with demo people and cases (demo mode only).")
def demo() -> None:
    from webapp import serving

    app = _app(demo=True)
    with app.app_context():
        serving.load_demo(app.extensions["settings"], click.echo)


if __name__ == "__main__":
    main()
