"""Lodging a report from the public."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from webapp.definitions import queries as definitions
from webapp.engine import feel
from webapp.errors import NotFound
from webapp.extensions import transactional
from webapp.formkit.specs import SILENT_KINDS
from webapp.organization.commands import public_person
from webapp.organization.queries import unit_by_code
from webapp.workflow.binding import start_element
from webapp.workflow.filing import Submission
from webapp.workflow.models import ProcessInstance
from webapp.workflow.starting import begin_case


@transactional
def lodge(institution_id: int, report: Mapping[str, Any], now: datetime) -> ProcessInstance:
    """Start the case the pack's `public_report` names, in the name of the public, under the lead office.

    `report` as `ReportForm.report`. What a person left as a contact goes where the pack says, into the answers, which
    are erasable. Raises NotFound when the institution takes no reports.
    """
    deployment = definitions.current_deployment(institution_id)
    bundle = definitions.bundle(deployment) if deployment is not None else None
    entry = bundle.pack.public_report if bundle is not None else None
    definition = definitions.newest(institution_id, entry.process) if entry is not None else None
    if bundle is None or entry is None or definition is None:
        raise NotFound(_("这所学校没有开放公众举报。"))
    schema = bundle.form(start_element(bundle, entry.process).form_key or "")
    asked = {spec.key: None for spec in schema.top if spec.kind not in SILENT_KINDS}
    said = {key: feel.compile(text).evaluate({"report": dict(report)}) for key, text in entry.answers.items()}
    lead = unit_by_code(institution_id, bundle.pack.lead_unit)
    assert lead is not None
    submission = Submission(answers={**asked, **said}, form=(schema.key, schema.hash))
    return begin_case(definition, public_person(institution_id), lead, submission=submission, now=now)
