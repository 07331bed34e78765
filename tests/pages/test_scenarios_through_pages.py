"""Scenarios of every pack once more, through the pages a person uses.

All of them run through the commands on both databases (tests/scenarios). Through the pages each takes seconds, so
here go every branch of wzpt's new accounts and the second scenario, where the clauses bite, of every process that no
real browser goes through (test_five_institutions). The databases take turns. What no person does on a page (a campaign
that opens, a silence that is noticed) goes as it does there.
"""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask

from tests.conftest import BACKENDS
from tests.pages.test_five_institutions import FIVE
from tests.scenarios.test_packs import NAMED
from tests.support.pages import PageRun
from webapp.organization.queries import institution
from webapp.scenarios.documents import Scenario
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.expectations import differences


def _sample() -> list[tuple[str, str, Scenario]]:
    """Every branch of wzpt's new accounts; of every process beside the five its second scenario, or its only one."""
    every = [named for named in NAMED if named[:2] == ("wzpt", "new_account")]
    second: dict[tuple[str, str], tuple[str, str, Scenario]] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for code, process, scenario in NAMED:
        if process not in FIVE and seen[code, process] < 2:
            second[code, process] = (code, process, scenario)
        seen[code, process] += 1
    return every + list(second.values())


TURNS = [
    pytest.param(BACKENDS[number % len(BACKENDS)], *named, id=f"{named[0]}-{named[1]}-{named[2].key}")
    for number, named in enumerate(_sample())
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
