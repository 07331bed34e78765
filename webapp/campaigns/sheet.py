"""The board as a spreadsheet: one row for each item the reader may see. Every cell is text, never a formula."""

from __future__ import annotations

import io

import xlsxwriter
from flask_babel import gettext as _

from webapp.campaigns import queries
from webapp.campaigns.board import Board
from webapp.campaigns.queries import ItemFilter
from webapp.campaigns.wording import status_names
from webapp.definitions.names import PackNames

BATCH = 1000


def workbook(board: Board, wanted: ItemFilter, names: PackNames) -> bytes:
    """The workbook as bytes, with the items the filter asks for, in the order they were opened."""
    file = io.BytesIO()
    made = xlsxwriter.Workbook(file, {"in_memory": True, "constant_memory": False, "strings_to_formulas": False})
    sheet = made.add_worksheet(_("进度"))
    bold = made.add_format({"bold": True, "bottom": 1})
    heads = [_("名称"), _("平台"), _("单位"), _("状态"), _("提交时间"), _("是否逾期提交"), _("编号")]
    for column, (head, width) in enumerate(zip(heads, (32, 14, 28, 10, 18, 14, 24), strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, head, bold)
    sheet.freeze_panes(1, 0)
    words, line, after = status_names(), 0, 0
    while rows := queries.rows(board.user, board.campaign, wanted, board.moments.now, after=after, limit=BATCH):
        for row in rows:
            line += 1
            case = row.instance
            filed = board.moments.date(row.filed_at) if row.filed_at else ""
            cells = [
                row.item.name,
                names.platform(row.item.platform) if row.item.platform else "",
                (row.unit.name_en or row.unit.name_zh) if board.moments.locale == "en" else row.unit.name_zh,
                words[row.status],
                filed,
                _("是") if row.late else "",
                case.reference if case else "",
            ]
            for column, text in enumerate(cells):
                sheet.write_string(line, column, str(text))
        after = rows[-1].item.id
    sheet.autofilter(0, 0, max(line, 1), len(heads) - 1)
    made.close()
    return file.getvalue()
