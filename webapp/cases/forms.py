"""The forms of the case page."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length


class CancelForm(FlaskForm):  # type: ignore[misc]
    """撤销: the applicant says why."""

    reason = TextAreaField(
        _("撤销的理由"),
        validators=[DataRequired(_("请写明撤销的理由")), Length(max=500, message=_("理由最长 500 字"))],
    )
