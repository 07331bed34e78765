"""The browser of the tests: $CHROMIUM, one on the PATH, Playwright's own, or Debian's package.

`python -m tests.support.chromium` finds it, installs it where it can, and else says what to do.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-noto-cjk")
# As root Chromium refuses its sandbox; without the other flags it calls outside at every start.
FLAGS = (
    "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-dev-shm-usage",
)  # fmt: skip


class BrowserMissing(RuntimeError):
    """There is no Chromium; the message says how to get one."""


def find_browser(environ: dict[str, str] | None = None, own: Path | None = None) -> Path | None:
    """The Chromium to use, or None. A $CHROMIUM that is not a program raises BrowserMissing.

    `own` is where Playwright keeps its own browser; it is asked for when not given.
    """
    variables = os.environ if environ is None else environ
    named = variables.get("CHROMIUM")
    if named:
        if not os.access(named, os.X_OK):
            raise BrowserMissing(f"CHROMIUM names {named}, which is not a program. Correct or unset it.")
        return Path(named)
    for name in NAMES:
        found = shutil.which(name, path=variables.get("PATH", os.defpath))
        if found:
            return Path(found)
    own = own or _playwrights_own()
    return own if os.access(own, os.X_OK) else None


def ensure_browser() -> Path:
    """Find the browser or install Debian's; raise BrowserMissing with a sentence where that cannot be done."""
    found = find_browser()
    if found and (has_chinese_font() or not _can_install()):
        return found
    if not _can_install():
        raise BrowserMissing(
            "The tests drive a real browser and there is no Chromium here. Install it (on Debian: "
            f"apt-get install {' '.join(PACKAGES)}; elsewhere: .venv/bin/playwright install chromium), "
            "or set CHROMIUM to the program's path."
        )
    wanted = [name for name in PACKAGES if not (found and name == "chromium")]
    print(f"Installing {' and '.join(wanted)} with apt-get.", flush=True)
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *wanted]):
        if subprocess.run(["apt-get", *command], check=False, **quiet).returncode:  # type: ignore[call-overload]
            raise BrowserMissing(f"apt-get {command[0]} failed. Install {' and '.join(wanted)} by hand.")
    found = find_browser()
    if found is None:
        raise BrowserMissing("Chromium was installed but cannot be found. Set CHROMIUM to its path.")
    return found


def has_chinese_font() -> bool:
    """Whether the machine can draw Chinese; unknown (no fontconfig) counts as yes."""
    if not shutil.which("fc-list"):
        return True
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], check=False, capture_output=True, text=True)
    return bool(listed.stdout.strip())


def launch(playwright: Playwright, executable: Path | None = None) -> Browser:
    """Start the browser, headless."""
    flags = [*FLAGS, "--no-sandbox"] if hasattr(os, "getuid") and os.getuid() == 0 else list(FLAGS)
    return playwright.chromium.launch(executable_path=executable or ensure_browser(), args=flags)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One headless Chromium for the tests of a module; open contexts of it in the tests.

    Not longer: Playwright keeps an event loop and greenlets in the process, which other tests trip over.
    """
    from tests.support.live import lasting  # the product, which finding and installing a browser does without

    executable = ensure_browser()
    with sync_playwright() as playwright, lasting():
        running = launch(playwright, executable)
        yield running
        running.close()


def _playwrights_own() -> Path:
    """Asked in a process of its own: Playwright cannot be started twice in one thread."""
    program = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    asked = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return Path(asked.stdout.strip())


def _can_install() -> bool:
    return Path("/etc/debian_version").exists() and hasattr(os, "getuid") and os.getuid() == 0


if __name__ == "__main__":
    try:
        print(f"Browser for the tests: {ensure_browser()}")
    except BrowserMissing as problem:
        sys.exit(str(problem))
