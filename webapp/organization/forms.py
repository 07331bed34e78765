"""Forms of the login page and the calendar."""

from __future__ import annotations

from datetime import date

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, HiddenField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # the stubs are older
from wtforms.validators import DataRequired, InputRequired, Length


class LoginForm(FlaskForm):  # type: ignore[misc]
    username = StringField(_("账号名"), [DataRequired(_("请填写账号名")), Length(max=80)])
    password = PasswordField(_("密码"), [DataRequired(_("请填写密码")), Length(max=200)])
    next = HiddenField()


class DayForm(FlaskForm):  # type: ignore[misc]
    """One day of the working calendar, set by hand."""

    day = DateField(_("日期"), [InputRequired(_("请选日期"))])
    workday = RadioField(
        _("这一天"),
        [InputRequired(_("请选上班还是放假"))],
        choices=[SelectChoice("yes", _("上班")), SelectChoice("no", _("放假"))],
    )
    note = StringField(
        _("缘由"), [DataRequired(_("请写明缘由，如校历或通知的文号")), Length(max=100, message=_("不超过 100 字"))]
    )

    @property
    def picked(self) -> date:
        """The day, once the form is valid."""
        day = self.day.data
        assert isinstance(day, date)
        return day
