"""Operations that make something known to the whole institution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from services.inputs import id_of
from webapp.bulletins import commands
from webapp.errors import Invalid
from webapp.organization.queries import local_day
from webapp.workflow.context import CaseContext, operation


@operation("bulletins.publish", repeatable=False, summary="Publishes a bulletin that everybody may read.")
def publish(
    case: CaseContext,
    text: str,
    values: Mapping[str, Any] | None = None,
    kind: str = "bulletin",
    account: Any = None,
    unit: Any = None,
) -> dict[str, Any]:
    series = case.pack.series("bulletin")
    if series is None:
        raise Invalid(_("流程包没有编号序列“%(series)s”。", series="bulletin"))
    instance = case.instance
    facts = {"reference": instance.reference, "title": instance.title_zh, "unit": instance.unit.name_zh}
    row = commands.publish(
        case.institution_id,
        text,
        case.pack.texts,
        {**facts, **(values or {})},
        kind=kind,
        number_format=series.format,
        year=local_day(case.now, case.pack.institution.time_zone).year,
        account_id=None if account is None else id_of(account),
        unit_id=None if unit is None else id_of(unit),
        instance_id=instance.id,
        actor=case.actor,
        now=case.now,
    )
    return {"bulletin_id": row.id, "number": row.number}
