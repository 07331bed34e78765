"""What kinds of clauses are called."""

from __future__ import annotations

from flask_babel import gettext as _


def kind_names() -> dict[str, str]:
    """Every kind of clause in the language of the page."""
    return {
        "step": _("环节"),
        "rule": _("规则"),
        "deadline": _("期限"),
        "role": _("职责"),
        "form": _("表格"),
        "calendar": _("日程"),
        "register": _("登记"),
        "sanction": _("处置"),
        "notice": _("通知"),
        "undertaking": _("承诺"),
    }
