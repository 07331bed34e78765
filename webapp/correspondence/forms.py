"""What people post about a case: a comment or question, copies, an urging. As typed, with sentences by place."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from webapp.correspondence.picking import Picked, pick, row_of
from webapp.errors import Invalid
from webapp.organization.models import User

MOST_SENTENCES = 5


@dataclass
class Form:
    """`errors` holds a sentence for each place."""

    errors: dict[str, str] = field(default_factory=dict)

    def take(self, refused: Invalid) -> None:
        """Put the sentences of a refusal beside their fields."""
        for place, sentence in refused.details or (("form", refused.sentence),):
            self.errors[place] = sentence

    def take_picked(self, place: str, picked: Picked, posted: MultiDict[str, str]) -> None:
        """What is wrong with the people picked; several of one name are wrong only once the form is sent."""
        found = [*picked.errors, *(() if "refresh" in posted else picked.undecided)]
        if found:
            self.errors[place] = _("；").join(found[:MOST_SENTENCES])


@dataclass
class CommentForm(Form):
    words: str = ""
    asked: Picked = field(default_factory=Picked)
    reply_to: int | None = None
    task_id: int | None = None

    @classmethod
    def read(cls, user: User, posted: MultiDict[str, str]) -> CommentForm:
        form = cls(words=posted.get("words", ""), asked=pick(user, posted, "asked", several=False))
        form.reply_to, form.task_id = row_of(posted.get("reply_to", "")), row_of(posted.get("task", ""))
        form.take_picked("asked", form.asked, posted)
        for name, got in (("reply_to", form.reply_to), ("task", form.task_id)):
            if posted.get(name) and got is None:
                form.errors["form"] = _("这个请求不完整，请回到事项页重试")
        return form

    @property
    def asked_id(self) -> int | None:
        return self.asked.ids[0] if self.asked.chosen else None


@dataclass
class CopyForm(Form):
    note: str = ""
    people: Picked = field(default_factory=Picked)

    @classmethod
    def read(cls, user: User, posted: MultiDict[str, str]) -> CopyForm:
        form = cls(note=posted.get("note", ""), people=pick(user, posted, "people", several=True))
        form.take_picked("people", form.people, posted)
        return form


@dataclass
class UrgeForm(Form):
    words: str = ""
