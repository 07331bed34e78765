"""Forms of the register's import."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, FileField, HiddenField, SubmitField


class ImportForm(FlaskForm):  # type: ignore[misc]
    """First the file; then its key, and the word that it is to be registered."""

    file = FileField(_l("表格（.xlsx）"))
    key = HiddenField()
    skip = BooleanField(_l("略过已经登记过的行"))
    confirm = SubmitField(_l("登记"))
