"""The demo: every pack's invented people, and the scenarios its `demo.yaml` names as cases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from webapp.definitions.packs import pack_codes, read_files
from webapp.organization.passwords import hash_password
from webapp.organization.queries import institution
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.documents import GivenAccount, Scenario
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.given import register_given
from webapp.scenarios.people import add_people, demo_of
from webapp.scenarios.runs import ScenarioRun

DEMO_PASSWORD = "beian-demo"


def recent(scenario: Scenario, now: datetime) -> Scenario:
    """The scenario moved by whole weeks, so that it begins one to two weeks before `now` on the same weekday."""
    shift = timedelta(weeks=(now - scenario.at.astimezone(UTC)) // timedelta(weeks=1) - 1)
    steps = tuple(step.model_copy(update={"at": step.at + shift}) if step.at else step for step in scenario.steps)
    return scenario.model_copy(update={"at": scenario.at + shift, "steps": steps})


def make_demo(processes_dir: Path, forms_dir: Path, say: Callable[[str], None]) -> None:
    """Add the people of every deployed pack and run its demo cases.

    Raises ScenarioFailed when a demo case does not go as its scenario says.
    """
    password_hash = hash_password(DEMO_PASSWORD)
    for code in pack_codes(processes_dir):
        found = institution(code)
        if found is None:
            continue
        institution_id = found.id
        files = read_files(processes_dir, forms_dir, code)
        people = add_people(institution_id, files, password_hash=password_hash)
        cases = demo_of(files).get("cases", [])
        for entry in demo_of(files).get("accounts", []):
            register_given(institution_id, GivenAccount.model_validate(entry), datetime.now(UTC) - timedelta(days=200))
        named = {scenario.key: (doc.process, scenario) for doc in scenario_files(files) for scenario in doc.scenarios}
        for key in cases:
            if key not in named:
                raise ScenarioFailed(f"demo.yaml of {code} names a scenario that does not exist: {key}")
            process, scenario = named[key]
            ScenarioRun(institution_id, process, recent(scenario, datetime.now(UTC))).run()
        say(f"{code}: {people} people, {len(cases)} cases.")
