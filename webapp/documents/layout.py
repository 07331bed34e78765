"""Layouts of official forms as data: a table of labelled cells, with places for opinions, signatures and seals."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from webapp.definitions.packs import read_yaml
from webapp.engine import Finding, feel
from webapp.engine.errors import DefinitionError, FeelSyntaxError

_KEY = r"^[a-z][a-z0-9_]{0,59}$"


def _expression(text: str) -> str:
    try:
        feel.compile(text)
    except FeelSyntaxError as error:
        raise ValueError(f"表达式“{text}”不对：{error.sentence}（{error.sentence_en}）") from None
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Part):
    """One cell. What it holds: `label` (fixed heading), `text` (fixed words), `value` (FEEL), `boxes` with `value`
    (the box of the value is marked), `opinion` (user tasks, in order), `sign` (a place for signature and seal),
    `index` (the row's number, inside `repeat`). `height` is the least height in centimetres."""

    label: str | None = None
    text: str | None = None
    value: str | None = None
    boxes: dict[str, str] | None = None
    opinion: tuple[str, ...] = ()
    sign: str | None = None
    index: bool = False
    span: int = Field(1, ge=1, le=40)
    lines: int = Field(1, ge=1, le=40, description="rows of the table the cell reaches over")
    height: float | None = Field(None, gt=0, le=25)
    align: Literal["left", "center", "right"] | None = None

    @field_validator("boxes", mode="before")
    @classmethod
    def _texts(cls, value: Any) -> Any:
        """YAML reads `true:` and `1:` as no texts; boxes are named by text."""
        if not isinstance(value, dict):
            return value
        return {_word(key): title for key, title in value.items()}

    @field_validator("opinion", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("value")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _expression(value)

    @model_validator(mode="after")
    def _holds_one_thing(self) -> Cell:
        held = [self.label is not None, self.text is not None, self.value is not None, self.index]
        held += [bool(self.opinion) or self.sign is not None]
        if sum(held) != 1:
            raise ValueError(
                "一格只放一样：label、text、value（可带 boxes）、opinion（可带 sign）、sign、index"
                "（a cell holds exactly one of label, text, value, opinion, sign, index）"
            )
        if self.boxes is not None and self.value is None:
            raise ValueError("boxes 要和 value 一起写（boxes go with a value）")
        return self


class Repeat(_Part):
    """One line of the table for each entry of a list, at least `least` lines; `row` is the entry in its cells."""

    repeat: str
    least: int = Field(1, ge=0, le=60)
    header: tuple[str | Cell, ...] = ()
    cells: tuple[Cell, ...] = Field(min_length=1, max_length=40)

    @field_validator("repeat")
    @classmethod
    def _compiles(cls, value: str) -> str:
        return _expression(value)

    def heads(self) -> tuple[Cell, ...]:
        """The header as cells; a bare text spans as many columns as the cell below it."""
        return tuple(
            Cell(label=head, span=self.cells[n].span if n < len(self.cells) else 1) if isinstance(head, str) else head
            for n, head in enumerate(self.header)
        )


def _shape(value: Any) -> str:
    return "repeat" if isinstance(value, dict | Repeat) else "cells"


Line = Annotated[Annotated[Repeat, Tag("repeat")] | Annotated[tuple[Cell, ...], Tag("cells")], Discriminator(_shape)]


class HeadLine(_Part):
    """A line between title and table: “填报单位（盖章）：…　填报日期：…”."""

    label: str
    value: str | None = None

    @field_validator("value")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _expression(value)


class Layout(_Part):
    """One official form. `article` names the clause the layout is taken from; `ours` says that the text has none."""

    key: str = Field(pattern=_KEY)
    title_zh: str = Field(min_length=1, max_length=120)
    title_en: str = ""
    process: tuple[str, ...] = Field(min_length=1)
    when: str | None = None
    article: str = ""
    ours: bool = False
    reason_zh: str = ""
    reason_en: str = ""
    number: str | None = None
    copies: int = Field(1, ge=1, le=20)
    holders: tuple[str, ...] = ()
    landscape: bool = False
    head: tuple[HeadLine, ...] = ()
    columns: tuple[float, ...] = Field(min_length=1, max_length=40)
    rows: tuple[Line, ...] = Field(min_length=1, max_length=200)
    notes: tuple[str, ...] = ()

    @field_validator("process", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("when", "number")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return None if value is None else _expression(value)

    @field_validator("columns")
    @classmethod
    def _widths(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(not 0 < width <= 100 for width in value):
            raise ValueError("列宽须在 0 到 100 之间（widths lie between 0 and 100）")
        return value

    @model_validator(mode="after")
    def _basis(self) -> Layout:
        if self.ours == bool(self.article and self.article != "not-stated"):
            raise ValueError(
                "写明 article（版式所依据的条款），或者 ours: true（版式由本校流程自定）"
                "（name the article, or say ours: true）"
            )
        if self.ours and not (self.reason_zh and self.reason_en):
            raise ValueError("ours: true 须写 reason_zh 和 reason_en（ours needs both reasons）")
        if self.holders and len(self.holders) != self.copies:
            raise ValueError(f"holders 有 {len(self.holders)} 个，copies 是 {self.copies}（they must be as many）")
        return self

    def title(self, locale: str) -> str:
        return (self.title_en or self.title_zh) if locale == "en" else self.title_zh

    def holder(self, copy: int) -> str:
        """Who keeps copy `copy` (from 1), "" when the layout does not say."""
        return self.holders[copy - 1] if self.holders else ""

    @property
    def citations(self) -> tuple[str, ...]:
        """The clauses the layout rests on."""
        return tuple(code for code in self.article.split() if code != "not-stated")

    def cells(self) -> Iterator[tuple[str, Cell, bool]]:
        """Every cell with its place ("rows.2.1") and whether it stands in a repeated line."""
        for number, line in enumerate(self.rows):
            if isinstance(line, Repeat):
                yield from ((f"rows.{number}.header.{n}", cell, False) for n, cell in enumerate(line.heads()))
                yield from ((f"rows.{number}.cells.{n}", cell, True) for n, cell in enumerate(line.cells))
            else:
                yield from ((f"rows.{number}.{n}", cell, False) for n, cell in enumerate(line))


@lru_cache(maxsize=256)
def parse_layout(content: bytes, file: str) -> Layout:
    """The layout in a YAML file of a pack. Raises DefinitionError naming each wrong entry, or the line of bad YAML."""
    data = read_yaml(content, file)
    try:
        layout = Layout.model_validate(data)
    except ValidationError as error:
        raise DefinitionError(tuple(_finding(file, problem) for problem in error.errors())) from None
    findings = tuple(_widths(layout, file))
    if findings:
        raise DefinitionError(findings)
    return layout


def _widths(layout: Layout, file: str) -> Iterator[Finding]:
    """Lines that are not as wide as the table, counting cells that reach down from earlier lines."""
    wide = len(layout.columns)
    reaching: list[tuple[int, int]] = []
    for number, line in enumerate(layout.rows):
        taken = sum(span for span, _ in reaching)
        reaching = [(span, lines - 1) for span, lines in reaching if lines > 1]
        groups = [("header", line.heads()), ("cells", line.cells)] if isinstance(line, Repeat) else [("", line)]
        for part, cells in groups:
            place = f"rows.{number}{'.' + part if part else ''}"
            got = sum(cell.span for cell in cells) + taken
            if cells and got != wide:
                zh = f"这一行占 {got} 列，表格有 {wide} 列；请改 span"
                yield Finding(file, place, "layout", zh, f"the line is {got} columns wide, the table {wide}")
            if isinstance(line, Repeat) and (taken or any(cell.lines > 1 for cell in cells)):
                zh, en = "重复的行里不能有跨行的格", "no cell may reach over repeated lines"
                yield Finding(file, place, "layout", zh, en)
            reaching += [(cell.span, cell.lines - 1) for cell in cells if cell.lines > 1]


def _finding(file: str, problem: Any) -> Finding:
    # The third part of a place in a line is pydantic's word for the kind of line.
    loc = [part for n, part in enumerate(problem["loc"]) if not (n == 2 and problem["loc"][0] == "rows")]
    place = ".".join(str(part) for part in loc) or "(root)"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return Finding(file, place, "layout", f"“{place}”不合要求：{message}", f"“{place}” is wrong: {message}")


def _word(key: Any) -> str:
    return str(key).lower() if isinstance(key, bool) else str(key)
