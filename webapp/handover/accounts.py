"""An account on which the leaver is responsible: the successor is asked to file the change the regulation asks for.

The register itself is never changed here: the change is decided as any other.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from webapp.definitions import queries as definitions
from webapp.definitions.bundle import Bundle
from webapp.errors import Refused
from webapp.extensions import db
from webapp.formkit.specs import FieldSpec, Kind
from webapp.handover.work import Work
from webapp.notifications.commands import tell
from webapp.organization.models import Unit, User
from webapp.registry.facts import PEOPLE, is_contact
from webapp.registry.models import Account
from webapp.registry.present import people_of
from webapp.registry.queries import CLOSED
from webapp.registry.rows import lock_account
from webapp.workflow.binding import start_element
from webapp.workflow.models import ProcessInstance
from webapp.workflow.openings import account_answer
from webapp.workflow.starting import begin_case, may_start

PROCESS = "change_filing"


def hand_over_account(work: Work) -> str:
    """Begin the pack's change filing for the successor, with the people filled in.

    Raises Refused, Invalid, NotFound with the sentence why none may be begun about this account.
    """
    account = lock_account(work.line.institution_id, work.object_id)
    if account.state in CLOSED or work.leaver.id not in people_of(account):
        return str(_("账号已停办，或 %(who)s 已不是责任人，无须变更。", who=work.leaver.name_zh))
    definition = definitions.newest(account.institution_id, PROCESS)
    if definition is None:
        raise Refused(_("流程包没有变更备案流程，请由主办单位另行办理责任人变更。"))
    bundle = definitions.bundle(definition.deployment)
    if not may_start(work.successor, bundle.process(PROCESS)):
        raise Refused(_("%(who)s 不在可以办理变更备案的人员之列。", who=work.successor.name_zh))
    unit = db.session.get_one(Unit, account.unit_id)
    case = begin_case(
        definition,
        work.successor,
        unit,
        now=work.now,
        account=account,
        cause={"process": None, "reference": None, "reason": _why(work)},
        prefill=_known(bundle, account, unit, work),
    )
    _invite(case, work)
    return str(_("已请 %(who)s 填报变更备案 %(reference)s。", who=work.successor.name_zh, reference=case.reference))


def _why(work: Work) -> str:
    who = {"leaver": work.leaver.name_zh, "successor": work.successor.name_zh}
    return str(_("责任人 %(leaver)s 离职，由 %(successor)s 接任。", **who))


def _known(bundle: Bundle, account: Account, unit: Unit, work: Work) -> dict[str, Any]:
    """What the form starts from: account and unit, and its people with the successor in the leaver's place."""
    schema = bundle.form(start_element(bundle, PROCESS).form_key or "")
    fields = {spec.key: spec for spec in schema.top}
    known: dict[str, Any] = {"account": account_answer(account)} if "account" in fields else {}
    unit_field = bundle.process(PROCESS).unit_field
    if unit_field in fields:
        known[unit_field] = {"id": unit.id, "code": unit.code, "name": unit.name_zh}
    for key in PEOPLE:
        rows = [row for row in getattr(account, key) or [] if isinstance(row, dict)]
        if key in fields and any(_person(row).get("id") == work.leaver.id for row in rows):
            known[key] = _taken_over(fields[key], rows, work)
    return known


def _person(row: dict[str, Any]) -> dict[str, Any]:
    found = row.get("person")
    return found if isinstance(found, dict) else row


def _taken_over(spec: FieldSpec, rows: list[dict[str, Any]], work: Work) -> Any:
    """The people of a field after the change; how to reach the leaver is left out, as it is not the successor's."""
    if spec.kind is not Kind.ROWS:
        return _answer(work.successor)
    made = []
    for row in rows:
        if _person(row).get("id") != work.leaver.id:
            made.append(row)
        elif "person" in row:
            kept = {key: value for key, value in row.items() if not is_contact(key)}
            made.append({**kept, "person": _answer(work.successor)})
        else:
            made.append(_answer(work.successor))
    return made


def _answer(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name_zh}


def _invite(case: ProcessInstance, work: Work) -> None:
    tell(
        case.institution_id,
        [work.successor.id],
        _("请填报：%(title)s", title=case.title_zh),
        _(
            "%(why)s系统已为您发起 %(reference)s，责任人已预先填好，请核对、补全后提交。%(reason)s",
            why=_why(work),
            reference=case.reference,
            reason=work.reason,
        ),
        instance_id=case.id,
        now=work.now,
        key=f"handover:{work.line.id}",
        text_key="handover_account",
        kind="handover",
    )
