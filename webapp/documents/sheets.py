"""Spreadsheets a pack defines (`sheets:` in pack.yaml): what they are called and which columns they have."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ColumnKind = Literal["text", "number", "date", "choice", "checkbox_choice", "phone"]
_KEY: Final = r"^[a-z][a-z0-9_]{0,59}$"


class SheetColumn(BaseModel):
    """One column. `choices` maps the value kept to the title shown; `max` bounds characters, or a number's size; a
    column that `may_lack` need not be there."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str = Field(pattern=_KEY)
    title_zh: str = Field(min_length=1, max_length=60)
    title_en: str = ""
    kind: ColumnKind = "text"
    choices: dict[str, str] = {}
    required: bool = False
    may_lack: bool = False
    max: int | None = Field(None, ge=1)
    help_zh: str = ""
    help_en: str = ""
    example: str = ""

    @model_validator(mode="after")
    def _chosen_from(self) -> SheetColumn:
        if self.kind in ("choice", "checkbox_choice") and not self.choices:
            raise ValueError("choices 不能为空（choices are missing）")
        if len({plain(title) for title in self.choices.values()}) < len(self.choices):
            raise ValueError("choices 里有重复的标题（two choices have one title）")
        return self

    def title(self, locale: str) -> str:
        return (self.title_en or self.title_zh) if locale == "en" else self.title_zh


class Sheet(BaseModel):
    """A spreadsheet people fill in: one line of titles, then one row for each thing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    key: str = Field(pattern=_KEY)
    name_zh: str = Field(min_length=1, max_length=100)
    name_en: str = ""
    note_zh: str = ""
    note_en: str = ""
    article: str = ""
    reason_zh: str = ""
    reason_en: str = ""
    columns: tuple[SheetColumn, ...] = Field(min_length=1, max_length=40)

    @model_validator(mode="after")
    def _told_apart(self) -> Sheet:
        keys = [column.key for column in self.columns]
        if len(set(keys)) < len(keys):
            raise ValueError("两列的 key 相同（two columns have one key）")
        titles = [plain(title) for c in self.columns for title in {c.title_zh, c.title_en} if title]
        if len(set(titles)) < len(titles):
            raise ValueError("两列的标题相同（two columns have one title）")
        return self

    def name(self, locale: str) -> str:
        return (self.name_en or self.name_zh) if locale == "en" else self.name_zh

    def note(self, locale: str) -> str:
        return (self.note_en or self.note_zh) if locale == "en" else self.note_zh

    def column_titled(self, text: str) -> SheetColumn | None:
        """The column a title cell names; spaces, width and a required mark do not matter."""
        wanted = plain(text)
        return next((c for c in self.columns if wanted in {plain(c.title_zh), plain(c.title_en or c.title_zh)}), None)


def titles(columns: Sequence[SheetColumn], locale: str) -> list[str]:
    return [column.title(locale) for column in columns]


def plain(text: str) -> str:
    """A title without what people and programs change in it: width, spaces, a required mark, letter case."""
    return "".join(unicodedata.normalize("NFKC", text).split()).strip("*＊:：").casefold()
