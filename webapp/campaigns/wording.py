"""Words of the campaign pages: how an item stands, when a reminder is sent."""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.campaigns.reminding import OVERDUE
from webapp.workdays import span


def status_names() -> dict[str, str]:
    """How an item stands, in words."""
    return {
        "problem": _("未能开启"),
        "waiting": _("开启中"),
        "unfiled": _("未提交"),
        "overdue": _("逾期"),
        "filed": _("办理中"),
        "passed": _("通过"),
        "failed": _("未通过"),
        "zero": _("零报告"),
    }


def reminder_name(text: str) -> str:
    """ "7 days" in words."""
    if text == OVERDUE:
        return str(_("截止后告知牵头部门"))
    n, unit = span(text)
    words = {
        "days": _("截止前 %(n)s 天", n=n),
        "working_days": _("截止前 %(n)s 个工作日", n=n),
        "weeks": _("截止前 %(n)s 周", n=n),
        "months": _("截止前 %(n)s 个月", n=n),
        "hours": _("截止前 %(n)s 小时", n=n),
    }
    return str(words[unit])
