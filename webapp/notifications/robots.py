"""Speaking to the robots of chat groups: the message formats and signatures of WeCom, DingTalk and Feishu.

Sources: the makers' pages on custom group robots (developer.work.weixin.qq.com/document/path/91770,
open.dingtalk.com/document/robots/custom-robot-access, open.feishu.cn/document/client-docs/bot-v3/add-custom-bot).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from flask_babel import gettext as _

from webapp.config import Settings
from webapp.errors import Invalid
from webapp.notifications.addresses import Place, named_hosts, place_of
from webapp.notifications.channels import SendError
from webapp.notifications.letters import Link, Mail, Paragraph, paragraphs, spoken

# Seconds for the whole exchange: a receiver may hang, we don't.
TIMEOUT = 10.0
MOST_READ = 64 * 1024
# WeCom takes 4,096 bytes of Markdown, the others 20,000 of everything.
MOST_BYTES = {"wecom": 4096, "dingtalk": 16_000, "feishu": 16_000}
# What Markdown would read as a mark, people typed as a character.
_MARKS = str.maketrans("<>[]*`#", "＜＞［］＊｀＃")


@dataclass(frozen=True)
class Robot:
    """Of which chat program, where, and the secret it signs by ("" for none)."""

    kind: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)


@dataclass(frozen=True)
class Robots:
    """How messages reach robots. `named`: hosts the installation allows beside the chat programs' own."""

    base_url: str
    named: frozenset[str] = frozenset()
    timeout: float = TIMEOUT

    @classmethod
    def from_settings(cls, settings: Settings) -> Robots:
        return cls(settings.base_url, named_hosts(settings))

    def send(self, robot: Robot, mail: Mail) -> None:
        """Hand one message to a robot. Raises SendError, whose text never holds the address's key or the secret."""
        try:
            place = place_of(robot.kind, robot.url, self.named)
            with spoken(mail.locale):
                body = paragraphs(mail.body, self.base_url)
            message = message_of(robot.kind, f"{_keyword()} · {mail.subject}", body)
            path, signed = sign(robot, place.path, message, time.time())
            status, answer = self._post(place, path, json.dumps(signed, ensure_ascii=False).encode())
        except Invalid as error:
            raise SendError(error.sentence) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SendError(f"{type(error).__name__}: {_without_key(str(error), robot)}") from None
        problem = problem_of(status, answer)
        if problem:
            raise SendError(_without_key(problem, robot))

    def _post(self, place: Place, path: str, body: bytes) -> tuple[int, bytes]:
        if place.secure:
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                place.host, place.port, timeout=self.timeout, context=context
            )
        else:
            connection = http.client.HTTPConnection(place.host, place.port, timeout=self.timeout)
        late = threading.Event()
        # A socket's own time-out begins anew with every byte; this one does not.
        watchdog = threading.Timer(self.timeout, _cut, (connection, late))
        watchdog.daemon = True
        watchdog.start()
        try:
            headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Beian"}
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            found = answer.status, answer.read(MOST_READ)
        except (OSError, http.client.HTTPException) as error:
            if late.is_set():
                raise TimeoutError("timed out") from error
            raise
        finally:
            watchdog.cancel()
            connection.close()
        if late.is_set():
            raise TimeoutError("timed out")
        return found


def _keyword() -> str:
    """Robots may be set to take only messages that hold a keyword: this one is in every message of any language."""
    with spoken("zh"):
        return str(_("备案"))


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _without_key(text: str, robot: Robot) -> str:
    """An error's text, as people may read it."""
    query = robot.url.partition("?")[2]
    for hidden in (robot.url, query, query.rpartition("=")[2], robot.url.rpartition("/")[2], robot.secret):
        if len(hidden) > 3:
            text = text.replace(hidden, "…")
    return text[:500]


