"""The application on a real port, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

PASSWORD = "beian-demo"


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` on a free port of the loopback for the length of the block; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
