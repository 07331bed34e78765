"""Filling a pack's notice texts with values. Only `{name}` means anything; there is no other syntax to abuse."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

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
    return " ".join(fill(subject, values).split())[:300], fill(body, values).strip()


def fill(template: str, values: Mapping[str, Any]) -> str:
    """`template` with each `{name}` replaced by its value as plain text."""

    def value(place: re.Match[str]) -> str:
        if place[1] not in values:
            raise Invalid(f"通知文字中的“{{{place[1]}}}”没有对应的值。")
        return plain(values[place[1]])

    return _PLACE.sub(value, template)


def plain(value: Any) -> str:
    """A JSON value as text: people and units by name, lists joined, nothing for null."""
    if isinstance(value, Mapping):
        return plain(value.get("name"))
    if isinstance(value, list | tuple):
        return "、".join(plain(entry) for entry in value)
    if isinstance(value, bool):
        return "是" if value else "否"
    return "" if value is None else str(value)
