"""Everything recorded about one case, read once and shared by the parts of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from webapp.cases.actors import Actors, step_name
from webapp.cases.durations import Durations
from webapp.cases.forecast import Forecast, Trial
from webapp.cases.moments import Moments
from webapp.cases.queries import events
from webapp.cases.terms import Term, term_of
from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.definitions.process_entries import ProcessEntry
from webapp.engine import Definition
from webapp.ledger.queries import EventView
from webapp.organization.models import User
from webapp.workflow import queries
from webapp.workflow.binding import instance_facts
from webapp.workflow.context import specs
from webapp.workflow.deadlines import Clock, pauses_of
from webapp.workflow.lookups import InstitutionLookups
from webapp.workflow.models import Answers, History, ProcessInstance, Seat


@dataclass
class CaseFile:
    """One case for one reader. Parts are read when first asked for, each in one statement."""

    instance: ProcessInstance
    reader: User
    moments: Moments

    @property
    def locale(self) -> str:
        return self.moments.locale

    @property
    def title(self) -> str:
        return self.instance.title_en or self.instance.title_zh if self.locale == "en" else self.instance.title_zh

    @cached_property
    def pinned(self) -> definitions.Pinned:
        return definitions.pinned(self.instance.definition_id)

    @property
    def bundle(self) -> Bundle:
        return self.pinned.bundle

    @cached_property
    def process(self) -> ProcessEntry:
        return self.bundle.process(self.pinned.key)

    @cached_property
    def definition(self) -> Definition:
        return self.bundle.definition(self.pinned.key, specs())

    @cached_property
    def seats(self) -> Sequence[Seat]:
        """Every seat with its task, oldest first."""
        return queries.seats_of(self.instance)

    @cached_property
    def history(self) -> Sequence[History]:
        return queries.history(self.instance.id)

    @cached_property
    def answers(self) -> Sequence[Answers]:
        """Every filed form, oldest first."""
        return queries.answers_of(self.instance.id)

    @cached_property
    def pauses(self) -> list[tuple[datetime, datetime | None]]:
        return pauses_of(self.instance.id) if self.instance.round > 1 else []

    @property
    def open_seats(self) -> list[Seat]:
        """Those to be answered now, or held while the case is suspended."""
        open_now = (seat for seat in self.seats if seat.state in ("open", "held"))
        return [seat for seat in open_now if seat.task.state in ("open", "suspended")]

    @cached_property
    def events(self) -> Sequence[EventView]:
        """The ledger's newest events of the case, newest first."""
        return events(self.instance)

    @cached_property
    def carried_over(self) -> frozenset[int]:
        """The tasks whose answer of an earlier round served again."""
        return frozenset(row.task_id for row in self.answers if row.carried_over)

    @cached_property
    def actors(self) -> Actors:
        return Actors(self.bundle.pack, self.instance, self.instance.applicant, self.locale, self.moments.now)

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The `case` object."""
        return instance_facts(self.instance, self.bundle)

    @cached_property
    def lookups(self) -> InstitutionLookups:
        return InstitutionLookups(self.reader, self.bundle, self.facts, self.instance.id)

    @cached_property
    def term(self) -> Term | None:
        """The last day it was to be filed by, as it was reckoned then."""
        return term_of(self.instance, self.moments)

    @cached_property
    def trial(self) -> Trial:
        zone = ZoneInfo(self.bundle.pack.institution.time_zone)
        clock = Clock(self.instance.institution_id, zone, self.moments.now, self.instance)
        results = {row.element: row.outcome for row in self.history if row.kind == "serviceTask"}
        return Trial(self.definition, clock, results)

    @cached_property
    def durations(self) -> Durations:
        """What the steps of the process usually take."""
        return Durations(self.pinned.key, self.moments)

    @cached_property
    def forecast(self) -> Forecast | None:
        """The way ahead when everybody agrees; None when the case has ended or it cannot be told."""
        return self.trial.onwards(self.instance.state_blob) if self.instance.state == "running" else None

    @property
    def state(self) -> str:
        """The state a chip shows: open, to_file, correction, suspended, or how the case ended."""
        if self.instance.state == "running":
            tasks = [seat.task for seat in self.open_seats]
            if any(task.element == "Application" for task in tasks):
                return "to_file" if self.instance.to_be_filed else "correction"
            return "suspended" if tasks and all(task.state == "suspended" for task in tasks) else "open"
        return self.instance.outcome or self.instance.state

    @property
    def state_text(self) -> str:
        """The open steps in words, "" when the chip's own word says it."""
        if self.state != "open":
            return ""
        tasks = [seat.task for seat in self.open_seats]
        names = [step_name(self.definition.elements.get(t.element), self.locale, t.name) for t in tasks]
        return "、".join(names) if self.locale == "zh" else ", ".join(names)

    @property
    def due_at(self) -> datetime | None:
        """The nearest deadline of an open task."""
        return min((seat.task.due_at for seat in self.open_seats if seat.task.due_at), default=None)

    def applications(self) -> list[Answers]:
        """The applications of all rounds, oldest first."""
        return [row for row in self.answers if row.element == "Application"]

    def element_articles(self, elements: Sequence[str]) -> list[str]:
        """The clauses steps rest on."""
        known = self.definition.elements
        return [code for element in elements if element in known for code in known[element].articles]

    def result_of(self, element: str) -> Any:
        """The newest result of a service or rule task."""
        return next((row.outcome for row in reversed(self.history) if row.element == element), None)
