"""Which addresses a robot may have: those of three chat programs, and hosts the installation names.

Whoever names an address makes our server send to it, so nothing else is ever asked: no other host, no other port, no
redirect, and plain HTTP only to a host the installation named.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask_babel import gettext as _

from webapp.config import Settings
from webapp.errors import Invalid

LONGEST = 500
# The chat programs' own hosts, how the path of a robot begins there, and how it goes on.
HOMES = {
    "wecom": ("qyapi.weixin.qq.com", "/cgi-bin/webhook/send", re.compile("")),
    "dingtalk": ("oapi.dingtalk.com", "/robot/send", re.compile("")),
    "feishu": ("open.feishu.cn", "/open-apis/bot/", re.compile(r"(v2/)?hook/[A-Za-z0-9_-]+")),
}
_PLAIN = re.compile(r"[!-\[\]-~]+")  # visible ASCII without the backslash


@dataclass(frozen=True)
class Place:
    """An address that may be asked. `path` includes the query, and with it the robot's key."""

    secure: bool
    host: str
    port: int | None
    path: str


def named_hosts(settings: Settings) -> frozenset[str]:
    """The hosts the installation allows beside the chat programs' own: "host", or "host:port"."""
    return frozenset(part.strip().lower() for part in settings.webhook_hosts.split(",") if part.strip())


def place_of(kind: str, url: str, named: Collection[str]) -> Place:
    """Where a robot of this kind is reached. Raises Invalid, at the field `url`, for any other address."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url):
        raise _refused(_("地址不完整，或含有空格、中文等字符，请从群机器人的设置页复制。"))
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _refused(_("这不是一个完整的地址，请从群机器人的设置页复制。")) from None
    if parts.scheme not in ("https", "http") or not host or "@" in parts.netloc:
        raise _refused(_("地址须以 https:// 开头，且不带账号名和口令。"))
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    place = Place(parts.scheme == "https", host, port, path)
    shown = f"[{host}]" if ":" in host else host
    if (shown if port is None else f"{shown}:{port}") in named:
        return place
    home, begins, rest = HOMES[kind]
    if host != home or port not in (None, 443):
        raise _refused(_("地址须是 https://%(host)s 上的群机器人；别的服务器由管理员放行。", host=home))
    if not place.secure:
        raise _refused(_("地址须以 https:// 开头，且不带账号名和口令。"))
    if not parts.path.startswith(begins) or not rest.fullmatch(parts.path, len(begins)):
        raise _refused(_("这不是群机器人的地址：应以 https://%(start)s 开头。", start=home + begins))
    return place


def _refused(sentence: str) -> Invalid:
    return Invalid(sentence, (("url", sentence),))
