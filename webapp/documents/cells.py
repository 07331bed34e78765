"""One cell of a pack's sheet: read into an answer, or refused with a sentence; and an answer shown as a cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from webapp.documents.sheets import SheetColumn, plain

MAX_CELL: Final = 2_000
_PHONE: Final = re.compile(r"(1[0-9]{10}|0[0-9]{2,3}-?[0-9]{7,8}|[0-9]{7,8})")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
_DAY: Final = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
# A box before a title: empty, or marked. Word's "√ in a box" arrives as √, ☑ or a solid square.
_EMPTY: Final = "□☐〇○口"
_MARKED: Final = "☑☒√✓✔■▣●✅"
_BOXES: Final = re.compile(f"([{_EMPTY}{_MARKED}])")
# A QQ or WeChat cell often says what it holds: "群号：123", "关注人数：1714".
_LABELLED: Final = re.compile(r"[^：:]{1,12}[：:]\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class CellFault:
    """Why a cell is refused; both sentences say what to do."""

    zh: str
    en: str

    def sentence(self, locale: str) -> str:
        return self.en if locale == "en" else self.zh


class CellRefused(ValueError):
    """A cell that cannot be taken."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.fault = CellFault(zh, en)


def read_cell(column: SheetColumn, raw: Any) -> Any:
    """The answer behind a cell as calamine gives it: text, int, float, or None when blank. Raises CellRefused."""
    if isinstance(raw, str):
        if _CONTROL.search(raw):
            raise CellRefused("含有不可见的控制字符，请删去重填", "it contains control characters; type it again")
        raw = raw.strip()
    if raw is None or raw == "":
        if column.required:
            raise CellRefused("必填，不能空着", "this must be filled in")
        return None
    return _READERS[column.kind](column, raw)


def cell_text(raw: Any) -> str:
    """A cell as a person sees it: whole numbers without a decimal point, dates as YYYY-MM-DD."""
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "TRUE" if raw else "FALSE"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, datetime):
        return raw.date().isoformat() if raw.time() == datetime.min.time() else raw.isoformat(" ", "minutes")
    return raw.isoformat() if isinstance(raw, date) else str(raw).strip()


def _text(column: SheetColumn, raw: Any) -> str:
    text = cell_text(raw)
    longest = min(column.max or MAX_CELL, MAX_CELL)
    if len(text) > longest:
        raise CellRefused(f"最多 {longest} 个字，现在 {len(text)} 个", f"at most {longest} characters, not {len(text)}")
    return text


def _number(column: SheetColumn, raw: Any) -> int | float:
    text = unicodedata.normalize("NFKC", cell_text(raw)).replace(",", "").strip()
    if (labelled := _LABELLED.fullmatch(text)) is not None:
        text = labelled[1].strip()
    text = text.removesuffix("人").strip()
    if isinstance(raw, bool) or not _NUMBER.fullmatch(text):
        raise CellRefused(f"“{_short(cell_text(raw))}”不是数字", f"“{_short(cell_text(raw))}” is not a number")
    value = float(text) if "." in text else int(text)
    if value < 0 or value > (column.max or 10**12):
        most = column.max or 10**12
        raise CellRefused(f"须在 0 到 {most} 之间", f"it must lie between 0 and {most}")
    return int(value) if float(value).is_integer() else value


def _date(column: SheetColumn, raw: Any) -> str:
    try:
        if isinstance(raw, datetime):
            day = raw.date()
        elif isinstance(raw, date):
            day = raw
        elif isinstance(raw, int | float) and not isinstance(raw, bool) and 1 <= raw < 100_000:
            day = date(1899, 12, 30) + timedelta(days=int(raw))
        else:
            match = _DAY.fullmatch(unicodedata.normalize("NFKC", str(raw)).strip())
            if match is None:
                raise ValueError
            day = date(int(match[1]), int(match[2]), int(match[3]))
    except (ValueError, OverflowError):
        text = _short(cell_text(raw))
        raise CellRefused(
            f"“{text}”不是日期，请写成 2026-03-02", f"“{text}” is not a date such as 2026-03-02"
        ) from None
    if not 1900 <= day.year <= 2200:
        raise CellRefused("日期的年份不对", "the year of the date is out of range")
    return day.isoformat()


def _phone(column: SheetColumn, raw: Any) -> str:
    text = unicodedata.normalize("NFKC", cell_text(raw)).replace(" ", "")
    if not _PHONE.fullmatch(text):
        raise CellRefused(
            "电话须是 11 位手机号，或带区号的座机号", "a telephone is an 11-digit mobile number or a landline"
        )
    return text


def _choice(column: SheetColumn, raw: Any) -> str:
    if len(_BOXES.split(cell_text(raw))) > 1:
        return _checkbox_choice(column, raw)
    return _titled(column, raw)


def _titled(column: SheetColumn, raw: Any) -> str:
    wanted = plain(cell_text(raw))
    for value, title in column.choices.items():
        if wanted in (plain(title), plain(value)):
            return value
    listed = "、".join(column.choices.values())
    raise CellRefused(f"“{_short(cell_text(raw))}”不在可选项中：{listed}", f"it is none of the choices: {listed}")


def _checkbox_choice(column: SheetColumn, raw: Any) -> str:
    """One of several boxes in one cell: “□微信群 ☑QQ群”; a bare title does as well."""
    text = cell_text(raw)
    parts = _BOXES.split(text)
    if len(parts) == 1:
        return _titled(column, text)
    # Two marks before one title (“□√QQ群”): the marked one decides.
    marked: list[str] = []
    ticked = False
    for piece in parts[1:]:
        if len(piece) == 1 and piece in _EMPTY + _MARKED:
            ticked = ticked or piece in _MARKED
        elif piece.strip():
            if ticked:
                marked.append(_titled(column, piece))
            ticked = False
    if len(marked) != 1:
        zh = "请勾选一项" if not marked else "只能勾选一项"
        raise CellRefused(f"{zh}：把一个 □ 改成 ☑（或 √、■）", "mark exactly one box with ☑, √ or ■")
    return marked[0]


_READERS: Final[Mapping[str, Any]] = {
    "text": _text,
    "number": _number,
    "date": _date,
    "choice": _choice,
    "checkbox_choice": _checkbox_choice,
    "phone": _phone,
}


def shown(column: SheetColumn, value: Any) -> str:
    """An answer as it stands in a table or in an exported cell."""
    if value is None:
        return ""
    if column.kind == "checkbox_choice":
        return " ".join(f"{'☑' if key == value else '□'}{title}" for key, title in column.choices.items())
    if column.kind == "choice":
        return column.choices.get(str(value), str(value))
    return cell_text(value)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 30 else line[:29] + "…"
