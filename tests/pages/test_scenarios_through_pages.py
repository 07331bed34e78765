"""Every scenario of every pack once more, through the pages a person uses.

The commands are tested with all of them on both databases (tests/scenarios); here the databases take turns.
"""

from __future__ import annotations

import pytest
from flask import Flask

from tests.conftest import BACKENDS
from tests.scenarios.test_packs import NAMED
from tests.support.pages import PageRun
from webapp.organization.queries import institution
from webapp.scenarios.documents import Scenario
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.expectations import differences

TURNS = [
    pytest.param(BACKENDS[number % len(BACKENDS)], *named, id=f"{named[0]}-{named[1]}-{named[2].key}")
    for number, named in enumerate(NAMED)
]


@pytest.mark.parametrize(("backend", "code", "process", "scenario"), TURNS, indirect=["backend"])
def test_a_scenario_goes_the_same_way_through_the_pages(
    app: Flask, code: str, process: str, scenario: Scenario
) -> None:
    found = institution(code)
    assert found is not None
    run = PageRun(found.id, process, scenario)
    run.app, run.visitors = app, {}
    try:
        run.run()
    except ScenarioFailed as error:
        pytest.fail(str(error))
    assert differences(run) == []
