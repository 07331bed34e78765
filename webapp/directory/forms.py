"""The form by which anybody reports an account that passes itself off as the school's, or what it published."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # the stubs are older
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

KINDS = (
    ("impostor", _("冒用学校或部门名义的账号")),
    ("harmful", _("有害、违法或不实的内容")),
    ("error", _("一般有误的信息")),
)


class ReportForm(FlaskForm):  # type: ignore[misc]
    """A report from the public. `today` is the institution's day; `website` is a trap for programs."""

    kind = RadioField(
        _("报告什么"), [InputRequired(_("请选一项"))], choices=[SelectChoice(value, text) for value, text in KINDS]
    )
    name = StringField(_("账号名称"), [DataRequired(_("请填写账号名称")), Length(max=80, message=_("不超过 80 字"))])
    platform = SelectField(_("平台"), [InputRequired(_("请选平台"))])
    place = StringField(
        _("网址、账号或出处"), [DataRequired(_("请写明在哪里看到的")), Length(max=300, message=_("不超过 300 字"))]
    )
    found_on = DateField(_("看到的日期"), [InputRequired(_("请选日期"))])
    description = TextAreaField(
        _("情况"), [DataRequired(_("请写明情况")), Length(max=1500, message=_("不超过 1500 字"))]
    )
    contact = StringField(_("联系方式"), [Optional(), Length(max=80, message=_("不超过 80 字"))])
    website = StringField(_("请留空"))
    today: date

    def validate_found_on(self, field: DateField) -> None:
        if field.data is not None and field.data > self.today:
            raise ValidationError(str(_("日期不能晚于今天")))

    @property
    def report(self) -> dict[str, Any]:
        """What was said, as expressions of a pack read it under `report`."""
        said = {name: self[name].data or "" for name in ("kind", "name", "platform", "place", "description", "contact")}
        return {**said, "found_on": self.found_on.data.isoformat() if self.found_on.data else ""}
