"""Who acts at a step of a case: the role's name, and the people who hold it where the pack says it is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _

from webapp.definitions.packs import Pack
from webapp.engine import Element
from webapp.organization.models import Unit, User
from webapp.workflow.models import ProcessInstance
from webapp.workflow.seats import role_holders

MOST_NAMES = 2


@dataclass
class Actors:
    """Answers for one case (or for one about to be filed, then an instance that is not stored)."""

    pack: Pack
    instance: ProcessInstance
    applicant: User
    locale: str
    now: datetime
    _names: dict[str, list[str]] = field(default_factory=dict)

    def at(self, element: Element, role: str = "") -> str:
        """One or two names, else the role and how many hold it. `role`: the one an open task was given to."""
        if element.assignee == "applicant":
            return person_name(self.applicant, self.locale)
        if not element.candidate_groups:
            return str(_("指定人员"))
        decided = role in element.candidate_groups
        if element.role_expression is not None and len(element.candidate_groups) > 1 and not decided:
            roles = [self.role(key) for key in element.candidate_groups]
            return "、".join(roles) if self.locale == "zh" else ", ".join(roles)
        role = role if decided else element.candidate_groups[0]
        names = self._holders(role)
        if 0 < len(names) <= MOST_NAMES:
            return "、".join(names) if self.locale == "zh" else ", ".join(names)
        return str(_("%(role)s（%(n)s 人）", role=self.role(role), n=len(names)))

    def role(self, key: str) -> str:
        """A role's name; the applicant and a named person have none of the pack's."""
        if key == "applicant":
            return str(_("申请人"))
        entry = self.pack.role(key)
        return entry.name(self.locale) if entry else ""

    def _holders(self, role: str) -> list[str]:
        if role not in self._names:
            found = role_holders(self.pack, role, self.instance, self.now)
            self._names[role] = [person_name(user, self.locale) for user in found]
        return self._names[role]


def person_name(user: User | None, locale: str) -> str:
    """A person's name in the page's language; "" for nobody."""
    if user is None:
        return ""
    return user.name_en or user.name_zh if locale == "en" else user.name_zh


def unit_name(unit: Unit | None, locale: str) -> str:
    if unit is None:
        return ""
    return unit.name_en or unit.name_zh if locale == "en" else unit.name_zh


def step_name(element: Element | None, locale: str, fallback: str = "") -> str:
    """The name of a step as drawn, or its English property."""
    if element is None:
        return fallback
    return (element.properties.get("name_en") if locale == "en" else "") or element.name or fallback
