"""The application on a real port, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, Page
from waitress import wasyncore
from waitress.server import create_server

PASSWORD = "beian-demo"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` by the product's own server on a free port of the loopback; gives its address."""
    sockets: dict[int, object] = {}
    server = create_server(app, host="127.0.0.1", port=0, threads=8, ident=None, map=sockets)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.1, map=sockets, use_poll=True, count=1)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        stop.set()
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)


def log_in(browser: Browser, address: str, username: str, *, width: int = 1440, height: int = 900) -> Page:
    """A page of a new browser context, logged in as this person, on the home page."""
    context = browser.new_context(
        base_url=address, locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": width, "height": height}
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto("/login")
    page.fill('input[name="username"]', username)
    page.fill('input[name="password"]', PASSWORD)
    page.press('input[name="password"]', "Enter")
    page.wait_for_url("**/")
    return page
