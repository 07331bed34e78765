"""Forms of the fault pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length


class ResolveForm(FlaskForm):  # type: ignore[misc]
    note = TextAreaField(
        _("怎样处理的"), [DataRequired(_("请写明怎样处理的")), Length(max=500, message=_("不超过 500 字"))]
    )
