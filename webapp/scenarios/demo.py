"""The demo: every pack's invented people, and the scenarios its `demo.yaml` names as cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

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
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")
_YEAR = timedelta(days=366)


def recent(scenario: Scenario, now: datetime) -> Scenario:
    """The scenario moved by whole weeks, so that it begins one to two weeks before `now` on the same weekday.

    The days written in it that lie within a year of its beginning (answers, given accounts, updates) move with it, so
    that what was in time stays in time; history stays where it is.
    """
    begins = scenario.at.astimezone(UTC)
    shift = timedelta(weeks=(now - begins) // timedelta(weeks=1) - 1)
    return Scenario.model_validate(_moved(scenario.model_dump(), shift, begins.date()))


def _moved(value: Any, shift: timedelta, begins: date) -> Any:
    """The value with every day in it moved, a text that is a day and nothing else among them."""
    if isinstance(value, dict):
        return {key: _moved(entry, shift, begins) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_moved(entry, shift, begins) for entry in value]
    if isinstance(value, datetime):
        return value + shift
    if isinstance(value, date):
        return value + shift if abs(value - begins) < _YEAR else value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return _moved(date.fromisoformat(value), shift, begins).isoformat()
    return value


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
        written = [(doc.process, scenario) for doc in scenario_files(files) for scenario in doc.scenarios]
        named = {scenario.key: (process, scenario) for process, scenario in written}
        named |= {f"{process}/{scenario.key}": (process, scenario) for process, scenario in written}
        for key in cases:
            if key not in named:
                raise ScenarioFailed(f"demo.yaml of {code} names a scenario that does not exist: {key}")
            process, scenario = named[key]
            ScenarioRun(institution_id, process, recent(scenario, datetime.now(UTC))).run()
        say(f"{code}: {people} people, {len(cases)} cases.")
