"""What kinds of elements and of findings are called."""

from __future__ import annotations

from flask_babel import gettext as _

_WORDS = {
    "step": "step",
    "operation": "operation",
    "decision": "table task",
    "call": "call",
    "block": "block",
    "event": "event",
    "timer": "timer",
    "gateway": "gateway",
    "flow": "flow",
    "deadline": "deadline",
    "table": "table",
    "row": "table row",
    "field": "form field",
    "rule": "form rule",
    "process": "process",
    "role": "role",
    "platform": "platform",
    "tier": "tier",
    "mark": "protected mark",
    "text": "text",
    "series": "number series",
    "limits": "limit",
    "campaign": "campaign",
    "window": "campaign window",
    "closing": "closing of a campaign",
    "inactivity": "inactivity",
    "sheet": "sheet",
    "document": "official form",
    "register": "register field",
    "report": "reports from the public",
    "page": "page",
}


def kind_words(kind: str) -> str:
    """The kind in plain English, for the command line."""
    return _WORDS.get(kind, kind)


def kind_names() -> dict[str, str]:
    """Every kind in the language of the page, in the order a filter shows them."""
    return {
        "step": _("环节"),
        "operation": _("系统执行"),
        "decision": _("查决策表"),
        "call": _("调用流程"),
        "block": _("会签段"),
        "event": _("起止事件"),
        "timer": _("到期转出"),
        "gateway": _("分支点"),
        "flow": _("分支"),
        "deadline": _("期限"),
        "table": _("决策表"),
        "row": _("决策表规则"),
        "field": _("表单字段"),
        "rule": _("表单校验"),
        "process": _("流程"),
        "role": _("角色"),
        "platform": _("平台类别"),
        "tier": _("平台级别"),
        "mark": _("受保护字样"),
        "text": _("通知文字"),
        "series": _("编号"),
        "limits": _("附件限制"),
        "campaign": _("集中工作"),
        "window": _("集中工作阶段"),
        "closing": _("集中工作结束"),
        "inactivity": _("久未更新"),
        "sheet": _("电子表格"),
        "document": _("正式表格"),
        "register": _("登记项"),
        "report": _("公众举报"),
        "page": _("页面"),
    }


def page_names() -> dict[str, str]:
    """The pages a pack may name."""
    return {
        "directory": _("公开名录"),
        "public_report": _("社会公众举报"),
        "bulletins": _("通报"),
        "campaigns": _("集中工作"),
        "account": _("账号页"),
        "measures": _("处理措施"),
    }


def finding_names() -> dict[str, str]:
    """What is missing, by the finding's rule."""
    return {
        "clause-without-element": _("条款没有落实"),
        "element-without-clause": _("没有写依据"),
        "clause-without-scenario": _("条款没有情景"),
        "unreadable": _("读不出来"),
    }
