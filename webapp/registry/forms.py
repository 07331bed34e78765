"""The form of an account's page."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField
from wtforms.validators import InputRequired


class UpdateForm(FlaskForm):  # type: ignore[misc]
    """登记更新: the day the account last put something out."""

    updated_on = DateField(_("更新日期"), [InputRequired(_("请选更新日期"))])

    @property
    def picked(self) -> date:
        """The day, once the form is valid."""
        day = self.updated_on.data
        assert isinstance(day, date)
        return day
