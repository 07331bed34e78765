"""What lets the leaver act ends: the login, the roles, the rules of substitution."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import func, select

from webapp.errors import Refused
from webapp.extensions import db
from webapp.faults.commands import report
from webapp.handover.work import Work
from webapp.organization.commands import deactivate, end_grant
from webapp.organization.models import Role, Unit
from webapp.organization.queries import is_held, local_day, queue_name, role
from webapp.substitution.commands import end
from webapp.substitution.queries import locked_rule
from webapp.workflow.models import Seat


def end_login(work: Work) -> str:
    """The person can log in no more and is logged out everywhere."""
    deactivate(work.actor, work.object_id, now=work.now)
    return str(_("登录已停用，已在各处退出。"))


def end_grant_of(work: Work) -> str:
    """The role is held no more from today; where nobody else holds it and tasks wait, an administrator is told."""
    grant = end_grant(work.actor, work.object_id, now=work.now)
    db.session.flush()
    day = local_day(work.now, work.actor.institution.time_zone)
    if is_held(grant.institution_id, grant.role, grant.unit_id, day):
        return str(_("从今天起不再担任。"))
    queue = queue_name(grant.role, grant.unit_id)
    waiting = select(func.count()).where(Seat.queue == queue, Seat.state == "open", Seat.holder_id.is_(None))
    count = db.session.scalar(waiting.where(Seat.institution_id == grant.institution_id)) or 0
    if not count:
        return str(_("从今天起不再担任；这个角色现在没有人担任。"))
    known, unit = role(grant.institution_id, grant.role), db.session.get(Unit, grant.unit_id)
    report(
        grant.institution_id,
        kind="no_approver",
        sentence=_(
            "%(unit)s的“%(role)s”已无人担任，%(n)s 件待办没有人可以办理，请指定人员。",
            unit=unit.name_zh if unit else "",
            role=_named(known, grant.role),
            n=count,
        ),
        element=queue,
        now=work.now,
    )
    return str(_("从今天起不再担任；这个角色已无人担任，%(n)s 件待办无人可办，已报故障。", n=count))


def _named(known: Role | None, key: str) -> str:
    return known.name_zh if known else key


def end_rule_of(work: Work) -> str:
    """The rule ends at once; both parties are told, and what was claimed by it goes back."""
    found = locked_rule(work.line.institution_id, work.object_id)
    if found is None:
        raise Refused(_("没有这条代理。"))
    if found.revoked_at is not None:
        return str(_("这条代理已撤销。"))
    end(found, work.actor, work.now)
    return str(_("代理已撤销。"))
