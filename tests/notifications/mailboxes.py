"""SMTP servers for tests, each on a port of its own: one that works or answers as told, one that hangs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from webapp.notifications.channels import Mailer


def mailer(port: int, timeout: float = 5.0) -> Mailer:
    return Mailer("127.0.0.1", port, "Beian <beian@example.test>", "https://beian.example.test/", timeout)


@dataclass
class Mailbox:
    """What a server took, in order. `answer` may refuse a message by its recipient."""

    answer: Callable[[str], str] = lambda recipient: "250 OK"
    messages: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        said = self.answer(envelope.rcpt_tos[0])
        if said.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.messages.append(message)
        return said

    @property
    def keys(self) -> list[str]:
        return [str(message["Message-ID"]).strip("<>").split("@")[0] for message in self.messages]


@contextmanager
def mailbox(answer: Callable[[str], str] = lambda recipient: "250 OK") -> Iterator[Mailbox]:
    box = Mailbox(answer)
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port
    try:
        yield box
    finally:
        controller.stop()


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def hanging() -> Iterator[int]:
    """A server that takes the connection and never says a word; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield int(listening.getsockname()[1])
