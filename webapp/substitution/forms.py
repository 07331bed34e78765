"""The form that appoints a substitute; its people are `PersonField`s beside it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, SelectField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from webapp.substitution.checks import LONGEST_NOTE

_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)


def _in_reach(form: FlaskForm, field: Any) -> None:
    """Days beyond any use come from a slip of the pen, or worse."""
    if field.data is not None and not _FIRST <= field.data <= _LAST:
        raise ValidationError(_("请核对年份"))


class DayField(DateField):
    """A day; what is no day is said so in our words."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError as wrong:
            raise ValueError(str(_("请写成 2026-11-20 的样子"))) from wrong


class AppointForm(FlaskForm):  # type: ignore[misc]
    """`process_key` "" is all processes."""

    process_key = SelectField(_("哪些流程"), validate_choice=True)
    valid_from = DayField(_("从"), [InputRequired(_("请写成 2026-11-20 的样子")), _in_reach])
    valid_to = DayField(_("到（含当天）"), [InputRequired(_("请写成 2026-11-20 的样子")), _in_reach])
    note = StringField(_("说明"), [Length(max=LONGEST_NOTE, message=_("不超过 200 字"))])

    @classmethod
    def over(cls, processes: list[tuple[str, str]], today: date) -> AppointForm:
        """The form with the pack's processes to choose from, beginning today."""
        form: AppointForm = cls(data={"valid_from": today, "process_key": ""})
        form.process_key.choices = [("", _("全部流程")), *processes]
        return form

    @property
    def days(self) -> tuple[date, date]:
        """From when to when, once the form is valid."""
        first, last = self.valid_from.data, self.valid_to.data
        assert isinstance(first, date)
        assert isinstance(last, date)
        return first, last
