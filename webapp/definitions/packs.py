"""Reading a pack: `pack.yaml` as typed data, and the files that belong to it.

A pack is data that a process owner edits; every mistake in it becomes a `Finding` with file, place and sentence.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.process_entries import (
    Cited,
    Entry,
    InactivityEntry,
    Named,
    PageEntry,
    ProcessEntry,
    PublicReportEntry,
    RegisterEntry,
)
from webapp.documents.sheets import Sheet
from webapp.engine import DefinitionError, Finding
from webapp.engine.yaml import load_yaml

MAX_FILE = 2_000_000
_PACK_SUFFIXES = (".bpmn", ".dmn", ".yaml")
# Forms of the common parts: as if the pack had them, unless it has one of that name.
_COMMON_FORMS = "common"
_CODE = re.compile(r"[a-z][a-z0-9_]{1,19}")


class InstitutionEntry(Named):
    code: str
    time_zone: str = "Asia/Shanghai"


class ProtectedMark(Cited):
    text: str
    ignore_case: bool = True


class Tier(Named):
    key: str


class Platform(Named):
    key: str
    group: bool = False
    id_label_zh: str = ""
    id_label_en: str = ""


class UnitKind(Named):
    key: str


class UnitEntry(Named):
    code: str
    kind: str
    parent: str | None = None


class RoleEntry(Named):
    key: str
    found: Literal["case_unit", "ancestor", "unit"]
    unit_kind: str | None = None
    unit: str | None = None


class NumberSeriesEntry(Entry):
    key: str
    format: str
    article: str = ""
    reason_zh: str = ""
    reason_en: str = ""


class Limits(Entry):
    attachment_mb: int = Field(10, ge=1, le=100)
    attachments: int = Field(10, ge=1, le=50)
    types: tuple[str, ...] = ("pdf", "png", "jpg", "docx", "xlsx")
    article: str = "not-stated"
    reason_zh: str = ""
    reason_en: str = ""


class Text(Cited):
    subject_zh: str
    body_zh: str
    subject_en: str = ""
    body_en: str = ""


class Pack(Entry):
    """The typed content of `pack.yaml`."""

    format: Literal[1]
    institution: InstitutionEntry
    lead_unit: str
    regulations: tuple[str, ...]
    protected_marks: tuple[ProtectedMark, ...] = ()
    tiers: tuple[Tier, ...] = ()
    platforms: tuple[Platform, ...]
    unit_kinds: tuple[UnitKind, ...]
    units: tuple[UnitEntry, ...]
    roles: tuple[RoleEntry, ...]
    processes: tuple[ProcessEntry, ...]
    number_series: tuple[NumberSeriesEntry, ...]
    limits: Limits = Limits()  # pyright: ignore[reportCallIssue]
    texts: dict[str, Text] = Field(default_factory=dict)
    sheets: tuple[Sheet, ...] = ()
    documents: tuple[str, ...] = ()
    campaigns: tuple[CampaignEntry, ...] = ()
    inactivity: InactivityEntry | None = None
    public_report: PublicReportEntry | None = None
    registers: tuple[RegisterEntry, ...] = ()
    pages: tuple[PageEntry, ...] = ()

    def platform(self, key: str) -> Platform | None:
        return next((entry for entry in self.platforms if entry.key == key), None)

    def process(self, key: str) -> ProcessEntry | None:
        return next((entry for entry in self.processes if entry.key == key), None)

    def role(self, key: str) -> RoleEntry | None:
        return next((entry for entry in self.roles if entry.key == key), None)

    def campaign(self, key: str) -> CampaignEntry | None:
        return next((entry for entry in self.campaigns if entry.key == key), None)

    def sheet(self, key: str) -> Sheet | None:
        return next((entry for entry in self.sheets if entry.key == key), None)

    def tier_name(self, key: str, locale: str) -> str:
        return next((tier.name(locale) for tier in self.tiers if tier.key == key), key)

    def series(self, key: str) -> NumberSeriesEntry | None:
        return next((entry for entry in self.number_series if entry.key == key), None)


def read_yaml(content: bytes, file: str) -> Any:
    """The data of a YAML file (safe subset only). Raises DefinitionError with the line of a mistake."""
    try:
        return load_yaml(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        problem = getattr(error, "problem", None) or type(error).__name__
        raise DefinitionError(
            (
                Finding(
                    file,
                    f"line {line}",
                    "yaml",
                    f"第 {line} 行不是合法的 YAML：{problem}",
                    f"Line {line} is not valid YAML: {problem}",
                ),
            )
        ) from None


def parse_pack(content: bytes, file: str = "pack.yaml") -> Pack:
    """`pack.yaml` as a `Pack`. Raises DefinitionError naming each wrong entry."""
    data = read_yaml(content, file)
    try:
        return Pack.model_validate(data)
    except ValidationError as error:
        raise DefinitionError(tuple(_finding(file, problem) for problem in error.errors())) from None


def _finding(file: str, problem: Any) -> Finding:
    place = ".".join(str(part) for part in problem["loc"]) or "(root)"
    return Finding(file, place, "pack", f"“{place}”不合要求：{problem['msg']}", f"“{place}” is wrong: {problem['msg']}")


def read_files(processes_dir: Path, forms_dir: Path, code: str) -> dict[str, bytes]:
    """Every file of the pack `code`: path inside the pack -> bytes; forms stand under `forms/`.

    Raises DefinitionError when the pack does not exist or a file is too large.
    """
    root = processes_dir / code
    if not _CODE.fullmatch(code) or not (root / "pack.yaml").is_file():
        sentence = f"没有名为“{code}”的流程包"
        raise DefinitionError((Finding(f"{code}/pack.yaml", "", "pack", sentence, f"There is no pack named {code}"),))
    found: dict[str, bytes] = {}
    sources = [
        (root, ""),
        (forms_dir / _COMMON_FORMS, "forms/"),
        (forms_dir / code, "forms/"),
        (processes_dir / "common", "common/"),
    ]
    for folder, prefix in sources:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            wanted = (".form",) if prefix == "forms/" else _PACK_SUFFIXES
            if path.is_file() and path.suffix in wanted:
                name = prefix + path.relative_to(folder).as_posix()
                if path.stat().st_size > MAX_FILE:
                    sentence = f"文件超过 {MAX_FILE} 字节"
                    finding = Finding(name, "", "size", sentence, f"The file is larger than {MAX_FILE} bytes")
                    raise DefinitionError((finding,))
                found[name] = path.read_bytes()
    return found


def pack_codes(processes_dir: Path) -> list[str]:
    """Codes of the packs found, in order."""
    return sorted(path.parent.name for path in processes_dir.glob("*/pack.yaml"))
