"""Publishing a bulletin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from webapp.bulletins.models import Bulletin
from webapp.errors import Invalid
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.notifications.wording import NoticeText, word
from webapp.organization.models import User
from webapp.registry.numbers import give_number

KINDS = ("bulletin", "circular", "criticism")
SERIES = "bulletin"


@transactional
def publish(
    institution_id: int,
    text_key: str,
    texts: Mapping[str, NoticeText],
    values: Mapping[str, Any],
    *,
    kind: str,
    number_format: str,
    year: int,
    now: datetime,
    account_id: int | None = None,
    unit_id: int | None = None,
    instance_id: int | None = None,
    actor: User | None = None,
) -> Bulletin:
    """Publish the text under the next number of the series "bulletin"; its words are kept as they read that day.

    `texts` are the pack's. Raises Invalid for a text the pack does not have, a value that is missing, or a kind that
    is none of KINDS.
    """
    text = texts.get(text_key)
    if text is None:
        raise Invalid(_("流程包中没有通知文字“%(key)s”。", key=text_key))
    if kind not in KINDS:
        raise Invalid(_("没有“%(kind)s”这种简报。", kind=kind))
    number = give_number(institution_id, SERIES, number_format, year)
    values = {"number": number, **values}
    title_zh, body_zh = word(text, "zh", values)
    title_en, body_en = word(text, "en", values) if text.subject_en and text.body_en else ("", "")
    row = Bulletin(
        institution_id=institution_id,
        number=number,
        kind=kind,
        text_key=text_key,
        title_zh=title_zh,
        title_en=title_en,
        body_zh=body_zh,
        body_en=body_en,
        article=getattr(text, "article", ""),
        unit_id=unit_id,
        account_id=account_id,
        instance_id=instance_id,
        published_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record(
        db.session(),
        institution_id=institution_id,
        action="bulletins:bulletin:published",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="bulletin",
        object_id=row.id,
        kept={"number": number, "kind": kind, "text": text_key, "account_id": account_id, "unit_id": unit_id},
        # A bulletin may name people, in its title already.
        erasable={"title": title_zh, "body": body_zh},
        at=now,
        instance_id=instance_id,
    )
    return row
