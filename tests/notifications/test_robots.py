"""Robots of chat groups: formats, signatures, what counts as taken, and where nothing is ever sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.notifications.mailboxes import free_port, hanging
from tests.notifications.receivers import BASE, TAKEN, Receiver, ok, receiver, signed_by, told
from webapp.errors import Invalid
from webapp.notifications.addresses import place_of
from webapp.notifications.channels import SendError
from webapp.notifications.letters import Mail
from webapp.notifications.robots import MOST_BYTES, Robot, Robots, sign

SECRET = "SEC0123456789abcdef"
KINDS = ("wecom", "dingtalk", "feishu")
MAIL = Mail(
    "k", "群", "待办：备案「团学」", "备〔2026〕1 号等您办理。\n请在 2026-03-09 前办理。\n\n/tasks/7", datetime.now(UTC)
)


def send(found: Receiver, kind: str, mail: Mail = MAIL, secret: str = SECRET, timeout: float = 5.0) -> None:
    found.robots(timeout).send(Robot(kind, found.url(kind), secret), mail)


def test_wecom_gets_its_markdown() -> None:
    with receiver(told(TAKEN["wecom"])) as found:
        send(found, "wecom")
    [received] = found.received
    assert received.query == {"key": "the-key"}
    assert received.body == {
        "msgtype": "markdown",
        "markdown": {
            "content": "### 备案 · 待办：备案「团学」\n备〔2026〕1 号等您办理。\n请在 2026-03-09 前办理。\n"
            f"[直接办理]({BASE}/tasks/7)"
        },
    }


def test_dingtalk_gets_its_markdown_and_a_signature_in_the_address() -> None:
    with receiver(told(TAKEN["dingtalk"])) as found:
        send(found, "dingtalk")
    [received] = found.received
    assert received.query["access_token"] == "the-key"
    assert signed_by("dingtalk", received, SECRET)
    assert not signed_by("dingtalk", received, SECRET + "x")
    markdown = received.body["markdown"]
    assert received.body["msgtype"] == "markdown"
    assert markdown["title"] == "备案 · 待办：备案「团学」"
    assert markdown["text"].endswith(f"请在 2026-03-09 前办理。\n\n[直接办理]({BASE}/tasks/7)")


def test_feishu_gets_a_post_and_a_signature_in_the_message() -> None:
    with receiver(told(TAKEN["feishu"])) as found:
        send(found, "feishu")
    [received] = found.received
    assert signed_by("feishu", received, SECRET)
    assert not signed_by("feishu", received, SECRET + "x")
    assert received.body["msg_type"] == "post"
    post = received.body["content"]["post"]["zh_cn"]
    assert post["title"] == "备案 · 待办：备案「团学」"
    assert post["content"][-1] == [{"tag": "a", "text": "直接办理", "href": f"{BASE}/tasks/7"}]


def test_the_signatures_are_those_the_makers_reckon() -> None:
    """Values reckoned apart from the product, by `openssl dgst -sha256 -hmac` (base64)."""
    path, _message = sign(Robot("dingtalk", "", "this is secret"), "/robot/send?access_token=a", {}, 1577262236.757)
    assert path.endswith("&timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D")
    _path, message = sign(Robot("feishu", "", "demo"), "/x", {"msg_type": "text"}, 1599360473.9)
    assert (message["timestamp"], message["sign"]) == ("1599360473", "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=")


def test_without_a_secret_nothing_is_signed() -> None:
    with receiver() as found:
        for kind in KINDS:
            send(found, kind, secret="")
    assert all("sign" not in received.query and "sign" not in received.body for received in found.received)


@pytest.mark.parametrize(
    ("kind", "status", "answer", "words"),
    [
        ("wecom", 200, {"errcode": 93000, "errmsg": "invalid webhook url"}, "93000: invalid webhook url"),
        ("dingtalk", 200, {"errcode": 310000, "errmsg": "sign not match"}, "310000: sign not match"),
        ("feishu", 200, {"code": 19021, "msg": "sign match fail"}, "19021: sign match fail"),
        ("feishu", 200, {"StatusCode": 9499, "StatusMessage": "Bad Request"}, "9499"),
        ("wecom", 200, {"hello": "world"}, "not a robot's answer"),
        ("wecom", 500, {"errcode": 0}, "HTTP 500"),
        ("dingtalk", 302, {"errcode": 0}, "HTTP 302"),
    ],
)
def test_only_a_robots_own_yes_counts(kind: str, status: int, answer: dict[str, object], words: str) -> None:
    with receiver(told(answer, status)) as found, pytest.raises(SendError, match=words):
        send(found, kind)


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'"ok"', b"\xff"])
def test_an_answer_that_is_no_robots_is_a_failure(raw: bytes) -> None:
    with receiver(lambda _received: (200, raw, {})) as found, pytest.raises(SendError, match="not a robot"):
        send(found, "wecom")


def test_a_redirect_is_not_followed() -> None:
    with receiver() as elsewhere:
        away = {"Location": f"http://127.0.0.1:{elsewhere.port}/"}
        for status in (301, 302, 303, 307, 308):
            with receiver(lambda _received, s=status: (s, b"", away)) as found, pytest.raises(SendError):  # type: ignore[misc]
                send(found, "wecom")
        assert elsewhere.received == []


def test_an_error_never_tells_the_key_or_the_secret() -> None:
    def echo(received: object) -> tuple[int, bytes, dict[str, str]]:
        return 200, b'{"errcode": 1, "errmsg": "the-key SEC0123456789abcdef"}', {}

    with receiver(echo) as found, pytest.raises(SendError) as caught:
        send(found, "dingtalk")
    assert "the-key" not in str(caught.value)
    assert SECRET not in str(caught.value)
    nobody = free_port()
    robots = Robots(BASE, frozenset({f"127.0.0.1:{nobody}"}))
    robot = Robot("wecom", f"http://127.0.0.1:{nobody}/cgi-bin/webhook/send?key=the-key", SECRET)
    with pytest.raises(SendError, match="ConnectionRefused") as refused:
        robots.send(robot, MAIL)
    assert "the-key" not in str(refused.value) + repr(robot)


@contextmanager
def dripping() -> Iterator[int]:
    """A server that answers a byte at a time and never comes to an end; yields its port."""
    stop = threading.Event()

    def work(listening: socket.socket) -> None:
        taken, _address = listening.accept()
        with taken:
            taken.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not stop.wait(0.05):
                try:
                    taken.sendall(b"a")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=work, args=[listening], daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        stop.set()
        thread.join()


def test_a_receiver_that_hangs_or_drips_is_left_after_the_timeout() -> None:
    for server in (hanging, dripping):
        with server() as port:
            robots = Robots(BASE, frozenset({f"127.0.0.1:{port}"}), 0.4)
            began = time.monotonic()
            with pytest.raises(SendError, match="timed out"):
                robots.send(Robot("wecom", f"http://127.0.0.1:{port}/x?key=the-key"), MAIL)
            assert time.monotonic() - began < 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_message_is_cut_and_keeps_its_link(kind: str) -> None:
    body = "\n\n".join(["很长的意见<b>" * 60] * 40 + ["/tasks/7"])
    with receiver() as found:
        send(found, kind, Mail("k", "群", "文" * 300, body, datetime.now(UTC)))
    [received] = found.received
    assert f"{BASE}/tasks/7" in received.text
    size = len(received.body["markdown"]["content"].encode()) if kind == "wecom" else len(received.text.encode())
    assert MOST_BYTES[kind] / 2 < size <= (4096 if kind == "wecom" else 20_000)
    assert "…" in received.text


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
def test_what_people_type_is_no_markdown(kind: str) -> None:
    mail = Mail(
        "k",
        "群",
        "<@all> # [领奖](https://evil.example.test)",
        "![x](https://evil.example.test)\n**大**",
        MAIL.created_at,
    )
    with receiver(ok) as found:
        send(found, kind, mail)
    markdown = found.received[0].body["markdown"]
    said = markdown.get("content") or markdown["text"]
    assert "<@all>" not in said
    assert "](" not in said
    assert "**" not in said
    assert said.count("#") == (3 if kind == "wecom" else 4)


WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x"
NOWHERE = [
    ("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x"),
    ("wecom", "https://127.0.0.1/cgi-bin/webhook/send?key=x"),
    ("wecom", "http://127.0.0.1:8000/"),
    ("wecom", "http://169.254.169.254/latest/meta-data"),
    ("wecom", "https://[::1]/cgi-bin/webhook/send"),
    ("wecom", "https://2130706433/cgi-bin/webhook/send"),
    ("wecom", "https://qyapi.weixin.qq.com.evil.example.test/cgi-bin/webhook/send"),
    ("wecom", "https://evil.example.test/qyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", "https://qyapi.weixin.qq.com@evil.example.test/cgi-bin/webhook/send"),
    ("wecom", "https://evil.example.test#@qyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", "https://evil.example.test\\@qyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", "https://user:word@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x"),
    ("wecom", "https://qyapi.weixin.qq.com:8443/cgi-bin/webhook/send?key=x"),
    ("wecom", "https://qyapi.weixin.qq.com:port/cgi-bin/webhook/send?key=x"),
    ("wecom", "https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=x"),
    ("wecom", "https://oapi.dingtalk.com/robot/send?access_token=x"),
    ("dingtalk", "https://oapi.dingtalk.com/robot/sendx?access_token=x"),
    ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/../../../x"),
    ("feishu", "https://open.feishu.cn/open-apis/auth/v3/app_access_token"),
    ("wecom", "ftp://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", "file:///etc/passwd"),
    ("wecom", "gopher://qyapi.weixin.qq.com/"),
    ("wecom", "//qyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", f"{WECOM} \r\nHost: evil.example.test"),
    ("wecom", f"{WECOM}文"),
    ("wecom", "https://ｑyapi.weixin.qq.com/cgi-bin/webhook/send"),
    ("wecom", WECOM + "x" * 500),
    ("wecom", "https://"),
    ("wecom", "https://[::1"),
    ("wecom", ""),
]


@pytest.mark.parametrize(("kind", "url"), NOWHERE)
def test_no_other_address_is_ever_asked(kind: str, url: str) -> None:
    with pytest.raises(Invalid):
        place_of(kind, url, frozenset())
    with pytest.raises(SendError):
        Robots(BASE, frozenset(), 1).send(Robot(kind, url, ""), MAIL)


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("wecom", WECOM),
        ("wecom", "https://QYAPI.weixin.qq.com:443/cgi-bin/webhook/send?key=x"),
        ("dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=x"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b-2c"),
        ("feishu", "https://open.feishu.cn/open-apis/bot/hook/0a1b2c"),
    ],
)
def test_the_makers_own_addresses_are_asked_by_https(kind: str, url: str) -> None:
    assert place_of(kind, url, frozenset()).secure


def test_a_named_host_is_that_host_at_that_port_only() -> None:
    named = frozenset({"hooks.example.test", "127.0.0.1:9"})
    assert place_of("wecom", "http://127.0.0.1:9/x", named).port == 9
    assert not place_of("wecom", "http://hooks.example.test/x", named).secure
    assert place_of("wecom", "https://hooks.example.test/x", named).secure
    for url in (
        "http://127.0.0.1/x",
        "http://127.0.0.1:10/x",
        "http://hooks.example.test:9/x",
        "http://a.hooks.example.test/",
    ):
        with pytest.raises(Invalid):
            place_of("wecom", url, named)
