"""Operations that start other cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.inputs import id_of
from webapp.workflow import requests
from webapp.workflow.context import CaseContext, operation


@operation("cases.request", repeatable=False, summary="Has another case started, for an account or a unit.")
def request(
    case: CaseContext,
    process: str,
    account: Any = None,
    unit: Any = None,
    answers: Mapping[str, Any] | None = None,
    open: bool = True,
    reason: str | None = None,
) -> dict[str, Any]:
    instance = case.instance
    cause = {"process": instance.definition.key, "reference": instance.reference, "reason": reason or ""}
    row = requests.request_case(
        case.institution_id,
        f"{instance.id}:{instance.version}:{case.element}:{process}:{account and id_of(account)}",
        process,
        account_id=None if account is None else id_of(account),
        unit_id=None if unit is None else id_of(unit),
        answers=answers or {},
        open=open is not False,
        cause=cause,
        instance_id=instance.id,
        actor=case.actor,
        now=case.now,
    )
    return {"request_id": row.id}
