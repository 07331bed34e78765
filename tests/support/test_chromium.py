"""Finding the browser of the tests."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support import chromium
from tests.support.chromium import BrowserMissing, find_browser


def _program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_named_program_comes_first(tmp_path: Path) -> None:
    named = _program(tmp_path / "own", "my-browser")
    _program(tmp_path / "bin", "chromium")
    assert find_browser({"CHROMIUM": str(named), "PATH": str(tmp_path / "bin")}) == named


def test_a_named_program_that_is_not_there_is_an_error_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrowserMissing, match="is not a program"):
        find_browser({"CHROMIUM": str(tmp_path / "gone")})


def test_the_path_comes_before_playwrights_own(tmp_path: Path) -> None:
    installed = _program(tmp_path / "bin", "google-chrome")
    own = _program(tmp_path / "cache", "chrome")
    assert find_browser({"PATH": str(tmp_path / "bin")}, own) == installed
    assert find_browser({"PATH": str(tmp_path / "empty")}, own) == own


def test_no_browser_anywhere_is_none(tmp_path: Path) -> None:
    assert find_browser({"PATH": str(tmp_path)}, tmp_path / "gone") is None


def test_where_nothing_can_be_installed_the_sentence_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    monkeypatch.setattr(chromium.os, "getuid", lambda: 1000)
    with pytest.raises(BrowserMissing, match="apt-get install chromium fonts-noto-cjk"):
        chromium.ensure_browser()


@pytest.mark.browser
def test_the_browser_draws_a_page(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<h1>备案</h1>")
    assert page.inner_text("h1") == "备案"
    page.close()
