"""What operations are given: ids as numbers or inside an answer, days as text; and on whose behalf they act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.registry.standing import MadeBy
from webapp.workflow.context import CaseContext


def id_of(value: Any) -> int:
    """The id itself, or the one in {"id": …}. Raises Invalid where there is none."""
    found = value.get("id") if isinstance(value, Mapping) else value
    if isinstance(found, bool) or not isinstance(found, int | float) or found != int(found):
        raise Invalid(_("没有指明账号或单位。"))
    return int(found)


def day_of(value: Any) -> date:
    """A day written YYYY-MM-DD. Raises Invalid."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        raise Invalid(_("“%(day)s”不是日期。", day=str(value)[:40])) from None


def made_by(case: CaseContext) -> MadeBy:
    return MadeBy(case.filing_id, case.decision_id, case.actor, case.instance.id)
