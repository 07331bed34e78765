"""The page that starts a case: its form, and the route the application will take as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from webapp.cases.actors import Actors, step_name
from webapp.cases.citations import Citations
from webapp.cases.durations import Durations
from webapp.cases.forecast import Forecast, Trial
from webapp.cases.moments import Moments
from webapp.cases.route import RouteStep, ahead_note, limit_text, shown
from webapp.cases.terms import Term, term_to_be
from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.models import ProcessDefinition
from webapp.definitions.process_entries import ProcessEntry
from webapp.engine import Definition, Element
from webapp.formkit import BoundForm
from webapp.inbox.forms import typed_out_of_sight
from webapp.organization.models import User
from webapp.organization.queries import unit as unit_by_id
from webapp.workflow.binding import start_element
from webapp.workflow.context import specs
from webapp.workflow.deadlines import Clock
from webapp.workflow.facts import unit_facts
from webapp.workflow.lodging import LastDay, last_day
from webapp.workflow.models import ProcessInstance
from webapp.workflow.titles import titles


@dataclass
class Opening:
    """A start form for one person. `key` is the submission key the form carries; `saved_at` the draft's moment."""

    user: User
    row: ProcessDefinition
    bound: BoundForm
    moments: Moments
    key: str
    saved_at: datetime | None = None
    attempted: bool = False

    @cached_property
    def bundle(self) -> Bundle:
        return definitions.bundle(self.row.deployment)

    @property
    def process(self) -> ProcessEntry:
        return self.bundle.process(self.row.key)

    @property
    def name(self) -> str:
        return self.process.name(self.moments.locale)

    @property
    def element(self) -> Element:
        return start_element(self.bundle, self.row.key)

    @property
    def hint(self) -> str:
        properties = self.element.properties
        return properties.get(f"hint_{self.moments.locale}") or properties.get("hint_zh") or ""

    @property
    def saved(self) -> str:
        return str(_("草稿已存 %(at)s", at=self.moments.clock(self.saved_at)) if self.saved_at else _("边填边存"))

    @cached_property
    def cite(self) -> Citations:
        codes = [code for spec in self.bound.schema.fields for code in spec.basis.articles]
        codes += [advice.article for advice in self.bound.advice] + [self.process.article]
        codes += [code for entry in self.process.deadline for code in entry.article.split()]
        return Citations(self.user.institution_id, codes, self.moments.locale)

    @property
    def out_of_sight(self) -> list[tuple[str, str]]:
        return typed_out_of_sight(self.bound)

    @property
    def draft_title(self) -> str:
        """The title the case would have, once something in it is filled in; else the name of the process."""
        answers = self.bound.answers
        named = any(answers.get(key) for key in ("name", "title", "group_name"))
        return titles(self.process, self.bundle, answers)[0] if named else self.process.name_zh

    @cached_property
    def route(self) -> list[RouteStep]:
        """The steps after submission as the form stands, and why some were added by what was filled in."""
        forecast = self._forecast(self.bound.answers)
        plain = self._forecast({key: value for key, value in self.bound.answers.items() if key in _CHOOSING})
        usual = set(plain.passed) if plain else set()
        elements = list(dict.fromkeys(e for e in forecast.passed if shown(self._definition, e))) if forecast else []
        if not elements:
            elements = ["Application", *self._possible()]
        first = RouteStep("current", _("您提交申请"), _("今天"), "", "Application")
        later = (e for e in elements if e != "Application")
        return [
            first,
            *(self._step(element, bool(forecast) and bool(usual) and element not in usual) for element in later),
        ]

    def _step(self, element_id: str, added: bool) -> RouteStep:
        element = self._definition.elements[element_id]
        who = self._actors.at(element) if element.kind == "userTask" else str(_("自动"))
        limit = limit_text(element, {"case": self._case}, self._trial.clock) if element.due else ""
        note = ahead_note(who, limit, self._durations.words(element_id))
        why = _("因所填内容而增加") if added else ""
        return RouteStep("next", step_name(element, self.moments.locale), note, why, element_id)

    def _possible(self) -> list[str]:
        """Every step a person does, for a form that does not yet tell which."""
        return [e.id for e in self._definition.elements.values() if e.kind == "userTask" and e.id != "Application"]

    def _forecast(self, answers: Mapping[str, Any]) -> Forecast | None:
        return self._trial.from_start(self._case, answers)

    @cached_property
    def _definition(self) -> Definition:
        return self.bundle.definition(self.row.key, specs())

    @cached_property
    def _case(self) -> dict[str, Any]:
        """The case as it would be filed now."""
        now = self.moments.now.isoformat()
        found = {
            **self.bound.setting.surroundings.case,
            "reference": "",
            "filed_at": now,
            "started_at": now,
            "unit": unit_facts(self._unit),
        }
        if self.last_day is not None:
            late, on = self.last_day.late(self.moments.today), self.last_day.event_on
            found |= {"late": late, "last_day": self.last_day.day.isoformat()}
            found["event_on"] = on.isoformat() if on else None
        return found

    @cached_property
    def last_day(self) -> LastDay | None:
        """The last day to file, as soon as what is typed tells it."""
        zone = ZoneInfo(self.bundle.pack.institution.time_zone)
        case = self.bound.setting.surroundings.case
        return last_day(
            self.process,
            self.bound.answers,
            case,
            institution_id=self.user.institution_id,
            zone=zone,
            now=self.moments.now,
        )

    @property
    def term(self) -> Term | None:
        return term_to_be(self.last_day, self.moments)

    @property
    def account_id(self) -> int | None:
        """The account whose registered values the form shows."""
        account = self.bound.setting.surroundings.case.get("account")
        found = account.get("id") if isinstance(account, dict) else None
        return found if isinstance(found, int) else None

    @cached_property
    def _unit(self) -> Any:
        picked = self.bound.answers.get(self.process.unit_field)
        chosen = picked.get("id") if isinstance(picked, dict) else None
        return unit_by_id(self.user.institution_id, chosen) if isinstance(chosen, int) else self.user.unit

    @cached_property
    def _trial(self) -> Trial:
        zone = ZoneInfo(self.bundle.pack.institution.time_zone)
        return Trial(self._definition, Clock(self.user.institution_id, zone, self.moments.now), {})

    @cached_property
    def _durations(self) -> Durations:
        return Durations(self.row.key, self.moments)

    @cached_property
    def _actors(self) -> Actors:
        unit_id = self._unit.id if self._unit else None
        case = ProcessInstance(institution_id=self.user.institution_id, unit_id=unit_id)
        return Actors(self.bundle.pack, case, self.user, self.moments.locale, self.moments.now)


# Answers that only say what kind of thing is applied for; what else adds a step is said to have added it.
_CHOOSING = ("filing_kind", "kind", "platform", "unit")
