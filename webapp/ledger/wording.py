"""Action tags in words, for pages."""

from __future__ import annotations

from flask_babel import gettext as _


def action_names() -> dict[str, str]:
    """Every action tag the product writes and what it is called; a tag missing here is shown as it stands."""
    return {
        "workflow:case:started": _("申请提交"),
        "workflow:case:withdrawn": _("申请撤销"),
        "workflow:task:answered": _("任务完成"),
        "workflow:task:claimed": _("认领"),
        "workflow:task:unclaimed": _("取消认领"),
        "workflow:task:reminded": _("到期提醒"),
        "workflow:task:escalated": _("逾期上报"),
        "workflow:task:rescheduled": _("时限重算"),
        "workflow:timer:fired": _("定时到点"),
        "registry:filing:lodged": _("提出备案"),
        "registry:filing:amended": _("备案内容更正"),
        "registry:filing:closed": _("备案办结"),
        "registry:decision:recorded": _("作出决定"),
        "registry:account:registered": _("账号登记"),
        "registry:account:revised": _("登记变更"),
        "registry:account:updated": _("登记更新"),
        "registry:measure:recorded": _("登记措施"),
        "registry:review:recorded": _("登记审查结果"),
        "registry:assessment:recorded": _("登记考核"),
        "bulletins:bulletin:published": _("发布简报"),
        "workflow:case:requested": _("请求发起"),
        "workflow:case:opened": _("系统发起"),
        "files:file:uploaded": _("上传附件"),
        "campaigns:campaign:planned": _("集中工作定期"),
        "campaigns:campaign:dropped": _("集中工作取消"),
        "campaigns:campaign:opened": _("集中工作开始"),
        "campaigns:campaign:ready": _("集中工作开启完毕"),
        "campaigns:campaign:tried_again": _("集中工作补开"),
        "campaigns:campaign:reminded": _("集中工作提醒"),
        "campaigns:campaign:closed": _("集中工作结束"),
        "campaigns:campaign:finished": _("集中工作善后完毕"),
        "campaigns:zero_report:filed": _("零报告"),
        "faults:fault:reported": _("故障上报"),
        "faults:fault:resolved": _("故障解除"),
        "definitions:pack:deployed": _("部署流程包"),
        "organization:person:added": _("加入人员"),
        "organization:role:granted": _("授予角色"),
        "organization:calendar:set": _("改工作日历"),
        "substitution:rule:appointed": _("设定代理"),
        "substitution:rule:revoked": _("撤销代理"),
        "handover:handover:ordered": _("下达离职交接"),
        "handover:line:done": _("离职交接办结一项"),
        "organization:person:deactivated": _("停用登录"),
        "organization:role:ended": _("终止角色"),
        "ledger:payload:erased": _("抹去个人信息"),
        "ledger:bundle:exported": _("导出账册"),
    }


def outcome_names() -> dict[str, str]:
    """Decisions and outcomes as events keep them."""
    return {
        "approve": _("同意"),
        "reject": _("不予"),
        "request_correction": _("退回补正"),
        "return": _("退回"),
        "receive": _("收存"),
        "submit": _("提交"),
        "approved": _("已通过"),
        "refused": _("未通过"),
        "received": _("已接收"),
        "recorded": _("已记录"),
        "withdrawn": _("已撤销"),
    }
