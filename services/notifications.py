"""Operations that tell people something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.extensions import db
from webapp.faults.commands import report
from webapp.notifications import commands
from webapp.organization.queries import holders, local_day, unit_by_code
from webapp.registry import queries as registry
from webapp.registry.present import people_of
from webapp.workflow.context import CaseContext, operation
from webapp.workflow.seats import role_holders

HEAD = "unit_head"


@operation("notifications.notify", repeatable=True, summary="Tells the applicant, people of the account, or a role.")
def notify(
    case: CaseContext, to: str | Sequence[str], text: str, values: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    # Telling reads people only, so what the case has yet to write is not written before its time.
    with db.session.no_autoflush:
        instance = case.instance
        facts = {"reference": instance.reference, "title": instance.title_zh, "applicant": instance.applicant.name_zh}
        wanted = [to] if isinstance(to, str) else list(dict.fromkeys(str(entry) for entry in to))
        told = [user for entry in wanted for user in _recipients(case, entry)]
        commands.notify(
            case.institution_id,
            told,
            text,
            case.pack.texts,
            {**facts, **(values or {})},
            instance_id=instance.id,
            now=case.now,
            key=f"{instance.id}.{instance.version}:{case.element}:{text}:{'+'.join(wanted)}",
        )
    return {}


def _recipients(case: CaseContext, to: str) -> list[int]:
    """Ids of whom `to` names; one that nobody answers to is a fault an administrator sees, and stops no case."""
    if to == "applicant":
        return [case.instance.applicant_id]
    if to == "account_people":
        found, name = _account_people(case), _("账号责任人")
    elif to.startswith("unit:"):
        found, name = _heads(case, to.removeprefix("unit:"))
    else:
        found, name = _role(case, to)
    if not found:
        report(
            case.institution_id,
            kind="no_recipient",
            sentence=_("没有人担任“%(role)s”，通知没有送出。", role=name),
            instance_id=case.instance.id,
            element=case.element,
            now=case.now,
        )
    return found


def _account_people(case: CaseContext) -> list[int]:
    """Those named on the account the case is about, as it is registered now."""
    filing = registry.filing(case.filing_id)
    account = None
    if filing is not None and filing.account_id is not None:
        account = registry.account(case.institution_id, filing.account_id)
    return people_of(account) if account else []


def _heads(case: CaseContext, code: str) -> tuple[list[int], str]:
    unit = unit_by_code(case.institution_id, code)
    if unit is None:
        raise Invalid(_("没有代码为“%(code)s”的单位，无法通知。", code=code))
    day = local_day(case.now, case.pack.institution.time_zone)
    found = holders(case.institution_id, HEAD, unit.id, day)
    return [user.id for user in found], _("%(unit)s的负责人", unit=unit.name_zh)


def _role(case: CaseContext, key: str) -> tuple[list[int], str]:
    role = case.pack.role(key)
    if role is None:
        raise Invalid(_("流程包中没有角色“%(role)s”，无法通知。", role=key))
    return [user.id for user in role_holders(case.pack, key, case.instance, case.now)], role.name_zh
