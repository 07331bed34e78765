"""Sending mail by SMTP."""

from __future__ import annotations

import html
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime

from flask_babel import gettext as _

from webapp.config import Settings
from webapp.notifications.letters import SETTINGS_PATH, Link, Paragraph, paragraphs, spoken
from webapp.notifications.letters import Mail as Mail

# Seconds for each answer of the server: it may hang, we don't.
TIMEOUT = 10.0


class SendError(Exception):
    """The server refused, hung or could not be reached; the text is its answer."""


@dataclass(frozen=True)
class Mailer:
    """Where mail goes out: `host` empty means that mail is not sent. `base_url` stands before a message's path."""

    host: str
    port: int
    sender: str
    base_url: str
    timeout: float = TIMEOUT

    @classmethod
    def from_settings(cls, settings: Settings) -> Mailer:
        """The installation's mail server."""
        return cls(settings.mail_host, settings.mail_port, settings.mail_from, settings.base_url)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A connection opened at the first message and closed at the end."""
        opened = Connection(self)
        try:
            yield opened
        finally:
            opened.close()


class Connection:
    """A lazily opened SMTP session; after a failure the next message begins a new one."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._smtp: smtplib.SMTP | None = None

    def send(self, mail: Mail) -> None:
        """Hand one message to the server. Raises SendError; whatever happened, the next message may be sent."""
        try:
            message = compose(mail, self._mailer)
            self._session().send_message(message)
        except (OSError, smtplib.SMTPException, ValueError, UnicodeError) as error:
            self.close()
            raise SendError(f"{type(error).__name__}: {error}") from error

    def _session(self) -> smtplib.SMTP:
        if self._smtp is None:
            mailer = self._mailer
            self._smtp = smtplib.SMTP(mailer.host, mailer.port, timeout=mailer.timeout)
            self._smtp.ehlo()
            if self._smtp.has_extn("starttls"):
                # Between an application and its own mail server certificates are seldom verifiable; encrypt anyway.
                self._smtp.starttls(context=_opportunistic())
                self._smtp.ehlo()
        return self._smtp

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _opportunistic() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def compose(mail: Mail, mailer: Mailer) -> EmailMessage:
    """The message as text and HTML. Raises ValueError for an address or subject that would break the header."""
    with spoken(mail.locale):
        body = paragraphs(mail.body, mailer.base_url)
        change = Link(mailer.base_url.rstrip("/") + SETTINGS_PATH, _("更改通知设置"))
        why = _("这封邮件由系统发出。想少收一些，或改为每日一封汇总：")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = mailer.sender, mail.address, mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = f"<{mail.key}@{mailer.sender.rpartition('@')[2].strip('> ') or 'beian'}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text([*body, ["-- "], [why, change]]))
    message.add_alternative(_html(mail.subject, body, why, change), subtype="html")
    return message


def _text(body: list[Paragraph]) -> str:
    lines = [[line.address if isinstance(line, Link) else line for line in part] for part in body]
    return "\n\n".join("\n".join(part) for part in lines) + "\n"


_STYLE = "font-family:system-ui,-apple-system,PingFang SC,Microsoft YaHei,sans-serif;line-height:1.6;max-width:40em"


def _html(subject: str, body: list[Paragraph], why: str, change: Link) -> str:
    shown = "".join(f'<p style="margin:0 0 12px">{"<br>".join(_markup(line) for line in part)}</p>' for part in body)
    small = "margin:24px 0 0;padding-top:12px;border-top:1px solid #e1e2dc;font-size:13px;color:#676d70"
    return (
        "<!doctype html><html><head><meta charset='utf-8'></head>"
        f"<body style='{_STYLE}'>"
        f"<h1 style='font-size:18px'>{html.escape(subject)}</h1>{shown}"
        f"<p style='{small}'>{html.escape(why)} {_markup(change)}</p></body></html>"
    )


def _markup(line: str | Link) -> str:
    if isinstance(line, str):
        return html.escape(line)
    return f'<a href="{html.escape(line.address, quote=True)}">{html.escape(line.label)}</a>'
