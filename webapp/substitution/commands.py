"""What people do to rules of substitution: appoint, revoke. Each is one transaction with its ledger event.

`User.substitutes_until` follows every change, with the person's row locked.
"""

from __future__ import annotations

from datetime import date, datetime

from flask_babel import gettext as _

from webapp.errors import Forbidden, NotFound, Refused
from webapp.extensions import db, transactional, work_waits
from webapp.ledger import record
from webapp.organization.models import Delegation, User
from webapp.organization.policy import acting, can
from webapp.organization.queries import local_day
from webapp.substitution import checks, queries
from webapp.substitution.checks import Wanted
from webapp.substitution.rules import may_appoint_for_others
from webapp.substitution.telling import tell_appointed, tell_revoked


@transactional
def appoint(
    actor: User,
    substitute_id: int,
    process_key: str | None,
    valid_from: date,
    valid_to: date,
    note: str = "",
    *,
    now: datetime,
    principal_id: int | None = None,
) -> Delegation:
    """代理: from a day to a day (both inclusive) the substitute acts for the principal, in one process or in all.

    The principal is the actor, or whom the institution's system administrator names. Raises Forbidden (for somebody
    else without that right), Invalid (people or days that cannot be), Refused (another rule has the same days).
    """
    acting(actor)
    own = principal_id is None or principal_id == actor.id
    if not own and not may_appoint_for_others(actor):
        raise Forbidden(_("只有系统管理员可以为他人设代理。"))
    wanted = Wanted(process_key or None, valid_from, valid_to, note.strip())
    today = local_day(now, actor.institution.time_zone)
    checks.check_days(wanted, today)
    checks.check_process(actor.institution_id, wanted.process_key)
    whose = actor.id if principal_id is None else principal_id
    people = queries.locked_people(actor.institution_id, {whose, substitute_id})
    principal, substitute = checks.check_people(people.get(whose), people.get(substitute_id), wanted, own=own)
    checks.check_others(principal, substitute, wanted)
    found = Delegation(
        institution_id=actor.institution_id,
        principal=principal,
        substitute=substitute,
        process_key=wanted.process_key,
        valid_from=valid_from,
        valid_to=valid_to,
        note=wanted.note,
        created_at=now,
    )
    db.session.add(found)
    db.session.flush()
    substitute.substitutes_until = queries.last_day_of(substitute.id, today)
    _write("appointed", found, actor, now)
    tell_appointed(found, actor, now)
    return found


@transactional
def revoke(actor: User, delegation_id: int, *, now: datetime) -> Delegation:
    """撤销代理: the rule ends at once; what was claimed by it goes back. Saying it again changes nothing.

    Raises NotFound (absent, or not this person's to see), Refused (it has run out by itself).
    """
    acting(actor)
    found = queries.locked_rule(actor.institution_id, delegation_id)
    if found is None or not can(actor, "revoke", found):
        raise NotFound(_("没有这条代理。"))
    if found.revoked_at is not None:
        return found
    if found.valid_to < local_day(now, actor.institution.time_zone):
        raise Refused(_("这条代理已在 %(day)s 到期。", day=found.valid_to.isoformat()))
    end(found, actor, now)
    return found


def end(found: Delegation, actor: User, now: datetime) -> None:
    """End a locked rule within the caller's transaction, tell both, and let what was claimed by it go back."""
    people = queries.locked_people(found.institution_id, {found.substitute_id})
    found.revoked_at = now
    db.session.flush()
    substitute = people[found.substitute_id]
    today = local_day(now, actor.institution.time_zone)
    substitute.substitutes_until = queries.last_day_of(substitute.id, today)
    _write("revoked", found, actor, now)
    tell_revoked(found, actor, now)
    work_waits()


def _write(what: str, found: Delegation, actor: User, now: datetime) -> None:
    record(
        db.session(),
        institution_id=found.institution_id,
        action=f"substitution:rule:{what}",
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="delegation",
        object_id=found.id,
        kept={
            "principal_id": found.principal_id,
            "substitute_id": found.substitute_id,
            "process": found.process_key,
            "valid_from": found.valid_from.isoformat(),
            "valid_to": found.valid_to.isoformat(),
        },
        erasable={"note": found.note} if found.note else {},
        at=now,
    )
