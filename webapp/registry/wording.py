"""Measures and results of reviews in words."""

from __future__ import annotations

from flask_babel import gettext as _


def measure_names() -> dict[str, str]:
    """Kinds of measures; each in `measures.KINDS` has its name."""
    return {
        "accountability": _("问责"),
        "circular": _("通报"),
        "criticism": _("通报批评"),
        "closure_order": _("责令关停"),
        "referral": _("移送处理"),
        "legal_liability": _("追究法律责任"),
        "veto": _("一票否决"),
        "ineligible": _("取消评优资格"),
        "warning": _("警告"),
    }


def review_names() -> dict[str, str]:
    """Results of a review, as in `measures.RESULTS`."""
    return {
        "passed": _("合格"),
        "failed": _("不合格"),
        "rectify": _("限期整改"),
        "closing": _("予以关停"),
    }
