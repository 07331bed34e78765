"""A message as it leaves the house: paragraphs of lines, of which a line that is a path is the link to its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from flask_babel import force_locale
from flask_babel import gettext as _

SETTINGS_PATH = "/notices/settings"
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.?=&#%-]{0,199}")


@dataclass(frozen=True)
class Mail:
    """One message ready to send. `key` becomes a mail's Message-ID; a line of `body` that is a path is a page's."""

    key: str
    address: str
    subject: str
    body: str
    created_at: datetime
    locale: str = "zh"


@dataclass(frozen=True)
class Link:
    address: str
    label: str


Paragraph = list[str | Link]


def paragraphs(body: str, base_url: str) -> list[Paragraph]:
    """The body's paragraphs, each a list of lines; paths among them become links, as people reach the site."""
    found = [[_line(line, base_url) for line in part.splitlines() if line.strip()] for part in body.split("\n\n")]
    return [part for part in found if part]


def _line(line: str, base_url: str) -> str | Link:
    path = line.strip()
    return Link(base_url.rstrip("/") + path, _label(path)) if _PATH.fullmatch(path) else line.rstrip()


def _label(path: str) -> str:
    if path.startswith("/tasks/"):
        return str(_("直接办理"))
    if path.startswith("/notices"):
        return str(_("查看通知"))
    return str(_("查看办理情况"))


@contextmanager
def spoken(locale: str) -> Iterator[None]:
    """Speak the reader's language for a while."""
    with force_locale("en" if locale.startswith("en") else "zh"):
        yield
