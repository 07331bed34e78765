"""Printing and spreadsheets in a real browser, on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser

from tests.documents.samples import GOOD, TITLES, workbook
from tests.documents.test_pages import sheet_pack
from tests.documents.test_register import FIRST, SECOND, pack_of, row
from tests.support.desk import case_of
from tests.support.live import log_in, serving
from tests.support.page_checks import problems
from webapp.definitions.commands import deploy
from webapp.documents.columns import register_sheet
from webapp.documents.template import workbook_of_cells
from webapp.extensions import db
from webapp.organization.models import User
from webapp.workflow.context import specs

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("backend", ["sqlite"])]
SIZES = pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)], ids=["desk", "phone"])


def finished_case() -> int:
    return case_of("wzpt", "straight_way")


@SIZES
def test_the_menu_of_official_forms_opens_and_downloads(
    app: Flask, browser: Browser, kept: Callable[[Callable[[], int]], int], width: int, height: int
) -> None:
    case_id = kept(finished_case)
    with serving(app):
        page = log_in(browser, "wzpt.zhang", width=width, height=height)
        page.goto(f"/cases/{case_id}")
        page.click(".bn-menu > summary")
        assert problems(page) == []
        with page.expect_download() as waiting:
            page.click(".bn-menu a >> text=PDF")
        assert waiting.value.suggested_filename.startswith("温州职业技术学院互联网平台审批登记表")


@SIZES
def test_a_sheet_is_judged_as_soon_as_it_is_chosen(
    app: Flask, browser: Browser, tmp_path: Path, width: int, height: int
) -> None:
    deploy(sheet_pack(), specs(), actor=None, note="sheet")
    db.session.rollback()
    bad, good = tmp_path / "bad.xlsx", tmp_path / "good.xlsx"
    bad.write_bytes(workbook([TITLES, GOOD, ["", "☑微视", "", "x", "y", "z"]]))
    good.write_bytes(workbook([TITLES, GOOD, [*GOOD[:2], "二号群", *GOOD[3:]]]))
    with serving(app):
        page = log_in(browser, "wzpt.zhang", width=width, height=height)
        page.goto("/start/new_account")
        page.set_input_files('input[name="filing_table-new"]', str(bad))
        page.wait_for_selector("text=一行也没有收下")
        assert problems(page) == []
        page.set_input_files('input[name="filing_table-new"]', str(good))
        page.wait_for_selector("td >> text=二号群")
        assert problems(page) == []
        assert page.query_selector("text=一行也没有收下") is None


@SIZES
def test_the_register_is_filled_from_a_sheet(
    app: Flask, browser: Browser, person: Callable[[str], User], tmp_path: Path, width: int, height: int
) -> None:
    sheet = register_sheet(pack_of(person("wzpt.sun")))
    file = tmp_path / "register.xlsx"
    file.write_bytes(workbook_of_cells(sheet, [row(sheet, **FIRST), row(sheet, **SECOND), row(sheet, **FIRST)]))
    db.session.rollback()
    with serving(app):
        page = log_in(browser, "wzpt.sun", width=width, height=height)
        page.goto("/registry")
        page.click('main a[href$="/registry/import"]')
        page.set_input_files("#file", str(file))
        page.click("main button[type=submit]")
        page.wait_for_selector("#confirm")
        assert problems(page) == []
        page.check("#skip")
        page.click('button[name="confirm"]')
        page.wait_for_url("**/registry")
        assert page.query_selector("text=已登记 2 个账号") is not None
        assert problems(page) == []
