"""What every page must be, looked at in a real browser: accessible, no wider than the screen, silent in the console."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.support.live import log_in, serving

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
WIDTHS = (1440, 390)
# 44 px on phones is our own rule; axe's 24 px of WCAG 2.2 is checked with it.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def problems(page: Page) -> list[str]:
    """What is wrong with the page as it stands, one sentence each; empty when all is well."""
    return [*accessibility_problems(page), *layout_problems(page)]


def wrong_pages(app: Flask, browser: Browser, username: str, paths: Iterable[str]) -> list[str]:
    """What is wrong with these pages as one person sees them, at the desk and on a phone; one line each."""
    found: list[str] = []
    with serving(app):
        page = log_in(browser, username)
        for path in paths:
            with listening(page) as heard:
                answer = page.goto(path)
                assert answer is not None, path
                assert answer.ok, path
                if page.locator(".bn-diagram").count():
                    page.locator(".bn-diagram .djs-element").first.wait_for()
                seen = misshapen(page)
            found += [f"{path}: {problem}" for problem in [*seen, *heard]]
    return found


def misshapen(page: Page) -> list[str]:
    """What `problems` finds at each width."""
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{width} px: {problem}" for problem in problems(page)]
    return found


@cache
def _axe() -> str:
    return AXE.read_text(encoding="utf-8")


def accessibility_problems(page: Page) -> list[str]:
    """axe-core's findings: rule, what to do, and the first elements concerned."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe())
    options = {"runOnly": {"type": "tag", "values": RULES}, "resultTypes": ["violations"], "selectors": False}
    found: list[dict[str, Any]] = page.evaluate(
        "async options => (await axe.run(document, options)).violations", options
    )
    return [f"{rule['id']}: {rule['help']}: {[node['html'][:140] for node in rule['nodes'][:3]]}" for rule in found]


def layout_problems(page: Page) -> list[str]:
    """The page is wider than the screen: names the widest elements that no scrolling box holds."""
    wide: list[str] | None = page.evaluate(
        """() => {
            const room = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= room) return null;
            const held = (e) => {
                for (let p = e.parentElement; p; p = p.parentElement)
                    if (getComputedStyle(p).overflowX !== 'visible') return true;
                return false;
            };
            return [...document.body.querySelectorAll('*')]
                .filter((e) => e.getBoundingClientRect().right > room + 1 && !held(e))
                .slice(0, 3).map((e) => e.outerHTML.slice(0, 140));
        }"""
    )
    return [] if wide is None else [f"wider than the screen: {wide}"]


@contextmanager
def listening(page: Page) -> Iterator[list[str]]:
    """Collect what the page complains of in the block: script errors, refused by policy, not found."""
    heard: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            heard.append(f"console: {message.text[:300]}")

    def on_error(error: Exception) -> None:
        heard.append(f"script: {error}")

    page.on("console", on_console)
    page.on("pageerror", on_error)
    try:
        yield heard
    finally:
        page.remove_listener("console", on_console)
        page.remove_listener("pageerror", on_error)
