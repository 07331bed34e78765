"""Operations that tell people something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from webapp.errors import Invalid
from webapp.extensions import db
from webapp.faults.commands import report
from webapp.notifications import commands
from webapp.workflow.context import CaseContext, operation
from webapp.workflow.seats import role_holders


@operation("notifications.notify", repeatable=True, summary="Tells the applicant, or all who hold a role for the case.")
def notify(case: CaseContext, to: str, text: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    # Telling reads people only, so what the case has yet to write is not written before its time.
    with db.session.no_autoflush:
        instance = case.instance
        facts = {"reference": instance.reference, "title": instance.title_zh, "applicant": instance.applicant.name_zh}
        told = _recipients(case, to)
        commands.notify(
            case.institution_id,
            told,
            text,
            case.pack.texts,
            {**facts, **(values or {})},
            instance_id=instance.id,
            now=case.now,
            key=f"{instance.id}.{instance.version}:{case.element}:{text}:{to}",
        )
    return {}


def _recipients(case: CaseContext, to: str) -> list[int]:
    """Ids of whom `to` names; a role that nobody holds is a fault an administrator sees, and does not stop the case."""
    instance = case.instance
    if to == "applicant":
        return [instance.applicant_id]
    role = case.pack.role(to)
    if role is None:
        raise Invalid(_("流程包中没有角色“%(role)s”，无法通知。", role=to))
    found = [user.id for user in role_holders(case.pack, to, instance, case.now)]
    if not found:
        report(
            case.institution_id,
            kind="no_recipient",
            sentence=_("没有人担任“%(role)s”，通知没有送出。", role=role.name_zh),
            instance_id=instance.id,
            element=case.element,
            now=case.now,
        )
    return found
