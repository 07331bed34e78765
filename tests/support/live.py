"""The application on a real port, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, Error, Page
from waitress import wasyncore
from waitress.server import create_server

from tests.support.web import PASSWORD, visitor

__all__ = ["PASSWORD", "lasting", "log_in", "log_in_by_hand", "serving"]

# A page of the server's own, where nothing is asked for and nothing happens.
NOWHERE, EMPTY = "/-/nowhere", b"<!doctype html><link rel=icon href=data:,><title></title>"


class Server:
    """The product's own server on a free port of the loopback; the application behind it changes."""

    def __init__(self) -> None:
        self.app: Flask | None = None
        self._busy = 0
        self._idle = threading.Condition()
        self._stop = threading.Event()
        self._sockets: dict[int, object] = {}
        self._server = create_server(self._answer, host="127.0.0.1", port=0, threads=8, ident=None, map=self._sockets)
        self.address = f"http://127.0.0.1:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._stop.is_set():
            wasyncore.loop(timeout=0.1, map=self._sockets, use_poll=True, count=1)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == NOWHERE:
            start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(EMPTY)))])
            return [EMPTY]
        with self._idle:
            app = self.app
            self._busy += 1
        try:
            if app is None:
                start_response("503 Service Unavailable", [("Content-Length", "0")])
                return []
            return app(environ, start_response)
        finally:
            with self._idle:
                self._busy -= 1
                self._idle.notify_all()

    def wait_until_idle(self) -> None:
        with self._idle:
            assert self._idle.wait_for(lambda: not self._busy, timeout=30), "a request is still being answered"

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)


class Lasting:
    """What lasts as long as a browser: the server, hence its address, and one page with what it keeps of scripts.

    A new page costs Chromium more than everything a test does on it.
    """

    def __init__(self) -> None:
        self.server = Server()
        self._page: Page | None = None

    def page(self, browser: Browser) -> Page:
        if self._page is None or self._page.is_closed():
            context = browser.new_context(base_url=self.server.address, locale="zh-CN", timezone_id="Asia/Shanghai")
            self._page = context.new_page()
            self._page.set_default_timeout(15_000)
        return self._page

    def clear(self) -> None:
        """Leave the page and forget who is logged in, when all of theirs is answered.

        An answer that came later would bring the session of the one before with it.
        """
        if self._page is not None and not self._page.is_closed():
            if self._page.url != "about:blank":
                self._page.goto(NOWHERE)
            self.server.wait_until_idle()
            self._page.context.clear_cookies()

    def leave(self) -> None:
        """Take the application away, once it answers nobody any more: its database may change then."""
        with suppress(Error):
            self.clear()
        self.server.app = None
        self.server.wait_until_idle()


_lasting: list[Lasting] = []


@contextmanager
def lasting() -> Iterator[None]:
    """One server and one page for every `serving` and `log_in` in the block; the browser is that of the block."""
    made = Lasting()
    _lasting.append(made)
    try:
        yield
    finally:
        _lasting.remove(made)
        made.server.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` to the browser of the test; gives the address."""
    live = _lasting[-1]
    live.server.app = app
    try:
        yield live.server.address
    finally:
        live.leave()


def log_in(browser: Browser, username: str, *, width: int = 1440, height: int = 900) -> Page:
    """The page of the browser, with this person logged in to what is served; open no page of the one before.

    The session is made without the page of the login (see `log_in_by_hand`): checking a password is slow on purpose.
    """
    live = _lasting[-1]
    assert live.server.app is not None
    page = live.page(browser)
    live.clear()
    page.set_viewport_size({"width": width, "height": height})
    cookie = visitor(live.server.app, username).cookie()
    page.context.add_cookies([{"name": "beian", "value": cookie, "url": live.server.address}])
    return page


def log_in_by_hand(browser: Browser, username: str) -> Page:
    """The page of the browser, with this person logged in through the page of the login, and at home."""
    live = _lasting[-1]
    page = live.page(browser)
    live.clear()
    page.goto("/login")
    page.fill('input[name="username"]', username)
    page.fill('input[name="password"]', PASSWORD)
    page.press('input[name="password"]', "Enter")
    page.wait_for_url("**/")
    return page
