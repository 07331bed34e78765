"""The words of notices about comments, copies and urgings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from webapp.correspondence.models import Comment, Copy, Urge
from webapp.correspondence.telling import name_in, quoted, tell_each
from webapp.correspondence.urging import Waiting
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance


def moment_of(reader: User, at: datetime) -> str:
    """ "11-17 10:05" in the institution's zone."""
    return f"{at.astimezone(ZoneInfo(reader.institution.time_zone)):%m-%d %H:%M}"


def place_of(comment: Comment) -> str:
    """The path of a comment on its case's page."""
    return f"/cases/{comment.instance_id}#comment-{comment.id}"


def tell_asked(instance: ProcessInstance, question: Comment, asked: User, now: datetime) -> None:
    """Tell the person asked."""

    def wording(locale: str, title: str) -> tuple[str, str]:
        facts = {"who": name_in(question.author, locale), "title": title, "reference": instance.reference}
        facts["words"] = quoted(question.words)
        return _("%(who)s问您：%(title)s", **facts), _("%(who)s就 %(reference)s 问您：%(words)s", **facts)

    link, key = place_of(question), f"correspondence:asked:{question.id}"
    tell_each(instance, [asked], wording, kind="comment", link=link, key=key, now=now)


def tell_replied(instance: ProcessInstance, answer: Comment, question: Comment, now: datetime) -> None:
    """Tell who had asked, or said what is replied to."""

    def wording(locale: str, title: str) -> tuple[str, str]:
        facts = {"who": name_in(answer.author, locale), "title": title, "reference": instance.reference}
        facts["words"] = quoted(answer.words)
        return _("%(who)s答复了您：%(title)s", **facts), _("%(who)s就 %(reference)s 答复：%(words)s", **facts)

    link, key = place_of(answer), f"correspondence:replied:{answer.id}"
    tell_each(instance, [question.author], wording, kind="comment", link=link, key=key, now=now)


def tell_copied(instance: ProcessInstance, copies: Sequence[Copy], sender: User, now: datetime) -> None:
    """Tell everybody who has a new copy; all of them are of one sending."""

    def wording(locale: str, title: str) -> tuple[str, str]:
        facts = {"who": name_in(sender, locale), "title": title, "reference": instance.reference}
        body = _("%(who)s把 %(reference)s 抄送给您，请阅后按“已阅”。", **facts)
        note = copies[0].note
        return _("%(who)s抄送您：%(title)s", **facts), f"{body}\n{note}" if note else body

    people = [copy.user for copy in copies]
    link, key = f"/cases/{instance.id}#copies", f"correspondence:copied:{copies[0].id}"
    tell_each(instance, people, wording, kind="copy", link=link, key=key, now=now)


def tell_urged(instance: ProcessInstance, urge: Urge, waiting: Sequence[Waiting], now: datetime) -> None:
    """Tell everybody who may act, each once and with the first seat that waits for them."""
    for entry in waiting:

        def wording(locale: str, title: str, step: str = entry.seat.task.name) -> tuple[str, str]:
            facts = {"who": name_in(urge.urged_by, locale), "title": title, "reference": instance.reference}
            body = _("%(who)s催办：%(reference)s 的“%(step)s”等您办理。", step=step, **facts)
            return _("催办：%(title)s", **facts), f"{body}\n{urge.words}" if urge.words else body

        link, key = f"/tasks/{entry.seat.id}", f"correspondence:urged:{urge.id}"
        tell_each(instance, entry.people, wording, kind="urge", link=link, key=key, now=now)
