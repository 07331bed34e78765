"""Which columns the register has as a spreadsheet."""

from __future__ import annotations

from typing import Any, Final

from webapp.definitions.packs import Pack
from webapp.documents.sheets import Sheet, SheetColumn, plain

# What a pack's sheet must have to stand for the register.
NEEDED: Final = frozenset({"unit", "platform", "name"})
# What packs call these columns too.
ALSO: Final = {"unit": ("unit_name",), "directly_responsible": ("responsible",), "responsible_phone": ("phone",)}
STATES: Final = {"active": "在用", "rectification": "整改中", "suspended": "暂停", "deregistered": "已注销"}


def register_sheet(pack: Pack) -> Sheet:
    """The columns of the pack's own sheet (the first with unit, platform and name), followed by what else the register
    holds; without one, ours. Columns the own sheet has not may be missing from what is uploaded.
    """
    own = next((sheet for sheet in map(_named, pack.sheets) if {c.key for c in sheet.columns} >= NEEDED), None)
    ours = _columns(pack)
    if own is None:
        return Sheet(key="register", name_zh="新媒体账号登记册", name_en="Register of media accounts", columns=ours)
    keys, titles = {c.key for c in own.columns}, {plain(c.title_zh) for c in own.columns}
    columns = [_any_platform(column, pack) if column.key == "platform" else column for column in own.columns]
    columns += [c for c in ours if c.key not in keys and plain(c.title_zh) not in titles]
    return own.model_copy(update={"columns": tuple(columns)})


def _named(sheet: Sheet) -> Sheet:
    """The sheet with its columns under the register's keys."""
    keys = {column.key for column in sheet.columns}
    renamed = {other: key for key, others in ALSO.items() if key not in keys for other in others}
    columns = (c.model_copy(update={"key": renamed.get(c.key, c.key)}) for c in sheet.columns)
    return sheet.model_copy(update={"columns": tuple(columns)})


def _any_platform(column: SheetColumn, pack: Pack) -> SheetColumn:
    """The column of platforms with every platform of the pack beside those it names."""
    taken = {plain(title) for title in column.choices.values()}
    more = {
        entry.key: entry.name_zh
        for entry in pack.platforms
        if entry.key not in column.choices and plain(entry.name_zh) not in taken
    }
    return column.model_copy(update={"kind": "choice", "choices": {**column.choices, **more}})


def _columns(pack: Pack) -> tuple[SheetColumn, ...]:
    def column(key: str, zh: str, en: str, **more: Any) -> SheetColumn:
        return SheetColumn(key=key, title_zh=zh, title_en=en, may_lack=key not in NEEDED, **more)

    columns = [
        column("filing_number", "备案号", "Filing number", max=60, help_zh="没有的留空，系统编号。"),
        column("unit", "主办单位", "Sponsor", required=True, max=100, help_zh="填单位名称或代码。"),
        column(
            *("platform", "平台", "Platform"),
            kind="choice",
            required=True,
            choices={entry.key: entry.name_zh for entry in pack.platforms},
        ),
        column("name", "账号名称", "Name", required=True, max=120),
        column("platform_account_id", "平台号", "Account ID", max=120),
        column("url", "网址", "Address", max=400),
        column("purpose", "定位", "Purpose", max=500),
        column("followers", "关注人数（群填成员数）", "Followers or members", kind="number", max=10**9),
        column("first_responsible", "第一责任人", "First responsible person", max=60),
        column("directly_responsible", "直接责任人", "Person directly responsible", max=60),
        column("responsible_phone", "联系电话", "Telephone", kind="phone"),
        column("state", "状态", "State", kind="choice", choices=STATES),
        column("remarks", "备注", "Remarks", max=500),
    ]
    if pack.tiers:
        tiers = {entry.key: entry.name_zh for entry in pack.tiers}
        columns.insert(4, column("tier", "级别", "Tier", kind="choice", choices=tiers))
    return tuple(columns)
