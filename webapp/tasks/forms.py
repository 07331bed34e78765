"""What is posted to hand a task on, and to oversee cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length

from webapp.workflow.binding import row_number_of

MAX_NOTE = 500
MAX_SEARCH = 60
MOST_PEOPLE = 10


@dataclass
class HandForm:
    """As typed: `users` are the ids of those picked. `errors` by place: "to", "note"."""

    users: tuple[int, ...] = ()
    note: str = ""
    search: str = ""
    seat_version: int = 0
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, posted: MultiDict[str, str], version: int, *, several: bool) -> HandForm:
        """What was posted; `version` stands in where the page named none."""
        users = tuple(dict.fromkeys(filter(None, map(row_number_of, posted.getlist("to")))))
        stated = posted.get("seat_version", "")
        seen = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 10 else 0
        return cls(
            users=users[: MOST_PEOPLE + 1] if several else users[:1],
            note=posted.get("note", "").replace("\r\n", "\n").strip(),
            search=posted.get("q", "").strip()[:MAX_SEARCH],
            seat_version=seen if "seat_version" in posted else version,
        )

    def check(self, people: Mapping[int, Any]) -> bool:
        """Judge what can be judged without the command; `people` are those known among the picked."""
        if not self.users:
            self.errors["to"] = _("请选定交给谁")
        elif len(self.users) > MOST_PEOPLE:
            self.errors["to"] = _("一次最多请 %(n)s 人", n=MOST_PEOPLE)
        elif any(user not in people for user in self.users):
            self.errors["to"] = _("所选的人不在可选之列，请重新选定")
        if len(self.note) > MAX_NOTE:
            self.errors["note"] = _("说明最长 %(n)s 字", n=MAX_NOTE)
        return not self.errors

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the control, sentence) for the list of errors."""
        return list(self.errors.items())


class OverseeForm(FlaskForm):  # type: ignore[misc]
    """Why a case is suspended, set going again or ended."""

    reason = TextAreaField(
        _l("事由"),
        validators=[DataRequired(_l("请写明事由")), Length(max=MAX_NOTE, message=_l("事由最长 500 字"))],
    )


class ReassignForm(FlaskForm):  # type: ignore[misc]
    """To whom a seat goes whose holder is away, and why."""

    to = SelectField(_l("交给"), coerce=int, validators=[InputRequired(_l("请选定交给谁"))])
    note = TextAreaField(
        _l("事由"),
        validators=[DataRequired(_l("请写明事由")), Length(max=MAX_NOTE, message=_l("事由最长 500 字"))],
    )
