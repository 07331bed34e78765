"""Every institution's five processes in a real browser: filed, decided, and in the register at the end."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.scenarios.test_packs import NAMED
from tests.support.browsing import go_through
from webapp.scenarios.documents import Scenario

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


@pytest.mark.parametrize("process", FIVE)
@pytest.mark.parametrize("code", sorted(FIRST))
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_process_goes_from_its_form_to_the_register_in_a_browser(
    app: Flask, browser: Browser, code: str, process: str, tmp_path: Path
) -> None:
    go_through(app, browser, code, process, FIRST[code][process], tmp_path)
