"""郑州理工's own sample table: its three accounts, from application to register, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser
from sqlalchemy import select

from tests.support.browsing import go_through
from webapp.config import ROOT
from webapp.definitions.packs import read_files
from webapp.extensions import db
from webapp.registry.models import Account
from webapp.scenarios.checking import scenario_files
from webapp.scenarios.documents import Scenario

pytestmark = pytest.mark.browser
FILES = read_files(ROOT / "processes", ROOT / "forms", "zzlg")
SAMPLES = {
    scenario.key: scenario
    for document in scenario_files(FILES)
    for scenario in document.scenarios
    if scenario.key.startswith("sample_")
}


@pytest.mark.parametrize("scenario", [pytest.param(value, id=key) for key, value in SAMPLES.items()])
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_sample_account_goes_from_application_to_register(
    app: Flask, browser: Browser, scenario: Scenario, tmp_path: Path
) -> None:
    run = go_through(app, browser, "zzlg", "new_account", scenario, tmp_path)
    expected = scenario.expect.account
    assert expected is not None
    account = db.session.scalars(
        select(Account).where(Account.institution_id == run.institution_id, Account.platform == expected["platform"])
    ).one()
    assert (account.name, account.followers) == (expected["name"], scenario.steps[0].answers.get("followers"))
    assert account.filing_number
