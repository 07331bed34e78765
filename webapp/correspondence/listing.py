"""The list of copies to a person, by pages, and what was ticked in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from flask import url_for
from werkzeug.datastructures import MultiDict

from webapp.cases.actors import person_name
from webapp.cases.moments import Moments
from webapp.correspondence import queries
from webapp.correspondence.models import Copy
from webapp.correspondence.picking import row_of
from webapp.correspondence.queries import PAGE, Key
from webapp.organization.models import User

VIEWS = ("all", "unread")


@dataclass
class CopyList:
    """One page of them. `asked` is the query string: view, after."""

    user: User
    moments: Moments
    asked: Mapping[str, str]

    @property
    def view(self) -> str:
        wanted = self.asked.get("view", "")
        return wanted if wanted in VIEWS else VIEWS[0]

    @property
    def after(self) -> Key | None:
        return key_of(self.asked.get("after", ""))

    @cached_property
    def _found(self) -> list[Copy]:
        only = self.view == "unread"
        return list(queries.copies_to(self.user, unread_only=only, after=self.after, limit=PAGE + 1))

    @property
    def items(self) -> list[Copy]:
        return self._found[:PAGE]

    @cached_property
    def unread(self) -> int:
        return queries.count_unread_copies(self.user)

    @property
    def next_href(self) -> str:
        if len(self._found) <= PAGE:
            return ""
        last = self._found[PAGE - 1]
        after = f"{'read' if last.read_at else 'unread'}-{last.id}"
        return url_for("correspondence.copies", view=self.view, after=after)

    def title(self, copy: Copy) -> str:
        case = copy.instance
        return case.title_en or case.title_zh if self.moments.locale == "en" else case.title_zh

    def name(self, user: User) -> str:
        return person_name(user, self.moments.locale)


def key_of(text: str) -> Key | None:
    """A place in the list as its address has it ("unread-17"); None for anything else."""
    found = re.fullmatch(r"(read|unread)-([0-9]{1,9})", text)
    return (found[1] == "read", int(found[2])) if found else None


def ticked(posted: MultiDict[str, str]) -> list[int]:
    """The copies to mark: the one whose button was pressed, else all that are ticked; what is no number is dropped."""
    texts = [posted["one"]] if "one" in posted else posted.getlist("copy")
    return [number for number in map(row_of, texts) if number is not None]
