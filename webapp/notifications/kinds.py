"""What notices are about, by which channels they leave the house, and how often: the words of preferences."""

from __future__ import annotations

from flask_babel import gettext as _

EMAIL, WEBHOOK, INSIDE = "email", "webhook", "inside"
CHANNELS = (EMAIL, WEBHOOK)
AT_ONCE, DAILY, NONE = "once", "daily", "none"
MODES = (AT_ONCE, DAILY, NONE)
KINDS = ("task", "case", "reminder", "comment", "copy", "urge", "substitute", "handover")


def kind_names() -> dict[str, str]:
    """Each kind in a word or two."""
    return {
        "task": _("待办"),
        "case": _("办理结果"),
        "reminder": _("到期提醒"),
        "comment": _("留言与提问"),
        "copy": _("抄送"),
        "urge": _("催办"),
        "substitute": _("代理"),
        "handover": _("交接"),
    }


def kind_notes() -> dict[str, str]:
    """Each kind in a sentence."""
    return {
        "task": _("有事项到您这里，等您办理"),
        "case": _("您的申请有了结果，或流程要告诉您的事"),
        "reminder": _("您的待办快到期，或别人的已经逾期"),
        "comment": _("有人在事项上问您，或答复了您"),
        "copy": _("有人把事项抄送给您"),
        "urge": _("申请人或同事催您办理"),
        "substitute": _("由您代办、由人代您办理"),
        "handover": _("待办和账号交到您这里，或从您这里交出"),
    }


def mode_names() -> dict[str, str]:
    return {AT_ONCE: _("立即"), DAILY: _("每日汇总"), NONE: _("不发")}


def channel_names() -> dict[str, str]:
    return {EMAIL: _("邮件"), WEBHOOK: _("群机器人")}


def robot_names() -> dict[str, str]:
    """The chat programs whose robots are known."""
    return {"wecom": _("企业微信"), "dingtalk": _("钉钉"), "feishu": _("飞书")}
