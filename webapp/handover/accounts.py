"""An account on which the leaver is responsible: the successor is asked to file the change the regulation asks for.

The register itself is never changed here: the change is decided as any other.
"""

from __future__ import annotations

from flask_babel import gettext as _

from webapp.definitions import queries as definitions
from webapp.errors import Refused
from webapp.extensions import db
from webapp.handover.prefilling import known_answers
from webapp.handover.work import Work
from webapp.notifications.commands import tell
from webapp.organization.models import Unit
from webapp.registry.present import people_of
from webapp.registry.queries import CLOSED
from webapp.registry.rows import lock_account
from webapp.workflow.models import ProcessInstance
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
        prefill=known_answers(bundle, PROCESS, account, unit, work),
    )
    _invite(case, work)
    return str(_("已请 %(who)s 填报变更备案 %(reference)s。", who=work.successor.name_zh, reference=case.reference))


def _why(work: Work) -> str:
    who = {"leaver": work.leaver.name_zh, "successor": work.successor.name_zh}
    return str(_("责任人 %(leaver)s 离职，由 %(successor)s 接任。", **who))


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
