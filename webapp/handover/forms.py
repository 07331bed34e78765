"""The form that orders a hand-over, below the preview of what is handed over."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import DataRequired, Length

from webapp.handover.commands import MOST_WORDS


class OrderForm(FlaskForm):  # type: ignore[misc]
    leaver = HiddenField()
    successor = HiddenField()
    reason = TextAreaField(
        _("缘由"), [DataRequired(_("请写明缘由")), Length(max=MOST_WORDS, message=_("不超过 500 字"))]
    )
