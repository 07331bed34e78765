"""The title of a case, from the pack's pattern and what was filed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from webapp.definitions.bundle import Bundle
from webapp.definitions.process_entries import ProcessEntry

_PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
MAX_TITLE = 200


def titles(process: ProcessEntry, bundle: Bundle, answers: Mapping[str, Any]) -> tuple[str, str]:
    """(Chinese, English) title; `{field}` stands for the field's value as a person reads it."""
    return (
        _fill(process.title_zh, bundle, answers, "zh"),
        _fill(process.title_en or process.title_zh, bundle, answers, "en"),
    )


def _fill(pattern: str, bundle: Bundle, answers: Mapping[str, Any], locale: str) -> str:
    def text(match: re.Match[str]) -> str:
        value = answers.get(match[1])
        if match[1] == "platform" and isinstance(value, str):
            platform = bundle.pack.platform(value)
            return platform.name(locale) if platform else value
        if isinstance(value, dict):
            return str(value.get("name", ""))
        return "" if value is None else str(value)

    return _PLACE.sub(text, pattern)[:MAX_TITLE]
