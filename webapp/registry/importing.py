"""Registering the rows of a sheet, each an account or a group of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid, NotFound
from webapp.extensions import transactional
from webapp.organization.models import User
from webapp.organization.queries import local_day
from webapp.registry import facts, queries
from webapp.registry.models import Account
from webapp.registry.numbers import give_number
from webapp.registry.rows import demand_name, enter, keep_version, own_unit

_NOT_STATED = ("unit", "state", "filing_number")


@transactional
def import_rows(
    filing_id: int,
    rows: Sequence[Mapping[str, Any]],
    *,
    unit_id: int,
    groups: Collection[str],
    formats: Mapping[str, str],
    now: datetime,
    decision_id: int | None = None,
    actor: User | None = None,
) -> list[Account]:
    """Enter every row under the unit, all of them or none; keys as `register_account` reads them, and `tier` and
    `last_update_on`.

    Rows whose platform is in `groups` get a number of the series "group", others of "account"; `formats` by series.
    Raises Invalid naming the row in which something is missing.
    """
    filing = queries.filing(filing_id)
    if filing is None:
        raise NotFound(_("没有这份备案。"))
    unit = own_unit(filing.institution_id, unit_id)
    made = []
    for number, row in enumerate(rows, start=1):
        stated = _stated(row, number, now)
        series = "group" if stated["platform"] in groups else "account"
        if series not in formats:
            raise Invalid(_("流程包没有编号序列“%(series)s”。", series=series))
        stated["filing_number"] = give_number(filing.institution_id, series, formats[series], local_day(now).year)
        account = enter(unit, stated, now)
        keep_version(account, "imported", filing, decision_id, now, actor)
        made.append(account)
    return made


def _stated(row: Mapping[str, Any], number: int, now: datetime) -> dict[str, Any]:
    given = {key: value for key, value in row.items() if key not in _NOT_STATED and value != ""}
    tier, said = given.pop("tier", None), given.pop("last_update_on", None)
    try:
        update = date.fromisoformat(str(said)[:10]) if said else None
        stated = facts.from_application(given)
        demand_name(stated)
    except (Invalid, ValueError, TypeError) as error:
        sentence = getattr(error, "sentence", "") or _("内容不合要求。")
        raise Invalid(_("第 %(n)s 行：%(why)s", n=number, why=sentence)) from None
    if update is not None:
        stated |= {"last_update_on": update, "update_recorded_at": now}
    return {**stated, "tier": "" if tier is None else str(tier)[:20], "state": "active"}
