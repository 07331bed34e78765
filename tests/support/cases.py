"""Cases for tests: a pack's scenario, run whole or up to one of its steps."""

from __future__ import annotations

from webapp.config import ROOT
from webapp.definitions.packs import read_files
from webapp.organization.queries import institution
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.runs import ScenarioRun


def run_case(code: str, key: str, *, steps: int | None = None, process: str = "new_account") -> ScenarioRun:
    """Run the scenario `key` of the pack `code`; only its first `steps` steps when given."""
    files = read_files(ROOT / "processes", ROOT / "forms", code)
    scenario = next(
        scenario
        for document in scenario_files(files)
        if document.process == process
        for scenario in document.scenarios
        if scenario.key == key
    )
    if steps is not None:
        scenario = scenario.model_copy(update={"steps": scenario.steps[:steps]})
    found = institution(code)
    assert found is not None, code
    run = ScenarioRun(found.id, process, scenario)
    run.run()
    return run
