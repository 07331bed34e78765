"""Filed forms as rows of text, with what changed since the round before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.cases.actors import person_name, step_name
from webapp.cases.casefile import CaseFile
from webapp.formkit import Difference, FormSchema, Registered, Row, compare, describe, differences
from webapp.workflow.models import Answers


@dataclass(frozen=True)
class Filed:
    """One filed form: `changes` against the same form of the round before, empty the first time.

    `registered` is what stood in the register beside it, by key of the field.
    """

    element: str
    title: str
    round: int
    who: str
    at: str
    rows: Sequence[Row]
    changes: Sequence[Difference]
    carried_over: bool
    again: bool
    registered: Mapping[str, Registered]


def filed_forms(file: CaseFile) -> list[Filed]:
    """Every filed form with rows to show, oldest first, as it stood when it was filed."""
    made = []
    for number, row in enumerate(file.answers):
        earlier = next((r for r in reversed(file.answers[:number]) if r.element == row.element), None)
        filed = _filed(file, row, earlier)
        if filed is not None:
            made.append(filed)
    return made


def latest_application(file: CaseFile) -> Filed | None:
    """The application as it stands now."""
    applications = file.applications()
    if not applications:
        return None
    return _filed(file, applications[-1], applications[-2] if len(applications) > 1 else None)


def articles_of(forms: Sequence[Filed]) -> list[str]:
    """Every clause the rows of filed forms name."""
    return [code for filed in forms for row in filed.rows for code in row.articles]


def schema_of(file: CaseFile, row: Answers) -> FormSchema | None:
    """The form answers were filed on; None for a bare decision, or when the case's deployment no longer has it."""
    known = f"forms/{row.form_key}.form" in file.bundle.files
    return file.bundle.form(row.form_key) if row.form_key and known else None


def _filed(file: CaseFile, row: Answers, earlier: Answers | None) -> Filed | None:
    schema = schema_of(file, row)
    if schema is None:
        return None
    rows = describe(schema, row.data, file.lookups, file.locale)
    if not rows:
        return None
    changes = differences(schema, earlier.data, row.data, file.lookups, file.locale) if earlier else []
    element = file.definition.elements.get(row.element)
    seat = next((seat for seat in file.seats if seat.task_id == row.task_id), None)
    return Filed(
        row.element,
        step_name(element, file.locale, row.element),
        row.round,
        person_name(seat.answered_by if seat else None, file.locale) or str(_("系统")),
        file.moments.minute(row.filed_at),
        rows,
        changes,
        row.carried_over,
        earlier is not None,
        _registered(file, schema, row),
    )


def _registered(file: CaseFile, schema: FormSchema, row: Answers) -> Mapping[str, Registered]:
    if all(spec.current is None for spec in schema.top):
        return {}
    return compare(schema, row.data, file.facts, file.lookups, file.locale)
