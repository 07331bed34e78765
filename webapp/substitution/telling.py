"""Both parties of a rule of substitution are told what it means for them."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from webapp.notifications.commands import tell
from webapp.organization.models import Delegation, User
from webapp.organization.queries import local_day
from webapp.substitution.wording import process_choices, scope, span

PATH = "/substitution"


def tell_appointed(found: Delegation, actor: User, now: datetime) -> None:
    """The substitute learns of the duty, the principal that it is arranged."""
    facts = _facts(found, actor, now)
    _tell(
        found,
        found.substitute_id,
        _("%(span)s 由您代 %(principal)s 办理（%(scope)s）", **facts),
        _(
            "这段时间 %(principal)s 的待办列在您待办页的“代 %(principal)s”里，由您办理的记为“代 %(principal)s”。"
            "您本人和 %(principal)s 本人的申请不由您代办。由 %(actor)s 设定。",
            **facts,
        ),
        "appointed",
        now,
    )
    _tell(
        found,
        found.principal_id,
        _("%(span)s 由 %(substitute)s 代您办理（%(scope)s）", **facts),
        _("您自己仍可办理；谁先办算谁的。每件代办都会通知您。由 %(actor)s 设定，随时可以撤销。", **facts),
        "appointed",
        now,
    )


def tell_revoked(found: Delegation, actor: User, now: datetime) -> None:
    facts = _facts(found, actor, now)
    _tell(
        found,
        found.substitute_id,
        _("您不再代 %(principal)s 办理（%(scope)s）", **facts),
        _("%(actor)s 撤销了这条代理。您代为认领、尚未办理的待办已放回。", **facts),
        "revoked",
        now,
    )
    _tell(
        found,
        found.principal_id,
        _("%(substitute)s 不再代您办理（%(scope)s）", **facts),
        _("%(actor)s 撤销了这条代理，从现在起由您自己办理。", **facts),
        "revoked",
        now,
    )


def _facts(found: Delegation, actor: User, now: datetime) -> dict[str, str]:
    return {
        "principal": found.principal.name_zh,
        "substitute": found.substitute.name_zh,
        "actor": actor.name_zh,
        "scope": scope(found, dict(process_choices(found.institution_id, "zh"))),
        "span": span(found, local_day(now, actor.institution.time_zone)),
    }


def _tell(found: Delegation, user_id: int, subject: str, body: str, what: str, now: datetime) -> None:
    tell(
        found.institution_id,
        [user_id],
        subject,
        body,
        instance_id=None,
        now=now,
        key=f"substitution:{found.id}:{what}",
        text_key=f"substitution_{what}",
        kind="substitute",
        link=PATH,
    )