def sign(robot: Robot, path: str, message: dict[str, Any], at: float) -> tuple[str, dict[str, Any]]:
    """Path and message with the signature of a robot that has a secret; `at` is seconds since 1970.

    DingTalk: HMAC-SHA256 keyed by the secret over "milliseconds\\nsecret", in the query. Feishu: keyed by
    "seconds\\nsecret" over nothing, in the message. WeCom signs nothing.
    """
    if not robot.secret:
        return path, message
    if robot.kind == "dingtalk":
        stamp = str(round(at * 1000))
        signature = _hmac(robot.secret, f"{stamp}\n{robot.secret}")
        joint = "&" if "?" in path else "?"
        return f"{path}{joint}timestamp={stamp}&sign={quote_plus(signature)}", message
    if robot.kind == "feishu":
        stamp = str(int(at))
        return path, {"timestamp": stamp, "sign": _hmac(f"{stamp}\n{robot.secret}", ""), **message}
    return path, message


def _hmac(key: str, text: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def message_of(kind: str, subject: str, body: list[Paragraph]) -> dict[str, Any]:
    """The message in the format of a chat program, no longer than it takes; the links that stand last are kept."""
    if kind == "feishu":
        content = [[_element(line)] for part in _fitting(subject, body, kind) for line in part]
        return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": subject, "content": content}}}}
    # WeCom breaks lines as they stand; DingTalk joins them unless a blank line is between.
    joint, head = ("\n", "###") if kind == "wecom" else ("\n\n", "####")
    lines = [_markdown(line) for part in _fitting(subject, body, kind) for line in part]
    text = joint.join([f"{head} {subject.translate(_MARKS)}", *lines])
    if kind == "wecom":
        return {"msgtype": "markdown", "markdown": {"content": text}}
    return {"msgtype": "markdown", "markdown": {"title": subject, "text": text}}


def _fitting(subject: str, body: list[Paragraph], kind: str) -> list[Paragraph]:
    """As much of the body as there is room for, and the link that stands last, always."""
    last = body[-1] if body and all(isinstance(line, Link) for line in body[-1]) else []
    room = MOST_BYTES[kind] - 2 * _size([subject]) - _size(last) - 40
    found: list[Paragraph] = []
    for part in body[:-1] if last else body:
        fitting: Paragraph = []
        for line in part:
            if _size([line]) > room:
                words = "" if isinstance(line, Link) else line.translate(_MARKS)
                cut = words.encode()[: max(room - 8, 0)].decode(errors="ignore")
                return [*found, [*fitting, f"{cut}…"], last]
            room -= _size([line])
            fitting.append(line)
        found.append(fitting)
    return [*found, last]


def _size(part: Paragraph) -> int:
    """Bytes, as every character of a line may become a longer one."""
    lines = (f"[{line.label}]({line.address})" if isinstance(line, Link) else line.translate(_MARKS) for line in part)
    return sum(len(line.encode()) + 4 for line in lines)


def _markdown(line: str | Link) -> str:
    return f"[{line.label}]({line.address})" if isinstance(line, Link) else line.translate(_MARKS)


def _element(line: str | Link) -> dict[str, str]:
    if isinstance(line, Link):
        return {"tag": "a", "text": line.label, "href": line.address}
    return {"tag": "text", "text": line}


def problem_of(status: int, answer: bytes) -> str:
    """What is wrong with an answer, "" when the robot took the message: 200, and its own code is 0."""
    if status != 200:
        return f"HTTP {status}"
    try:
        told = json.loads(answer)
    except ValueError:
        return "HTTP 200, but not a robot's answer"
    if not isinstance(told, dict):
        return "HTTP 200, but not a robot's answer"
    for code, words in (("errcode", "errmsg"), ("code", "msg"), ("StatusCode", "StatusMessage")):
        if code in told:
            return "" if told[code] == 0 else f"{code} {told[code]}: {told.get(words, '')}"[:300]
    return "HTTP 200, but not a robot's answer"
