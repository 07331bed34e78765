"""Pictures of every page: `python -m tests.support.screenshots <folder>`.

Starts Beian with demo data in a temporary folder, logs in as one person of each kind of navigation, follows the links
from the home page, and takes each kind of page at 1440 px, at 390 px and in dark mode. Says what page_checks finds.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.support.chromium import launch
from tests.support.page_checks import listening, problems

PASSWORD = "beian-demo"
PAGES_PER_PERSON = 60
SKIPPED = re.compile(r"/(static|logout|language)/|/logout$|download|export")
START_SECONDS = 120


@dataclass(frozen=True)
class View:
    """One way of looking at a page."""

    name: str
    width: int
    height: int
    dark: bool = False


VIEWS = (View("desk", 1440, 900), View("phone", 390, 844), View("dark", 1440, 900, dark=True))


@dataclass(frozen=True)
class Server:
    """A running demo: its address and the names one can log in with."""

    address: str
    people: tuple[str, ...]


@contextmanager
def demo_server() -> Iterator[Server]:
    """Beian with demo data on a free port, gone with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        # Everyone logs in within the minute, from one address.
        ours = {"BEIAN_DEMO": "1", "BEIAN_VAR_DIR": folder, "BEIAN_LOGIN_LIMIT": "1000 per minute"}
        environment = {**os.environ, **ours, "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "webapp.cli", "run", "--port", str(port)],
                stdout=out,
                stderr=out,
                env=environment,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_ready(process, address, log)
            people = re.findall(r"^  (\S+) +\S+", log.read_text(encoding="utf-8"), re.MULTILINE)
            yield Server(address, tuple(people))
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{address}/login", timeout=5).close()
        except OSError:
            time.sleep(0.3)
        else:
            return
    raise RuntimeError(f"The demo did not start:\n{log.read_text(encoding='utf-8')[-3000:]}")


def log_in(context: BrowserContext, address: str, username: str) -> Page:
    """A page of `context`, logged in and at home."""
    page = context.new_page()
    page.goto(f"{address}/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(lambda url: urlsplit(url).path != "/login")
    return page


def kind_of(path: str) -> str:
    """The kind of page an address is of: numbers and long keys count as the same."""
    return re.sub(r"/(?=[^/]*\d)[^/]+", "/N", urlsplit(path).path)


def crawl(page: Page, address: str, known: set[str]) -> Iterator[str]:
    """Addresses reachable from where `page` is, one of each kind not in `known`."""
    waiting, first = [page.url], True
    while waiting and len(known) < PAGES_PER_PERSON * 10:
        url = waiting.pop(0)
        if not first and kind_of(url) in known:
            continue
        known.add(kind_of(url))
        try:
            page.goto(url)
        except Error:  # a download, not a page
            continue
        first = False
        links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
        waiting += [link for link in links if link.startswith(address) and not SKIPPED.search(urlsplit(link).path)]
        yield url


def photograph(browser: Browser, server: Server, folder: Path) -> list[str]:
    """Take all pictures; returns what is wrong, one line each."""
    wrong: list[str] = []
    known: set[str] = set()
    navigations: set[tuple[str, ...]] = set()
    for username in server.people:
        context = browser.new_context(locale="zh-CN")
        page = log_in(context, server.address, username)
        navigation = tuple(page.eval_on_selector_all(".bn-nav a", "all => all.map(a => a.pathname)"))
        if navigation not in navigations:
            navigations.add(navigation)
            for url in list(crawl(page, server.address, known)):
                wrong += _take(browser, context, url, f"{username}{kind_of(url).replace('/', '-')}", folder)
        context.close()
    return wrong


def _take(browser: Browser, context: BrowserContext, url: str, name: str, folder: Path) -> list[str]:
    wrong: list[str] = []
    state = context.storage_state()
    for view in VIEWS:
        looking = browser.new_context(
            storage_state=state,
            viewport={"width": view.width, "height": view.height},
            color_scheme="dark" if view.dark else "light",
            locale="zh-CN",
        )
        page = looking.new_page()
        with listening(page) as heard:
            page.goto(url)
            page.wait_for_load_state("networkidle")
        wrong += [f"{name} ({view.name}): {problem}" for problem in [*heard, *problems(page)]]
        page.screenshot(path=folder / f"{name.rstrip('-')}.{view.name}.png", full_page=True)
        looking.close()
    return wrong


def main() -> int:
    """Take the pictures into the folder named; 1 when a page has a problem."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "var/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with demo_server() as server, sync_playwright() as playwright:
        browser = launch(playwright)
        wrong = photograph(browser, server, folder)
        browser.close()
    for line in wrong:
        print(line)
    print(f"{len(list(folder.glob('*.png')))} pictures in {folder}, {len(wrong)} problems.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
