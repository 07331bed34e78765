"""The form that opens a campaign: its days as the pack proposes them, each of which may be changed."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import DateField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, ValidationError

from webapp.campaigns.commands import Wanted
from webapp.campaigns.dates import Dates

_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)


def _in_reach(form: FlaskForm, field: Any) -> None:
    """Days beyond any use come from a slip of the pen, or worse."""
    if field.data is not None and not _FIRST <= field.data <= _LAST:
        raise ValidationError(_("请核对年份"))


def _day(label: Any) -> DateField:
    """A day; what is no day is said so in our words."""
    return DateField(label, [InputRequired(_("请写成 2026-06-01 的样子")), _in_reach])


class OpenForm(FlaskForm):  # type: ignore[misc]
    period = StringField(_("周期"), [DataRequired(_("请写明周期")), Length(max=40, message=_("不超过 40 字"))])
    opens_on = _day(_("开始日"))
    last_day = _day(_("截止日"))


def open_form(windows: list[dict[str, Any]], locale: str) -> type[OpenForm]:
    """The form with two days for each window of the campaign."""
    fields: dict[str, Any] = {}
    for window in windows:
        name = (window["name_en"] or window["name_zh"]) if locale == "en" else window["name_zh"]
        fields[f"{window['key']}_first"] = _day(_("%(name)s：第一天", name=name))
        fields[f"{window['key']}_last"] = _day(_("%(name)s：最后一天", name=name))
    return type("WindowedOpenForm", (OpenForm,), fields)


def proposed_values(proposal: Dates, period: str) -> dict[str, Any]:
    """The form's values as the pack proposes them."""
    values: dict[str, Any] = {"period": period, "opens_on": proposal.opens_on, "last_day": proposal.last_day}
    for window in proposal.windows:
        for end in ("first", "last"):
            values[f"{window['key']}_{end}"] = date.fromisoformat(window[end])
    return values


def wanted_of(form: OpenForm, windows: list[dict[str, Any]]) -> Wanted:
    """What a valid form asks for."""
    keys = [window["key"] for window in windows]
    days = {key: (form[f"{key}_first"].data, form[f"{key}_last"].data) for key in keys}
    opens_on, last_day = form.opens_on.data, form.last_day.data
    assert isinstance(opens_on, date) and isinstance(last_day, date)  # noqa: PT018 - a valid form has both
    return Wanted(opens_on, last_day, str(form.period.data).strip(), days)
