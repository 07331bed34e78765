"""A person's robots of chat groups: added, tried, removed. Their addresses and secrets are never shown again."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import delete, func, select

from webapp.errors import Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.notifications.addresses import place_of
from webapp.notifications.kinds import robot_names
from webapp.notifications.letters import SETTINGS_PATH, Mail, spoken
from webapp.notifications.models import OutboxMessage, Webhook
from webapp.notifications.robots import Robot, Robots
from webapp.organization.models import User

MOST = 5
LONGEST_NAME, LONGEST_SECRET = 60, 200


@transactional
def add_webhook(actor: User, kind: str, name: str, url: str, secret: str, now: datetime, robots: Robots) -> Webhook:
    """Add a robot that the person's notices also go to.

    Raises Invalid for an unknown chat program, an address that is none of its robots', or a secret that cannot be;
    Refused for one too many.
    """
    if kind not in robot_names():
        raise Invalid(_("请选定群机器人是哪一家的。"), (("kind", _("请选定一家")),))
    place = place_of(kind, url, robots.named)
    if len(secret) > LONGEST_SECRET or not secret.isascii() or any(char.isspace() for char in secret):
        raise Invalid(_("密钥不对，请从群机器人的设置页复制。"), (("secret", _("请从群机器人的设置页复制")),))
    held = select(func.count()).select_from(Webhook).where(Webhook.user_id == actor.id, Webhook.active)
    if (db.session.scalar(held) or 0) >= MOST:
        raise Refused(_("最多可以有 %(most)s 个群机器人，请先移除一个。", most=MOST))
    webhook = Webhook(
        institution_id=actor.institution_id,
        user_id=actor.id,
        kind=kind,
        name=name.strip()[:LONGEST_NAME] or robot_names()[kind],
        url=url,
        secret="" if kind == "wecom" else secret,
        active=True,
        created_at=now,
    )
    db.session.add(webhook)
    db.session.flush()
    _write("notifications:webhook:added", webhook, {"host": place.host}, actor, now)
    return webhook


@transactional
def remove_webhook(actor: User, webhook_id: int, now: datetime) -> None:
    """Take a robot away with its address and secret; what still waited for it is not sent. Raises NotFound."""
    webhook = _own(actor, webhook_id)
    webhook.active, webhook.url, webhook.secret = False, "", ""
    unsent = OutboxMessage.state.in_(["waiting", "digest", "failed"])
    db.session.execute(delete(OutboxMessage).where(OutboxMessage.webhook_id == webhook.id, unsent))
    _write("notifications:webhook:removed", webhook, {}, actor, now)


def try_webhook(actor: User, webhook_id: int, now: datetime, robots: Robots) -> Webhook:
    """Send a message to a robot at once, outside of any transaction. Raises NotFound, SendError."""
    webhook = _own(actor, webhook_id)
    robot = Robot(webhook.kind, webhook.url, webhook.secret)
    locale = actor.locale
    db.session.rollback()
    with spoken(locale):
        body = "\n\n".join([_("收到这一条，说明群机器人设好了。您的通知会发到这里。"), SETTINGS_PATH])
        mail = Mail("test", "", _("这是一条试发的消息"), body, now, locale)
    robots.send(robot, mail)
    return webhook


def _own(actor: User, webhook_id: int) -> Webhook:
    found = db.session.scalar(
        select(Webhook).where(Webhook.id == webhook_id, Webhook.user_id == actor.id, Webhook.active)
    )
    if found is None:
        raise NotFound(_("没有这个群机器人。"))
    return found


def _write(action: str, webhook: Webhook, more: dict[str, str], actor: User, now: datetime) -> None:
    """The event: of the address its host at the most, as the rest is the robot's key."""
    record(
        db.session(),
        institution_id=webhook.institution_id,
        action=action,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type="webhook",
        object_id=webhook.id,
        kept={"kind": webhook.kind, **more},
        erasable={"name": webhook.name},
        at=now,
    )
