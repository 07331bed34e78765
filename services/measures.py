"""Operations that keep measures, reviews and assessments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.inputs import id_of, made_by
from webapp.organization.queries import local_day
from webapp.registry import measures
from webapp.workflow.context import CaseContext, operation


@operation("registry.record_measure", repeatable=False, summary="Keeps a measure on an account, a unit or people.")
def record_measure(
    case: CaseContext,
    kind: str,
    note: str | None,
    account: Any = None,
    unit: Any = None,
    persons: Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    authority: str | None = None,
    article: str | None = None,
) -> dict[str, Any]:
    row = measures.record_measure(
        case.institution_id,
        kind,
        note or "",
        account_id=None if account is None else id_of(account),
        unit_id=None if unit is None else id_of(unit),
        persons=[persons] if isinstance(persons, Mapping) else persons or (),
        authority=authority or "",
        article=article or "",
        now=case.now,
        made_by=made_by(case),
    )
    return {"measure_id": row.id}


@operation("registry.breaches", repeatable=True, summary="The measures of a year on a unit and what is below it.")
def breaches(case: CaseContext, unit: Any, year: Any) -> dict[str, Any]:
    found = measures.measures_of_unit(case.institution_id, id_of(unit), int(year))
    zone = case.pack.institution.time_zone
    rows = [
        {
            "id": row.id,
            "kind": row.kind,
            "on": local_day(row.recorded_at, zone).isoformat(),
            "account": row.account_id,
            "article": row.article,
        }
        for row in found
    ]
    return {"count": len(rows), "measures": rows}


@operation("registry.record_review", repeatable=False, summary="Keeps how an account came through a period's review.")
def record_review(case: CaseContext, account: Any, period: Any, result: str, note: str | None = None) -> dict[str, Any]:
    row = measures.record_review(
        case.institution_id,
        id_of(account),
        str(period),
        result,
        note=note or "",
        now=case.now,
        made_by=made_by(case),
    )
    return {"review_id": row.id}


@operation("registry.record_assessment", repeatable=False, summary="Keeps the points a unit was given for a year.")
def record_assessment(
    case: CaseContext,
    unit: Any,
    year: Any,
    points: float,
    eligible: bool | None = None,
    vetoed: bool | None = None,
    items: Sequence[Any] | None = None,
) -> dict[str, Any]:
    row = measures.record_assessment(
        case.institution_id,
        id_of(unit),
        int(year),
        float(points),
        eligible=eligible is not False,
        vetoed=vetoed is True,
        items=items or (),
        now=case.now,
        made_by=made_by(case),
    )
    return {"assessment_id": row.id}
