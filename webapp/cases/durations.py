"""How long each step usually takes: what the newest finished tasks of a process took, in working days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median_low

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, select

from webapp.cases.moments import Moments
from webapp.definitions.models import ProcessDefinition
from webapp.extensions import db
from webapp.workdays import working_days_left
from webapp.workflow.models import ProcessInstance, UserTask

SAMPLES = 200
FEWEST = 5
# Only the newest cases are looked at, so that the cost does not grow with the tables.
NEWEST_CASES = 2_000
MOST_CASES = 200
MOST_TASKS = 4_000
# Whatever took longer counts as this long: it is no usual time anyway.
LONGEST = timedelta(days=366)


@dataclass
class Durations:
    """Of one process of the reader's institution, read in one statement when first asked for."""

    process_key: str
    moments: Moments

    def words(self, element: str) -> str:
        """ "通常 2 个工作日", "" where fewer than five finished tasks are known."""
        days = self.medians.get(element)
        if days is None:
            return ""
        return str(ngettext("通常 %(num)s 个工作日", "通常 %(num)s 个工作日", days) if days else _("通常当天"))

    @cached_property
    def medians(self) -> Mapping[str, int]:
        """The median of the working days a step took, by element id."""
        rows = db.session.execute(_finished(self.moments.institution_id, self.process_key))
        taken: dict[str, list[int]] = {}
        for row in rows:
            days = taken.setdefault(row.element, [])
            if len(days) < SAMPLES:
                days.append(_days(row.opened_at, row.closed_at, self.moments))
        return {element: median_low(days) for element, days in taken.items() if len(days) >= FEWEST}


def _days(opened_at: datetime, closed_at: datetime, moments: Moments) -> int:
    """Working days after the day a task was opened, up to the one it was closed on."""
    until = min(closed_at, opened_at + LONGEST)
    return max(0, working_days_left(opened_at, until, moments.calendar, moments.zone))


def _finished(institution_id: int, process_key: str) -> Select[str, datetime, datetime | None]:
    """Element, opening and closing of the completed tasks of the newest cases, newest first."""
    newest = (
        select(ProcessInstance.id, ProcessInstance.definition_id)
        .where(ProcessInstance.institution_id == institution_id)
        .order_by(ProcessInstance.id.desc())
        .limit(NEWEST_CASES)
        .subquery()
    )
    cases = (
        select(newest.c.id)
        .join(ProcessDefinition, ProcessDefinition.id == newest.c.definition_id)
        .where(ProcessDefinition.key == process_key)
        .order_by(newest.c.id.desc())
        .limit(MOST_CASES)
        .subquery()
    )
    return (
        select(UserTask.element, UserTask.opened_at, UserTask.closed_at)
        .join(cases, cases.c.id == UserTask.instance_id)
        .where(UserTask.state == "completed", UserTask.closed_at.is_not(None), UserTask.element != "Application")
        .order_by(UserTask.id.desc())
        .limit(MOST_TASKS)
    )
