"""Forms of the page on which people say how they want to be told."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import PasswordField, RadioField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined] # the stubs are older
from wtforms.validators import DataRequired, Length

from webapp.notifications.addresses import LONGEST
from webapp.notifications.kinds import CHANNELS, KINDS, channel_names, kind_names, mode_names
from webapp.notifications.webhooks import LONGEST_NAME, LONGEST_SECRET
from webapp.notifications.wishes import Wanted


class PreferencesForm(FlaskForm):  # type: ignore[misc]
    """A choice for each kind of notice and channel, named "kind_channel"."""

    @staticmethod
    def showing(held: Wanted, *, posted: bool = False) -> PreferencesForm:
        """The form as the person's preferences stand, or as it was `posted`."""
        given: dict[str, Any] = {"data": {f"{kind}_{channel}": mode for (kind, channel), mode in held.items()}}
        form: PreferencesForm = _MADE(**given) if posted else _MADE(formdata=None, **given)
        kinds, channels = kind_names(), channel_names()
        choices = [SelectChoice(mode, name) for mode, name in mode_names().items()]
        for kind, channel in held:
            field = form[f"{kind}_{channel}"]
            field.choices = choices
            field.label.text = f"{kinds[kind]} · {channels[channel]}"
        return form

    @property
    def wanted(self) -> dict[tuple[str, str], str]:
        """What was chosen, once the form is valid."""
        return {(kind, channel): str(self[f"{kind}_{channel}"].data) for kind in KINDS for channel in CHANNELS}


# The fields of a form are found when its class is made.
_FIELDS = {f"{kind}_{channel}": SelectField(choices=[]) for kind in KINDS for channel in CHANNELS}
_MADE = type("_PreferencesForm", (PreferencesForm,), _FIELDS)


class WebhookForm(FlaskForm):  # type: ignore[misc]
    """A robot of a chat group. Address and secret are never shown again, not even beside an error."""

    kind = RadioField(
        _l("哪一家"),
        [DataRequired(_l("请选定一家"))],
        choices=[
            SelectChoice("wecom", _l("企业微信")),
            SelectChoice("dingtalk", _l("钉钉")),
            SelectChoice("feishu", _l("飞书")),
        ],
    )
    name = StringField(_l("名称"), [Length(max=LONGEST_NAME, message=_l("不超过 60 字"))])
    url = StringField(
        _l("Webhook 地址"),
        [DataRequired(_l("请填写地址")), Length(max=LONGEST, message=_l("地址太长，请从群机器人的设置页复制"))],
    )
    secret = PasswordField(
        _l("加签密钥"), [Length(max=LONGEST_SECRET, message=_l("密钥太长，请从群机器人的设置页复制"))]
    )

    def forget(self) -> None:
        """Before the page is shown again."""
        self.url.data = ""
