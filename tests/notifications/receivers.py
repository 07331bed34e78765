"""HTTP receivers for tests, each on a loopback port of its own: robots of chat groups that answer as told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from webapp.notifications.robots import Robots

TAKEN = {"wecom": {"errcode": 0, "errmsg": "ok"}, "dingtalk": {"errcode": 0, "errmsg": "ok"}, "feishu": {"code": 0}}
PATHS = {"wecom": "/cgi-bin/webhook/send?key=the-key", "dingtalk": "/robot/send?access_token=the-key"}
BASE = "https://beian.example.test"


@dataclass
class Received:
    """One request as it came."""

    path: str
    body: dict[str, Any]

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    @property
    def text(self) -> str:
        return json.dumps(self.body, ensure_ascii=False)


Answer = Callable[[Received], tuple[int, bytes, dict[str, str]]]


@dataclass
class Receiver:
    """What a server was sent, in order."""

    port: int = 0
    received: list[Received] = field(default_factory=list)

    def url(self, kind: str) -> str:
        return f"http://127.0.0.1:{self.port}{PATHS.get(kind, '/open-apis/bot/v2/hook/the-key')}"

    def robots(self, timeout: float = 5.0) -> Robots:
        """Robots that may live here, and nowhere else on this machine."""
        return Robots(BASE, frozenset({f"127.0.0.1:{self.port}"}), timeout)


def robots_of(*receivers: Receiver, timeout: float = 5.0) -> Robots:
    return Robots(BASE, frozenset(f"127.0.0.1:{receiver.port}" for receiver in receivers), timeout)


def told(told: dict[str, Any], status: int = 200, **headers: str) -> Answer:
    return lambda _received: (status, json.dumps(told).encode(), headers)


def ok(received: Received) -> tuple[int, bytes, dict[str, str]]:
    """Every chat program's word for having taken it."""
    return 200, b'{"errcode": 0, "errmsg": "ok", "code": 0}', {}


def late(seconds: float) -> Answer:
    def answer(received: Received) -> tuple[int, bytes, dict[str, str]]:
        time.sleep(seconds)
        return ok(received)

    return answer


@contextmanager
def receiver(answer: Answer = ok) -> Iterator[Receiver]:
    found = Receiver()

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            received = Received(self.path, json.loads(raw))
            found.received.append(received)
            status, body, headers = answer(received)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_args: object) -> None:
            """A client that has gone away is no news."""

    server = Quiet(("127.0.0.1", 0), Asked)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def signed_by(kind: str, received: Received, secret: str) -> bool:
    """What the makers do with a signature: reckon it again from the time stamp, which must be about now."""
    if kind == "dingtalk":
        stamp, given = received.query.get("timestamp", ""), received.query.get("sign", "")
        seconds = int(stamp) / 1000
        key, words = secret.encode(), f"{stamp}\n{secret}".encode()
    else:
        stamp, given = received.body.get("timestamp", ""), received.body.get("sign", "")
        seconds = int(stamp)
        key, words = f"{stamp}\n{secret}".encode(), b""
    made = base64.b64encode(hmac.new(key, words, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(made, given) and abs(time.time() - seconds) < 60
