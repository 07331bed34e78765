"""A list of the inbox as CSV: the rows and the order of the page, from its first to its last."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from webapp.inbox.listing import Item, draft_item
from webapp.inbox.lists import Listing
from webapp.inbox.queries import Page
from webapp.workdays import TimeLeft

MOST_ROWS = 5000
_AT_A_TIME = 250
# A spreadsheet would take these for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def lines(listing: Listing) -> Iterator[str]:
    """The file, a line at a time, with a byte order mark; behind the last row it says where it was cut off."""
    yield "\ufeff" + _line(_titles(listing))
    after, written = "", 0
    while True:
        page = listing.page_at(after, "", min(_AT_A_TIME, MOST_ROWS - written))
        for cells in _rows(listing, page):
            yield _line(cells)
            written += 1
        after = page.after
        if not after:
            return
        if written >= MOST_ROWS:
            yield _line([_("只导出前 %(n)s 件，后面还有；请缩小范围后再导出。", n=MOST_ROWS)])
            return


def _titles(listing: Listing) -> list[str]:
    if listing.view == "drafts":
        return [_("标题"), _("类别"), _("保存时间")]
    last = _("我的结论") if listing.view in ("done", "flowing") else _("轮次")
    names = [_("标题"), _("编号"), _("流程"), _("当前环节"), _("发起人"), _("发起单位"), _("到达时间")]
    return [*names, _("剩余时限"), _("截止"), last]


def _rows(listing: Listing, page: Page) -> Iterator[list[str]]:
    if listing.view == "drafts":
        for draft in page.rows:
            item = draft_item(draft, listing.moments)
            yield [item.title, item.kind, item.at]
        return
    for entry in listing.items_of(page):
        last = entry.decision if listing.view in ("done", "flowing") else str(entry.round)
        yield [*_case(entry), left_words(entry.left), entry.due, last]


def _case(item: Item) -> list[str]:
    return [item.title, item.reference, item.process, item.step, item.who, item.unit, item.at]


def left_words(left: TimeLeft | None) -> str:
    """What the mark on the page says."""
    if left is None:
        return ""
    if left.state == "paused":
        return str(_("停表"))
    days = left.working_days
    if left.state == "over":
        return str(_("超时 %(n)s 个工作日", n=abs(days)) if days else _("已超时"))
    return str(_("剩 %(n)s 个工作日", n=days) if days else _("今天到期"))


def _line(cells: Sequence[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in map(str, cells)])
    return written.getvalue()
