"""A layout, a sheet and workbooks that tests share."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

import xlsxwriter

from webapp.documents.layout import Layout, parse_layout
from webapp.documents.sheets import Sheet

LAYOUT = """
key: sample_form
title_zh: 校园新媒体平台学年审查表
process: new_account
article: wzpt-11.7
number: case.number
copies: 2
holders: [党委宣传部, 创建单位]
columns: [3, 4, 3, 4]
rows:
  - [{label: 新媒体名称}, {value: Application.name, span: 3}]
  - [{label: 类型}, {boxes: {subscription: 订阅号, service: 服务号}, value: Application.kind, span: 3}]
  - repeat: Application.operators
    least: 3
    header: [序号, 姓名, 职务, 电话]
    cells: [{index: true}, {value: row.name}, {value: row.post}, {value: row.phone}]
  - [{label: 定位}, {value: Application.purpose, span: 3}]
  - [{label: 部门意见, height: 3}, {opinion: UnitOpinion, sign: 负责人签字（盖章）, span: 3}]
notes: [注：本表一式两份。]
"""


def layout(text: str = LAYOUT) -> Layout:
    return parse_layout(text.encode(), "documents/sample_form.yaml")


def sheet() -> Sheet:
    """The columns of zzlg's 报备表."""
    kinds = {"wechat_group": "微信群", "qq_group": "QQ群", "wechat_official": "微信公众号", "weibo": "微博公众号"}
    columns = [
        {"key": "unit", "title_zh": "单位/组织名称", "title_en": "Unit", "required": True},
        {"key": "platform", "title_zh": "新媒体类别", "kind": "checkbox_choice", "choices": kinds, "required": True},
        {"key": "name", "title_zh": "新媒体名称", "required": True, "max": 20},
        {"key": "size", "title_zh": "人数（报备当天人数）", "kind": "number"},
        {"key": "since", "title_zh": "开通日期", "kind": "date"},
        {"key": "phone", "title_zh": "负责人电话", "kind": "phone"},
    ]
    named = {"key": "filing_table", "name_zh": "新媒体报备表", "article": "zzlg-N2"}
    return Sheet.model_validate({**named, "columns": columns})


TITLES = [column.title_zh for column in sheet().columns]
GOOD = ["实训中心", "□微信群 ☑QQ群\n□微信公众号□微博公众号", "工作群", "群人数：9", "2026-03-02", "13800000000"]


def workbook(rows: Sequence[Sequence[Any]], formulas: Sequence[tuple[int, int, str, Any]] = ()) -> bytes:
    """An .xlsx with these cells; `formulas`: (row, column, formula, saved result)."""
    made = BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    page = book.add_worksheet()
    for number, row in enumerate(rows):
        for n, value in enumerate(row):
            page.write(number, n, value)
    for number, n, formula, result in formulas:
        page.write_formula(number, n, formula, None, result)
    book.close()
    return made.getvalue()
