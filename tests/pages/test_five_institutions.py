"""Every institution's five processes in a real browser: filed, decided, and in the register at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.scenarios.test_packs import NAMED
from tests.support.browsing import BrowserRun
from tests.support.live import serving
from webapp.extensions import db
from webapp.organization.queries import institution
from webapp.scenarios.documents import Expected, Scenario
from webapp.scenarios.errors import ScenarioFailed
from webapp.scenarios.expectations import differences

pytestmark = pytest.mark.browser
FIVE = ("new_account", "change_filing", "deregistration", "annual_review", "incident_escalation")
FIRST: dict[str, dict[str, Scenario]] = {}
for _code, _process, _scenario in NAMED:
    if _process in FIVE:
        FIRST.setdefault(_code, {}).setdefault(_process, _scenario)
# By the machine's clock the day of creation is long past.
OTHERS = {("sias", "new_account"): "filed_late"}
for _code, _process, _scenario in NAMED:
    if OTHERS.get((_code, _process)) == _scenario.key:
        FIRST[_code][_process] = _scenario
# Days are those of the scenario's own clock; here it is the machine's.
DATED = ("late", "last_day", "bulletins")


@pytest.mark.parametrize("process", FIVE)
@pytest.mark.parametrize("code", sorted(FIRST))
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_process_goes_from_its_form_to_the_register_in_a_browser(
    app: Flask, browser: Browser, code: str, process: str, tmp_path: Path
) -> None:
    found = institution(code)
    assert found is not None
    scenario = FIRST[code][process]
    said = scenario.expect.model_dump(exclude_unset=True)
    expect = Expected.model_validate({key: value for key, value in said.items() if key not in DATED})
    steps = tuple(step for step in scenario.steps if step.refused is None)
    timeless = scenario.model_copy(update={"expect": expect, "steps": steps})
    run = BrowserRun(found.id, process, timeless)
    run.app, run.browser, run.folder, run.contexts = app, browser, tmp_path, {}
    db.session.rollback()
    with serving(app) as run.address:
        try:
            run.run()
        except ScenarioFailed as error:
            pytest.fail(str(error))
        finally:
            for context in run.contexts.values():
                context.close()
    assert differences(run) == []
