"""`beian packs check`: lint every pack, then run every scenario, each in a fresh copy of one prepared database."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from webapp import create_app
from webapp.config import Settings
from webapp.definitions.checks import check_pack
from webapp.definitions.commands import deploy
from webapp.definitions.packs import pack_codes, read_files
from webapp.engine.errors import DefinitionError, place
from webapp.extensions import db
from webapp.organization.queries import institution
from webapp.scenarios.documents import Scenario, ScenarioFile, parse_scenarios
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.expectations import differences
from webapp.scenarios.people import add_people
from webapp.scenarios.runs import ScenarioRun
from webapp.workflow.context import specs

Say = Callable[[str], None]


def check_packs(
    processes_dir: Path, forms_dir: Path, codes: Sequence[str], say: Say, *, lint_only: bool = False
) -> int:
    """Check the packs named (default all); returns how many findings and failures there were."""
    failures = 0
    with scratch_app(processes_dir, forms_dir) as (app, database):
        for code in codes or pack_codes(processes_dir):
            findings = _lint(processes_dir, forms_dir, code, say)
            failures += findings
            if not findings and not lint_only:
                with app.app_context():
                    failures += _run_all(app, database, processes_dir, forms_dir, code, say)
    return failures


@contextmanager
def scratch_app(processes_dir: Path, forms_dir: Path) -> Iterator[tuple[Flask, Path]]:
    """An application over an empty SQLite database that vanishes afterwards."""
    with tempfile.TemporaryDirectory(prefix="beian-check-") as folder:
        database = Path(folder) / "check.sqlite"
        settings = Settings(
            database_url=f"sqlite:///{database}",
            demo=True,
            var_dir=Path(folder),
            processes_dir=processes_dir,
            forms_dir=forms_dir,
        )
        app = create_app(settings)
        with app.app_context():
            event.listen(db.engine, "connect", _in_haste)
            db.create_all()
            yield app, database
            db.session.remove()
            db.engine.dispose()


def _in_haste(connection: Any, _record: object) -> None:
    """Nothing of a scratch database has to outlive the machine."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=OFF")
    cursor.close()


def _lint(processes_dir: Path, forms_dir: Path, code: str, say: Say) -> int:
    try:
        findings = check_pack(read_files(processes_dir, forms_dir, code), specs())
    except DefinitionError as error:
        findings = list(error.findings)
    for finding in findings:
        say(f"{code}: {place(finding)}: {finding.sentence} / {finding.sentence_en}")
    return len(findings)


def scenario_files(files: dict[str, bytes]) -> list[ScenarioFile]:
    """The scenario files of a pack, in order of their paths."""
    return [parse_scenarios(files[path], path) for path in sorted(files) if path.startswith("scenarios/")]


def _run_all(app: Flask, database: Path, processes_dir: Path, forms_dir: Path, code: str, say: Say) -> int:
    files = read_files(processes_dir, forms_dir, code)
    deploy(files, specs(), actor=None, note="check")
    found = institution(code)
    assert found is not None
    institution_id = found.id
    add_people(institution_id, files, password_hash="")
    db.session.remove()
    db.engine.dispose()
    prepared = database.with_suffix(".prepared")
    shutil.copy(database, prepared)
    failures = 0
    for document in scenario_files(files):
        for scenario in document.scenarios:
            problems = run_scenario(institution_id, document.process, scenario)
            failures += bool(problems)
            say(f"{'FAIL' if problems else 'pass'}  {code} {document.process} {scenario.key}: {scenario.title_zh}")
            for problem in problems:
                say(f"      {problem}")
            db.session.remove()
            db.engine.dispose()
            shutil.copy(prepared, database)
    return failures


def run_scenario(institution_id: int, process: str, scenario: Scenario) -> list[str]:
    """Run one scenario; returns what went otherwise than it says."""
    run = ScenarioRun(institution_id, process, scenario)
    try:
        run.run()
    except ScenarioFailed as error:
        return [str(error)]
    return differences(run)
