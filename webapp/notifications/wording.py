"""Filling a pack's notice texts with values. Only `{name}` means anything; there is no other syntax to abuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

from flask_babel import gettext as _

from webapp.errors import Invalid

_PLACE = re.compile(r"\{([^{}]*)\}")


class NoticeText(Protocol):
    """One entry of a pack's `texts`; the English may be empty, then the Chinese serves."""

    @property
    def subject_zh(self) -> str: ...
    @property
    def body_zh(self) -> str: ...
    @property
    def subject_en(self) -> str: ...
    @property
    def body_en(self) -> str: ...


def word(text: NoticeText, locale: str, values: Mapping[str, Any]) -> tuple[str, str]:
    """(subject, body) in a language; the subject on one line of at most 300 characters.

    Raises Invalid for a place that no value was given for.
    """
    english = locale.startswith("en") and text.subject_en and text.body_en
    subject, body = (text.subject_en, text.body_en) if english else (text.subject_zh, text.body_zh)
    return " ".join(fill(subject, values, bool(english)).split())[:300], fill(body, values, bool(english)).strip()


def fill(template: str, values: Mapping[str, Any], english: bool = False) -> str:
    """`template` with each `{name}` replaced by its value as plain text. Raises Invalid where there is none."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            raise Invalid(_("通知文字中的“%(name)s”没有对应的值。", name=place[1]))
        return plain(values[place[1]], english)

    return _PLACE.sub(value, template)


def plain(value: Any, english: bool = False) -> str:
    """A JSON value as text: people and units by name, lists joined, nothing for null."""
    if isinstance(value, Mapping):
        return plain(value.get("name"), english)
    if isinstance(value, list | tuple):
        return (", " if english else "、").join(plain(entry, english) for entry in value)
    if isinstance(value, bool):
        yes, no = ("Yes", "No") if english else ("是", "否")
        return yes if value else no
    return "" if value is None else str(value)
