"""The page on which a task is handed on: whom to, with which words, and what happens then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name, unit_name
from webapp.cases.casefile import CaseFile
from webapp.cases.route import RouteStep
from webapp.organization.models import User
from webapp.organization.queries import people
from webapp.tasks.forms import HandForm
from webapp.tasks.offers import effect_of, label_of, obstacle_to, outlook
from webapp.tasks.queries import colleagues, successors
from webapp.workflow.models import Seat

SHOWN = 20


@dataclass(frozen=True)
class Candidate:
    """One person to pick: `about` is unit and login."""

    id: int
    name: str
    about: str
    picked: bool


@dataclass
class Sheet:
    """`way` is transfer, delegate, before or after."""

    file: CaseFile
    seat: Seat
    way: str
    form: HandForm

    @property
    def label(self) -> str:
        return label_of(self.way)

    @property
    def effect(self) -> str:
        return effect_of(self.way)

    @property
    def several(self) -> bool:
        """Whether more than one person may be picked."""
        return self.way in ("before", "after")

    @property
    def step(self) -> str:
        element = self.file.definition.elements.get(self.seat.task.element)
        return step_name(element, self.file.locale, self.seat.task.name)

    @cached_property
    def obstacle(self) -> str:
        return obstacle_to(self.file, self.seat, self.way)

    @cached_property
    def picked(self) -> dict[int, User]:
        """Those picked who are people of the institution; a transfer only goes to who may act."""
        ids = self.form.users
        if self.way == "transfer":
            return {user.id: user for user in self._successors if user.id in ids}
        return {user.id: user for user in people(self.file.reader.institution_id, ids=ids)} if ids else {}

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Those picked first, then those found; with one to pick from, that one is picked."""
        found = self._found
        if len(found) == 1 and not self.form.users and self.way == "transfer":
            self.form.users = (found[0].id,)
        rows = {user.id: user for user in [*self.picked.values(), *found]}
        return [self._candidate(user) for user in rows.values()]

    @property
    def names(self) -> list[str]:
        """Of those picked so far."""
        return [row.name for row in self.candidates if row.picked]

    @property
    def nobody(self) -> str:
        """The words for whom it goes to while nobody is picked."""
        return str(_("所选的人"))

    @property
    def outlook(self) -> list[RouteStep]:
        return outlook(self.file, self.seat, self.way, self.names)

    @property
    def them(self) -> str:
        """The title of the step in the outlook that stands for those picked."""
        return ("、" if self.file.locale == "zh" else ", ").join(self.names) or self.nobody

    @cached_property
    def _successors(self) -> Sequence[User]:
        return successors(self.file.reader, self.seat)

    @cached_property
    def _found(self) -> list[User]:
        if self.way != "transfer":
            return list(colleagues(self.file.reader, self.seat, self.form.search, limit=SHOWN))
        text = self.form.search.casefold()
        names = ((user, f"{user.name_zh} {user.name_en} {user.username}".casefold()) for user in self._successors)
        return [user for user, name in names if text in name][:SHOWN]

    def _candidate(self, user: User) -> Candidate:
        about = "　".join(part for part in (unit_name(user.unit, self.file.locale), user.username) if part)
        return Candidate(user.id, person_name(user, self.file.locale), about, user.id in self.form.users)


def first_words(way: str, step: str) -> str:
    """What the note starts from; the person writes on or over it."""
    words = {
        "transfer": _("请接着办理「%(step)s」。", step=step),
        "delegate": _("请就「%(step)s」给出意见。", step=step),
        "before": _("请就「%(step)s」给出意见。", step=step),
        "after": _("请确认我在「%(step)s」的决定。", step=step),
    }
    return str(words[way])
