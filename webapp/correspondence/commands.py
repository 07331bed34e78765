"""What people do about a case besides deciding it: comment and ask, copy it to others, mark as read, urge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from webapp.correspondence import notices, queries
from webapp.correspondence.models import Comment, Copy, Urge
from webapp.correspondence.urging import MOST_A_DAY, people_of, urge_again_at, waits_for
from webapp.errors import Forbidden, Invalid, NotFound, Refused
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.models import User
from webapp.organization.policy import acting, can
from webapp.workflow.models import ProcessInstance, UserTask
from webapp.workflow.queries import lock_instance

MOST_WORDS = 2000
MOST_NOTE = 500
MOST_COMMENTS = 500
MOST_AT_ONCE = 50
MOST_COPIES = 300
# The same words from the same person again within this time are the same post sent twice.
TWICE = timedelta(minutes=1)


@transactional
def comment(
    actor: User,
    instance_id: int,
    words: str,
    *,
    asked_id: int | None = None,
    reply_to_id: int | None = None,
    task_id: int | None = None,
    now: datetime | None = None,
) -> Comment:
    """Say something about a case, ask a person (who then sees the case), or answer.

    Raises NotFound (absent or invisible), Forbidden (sees the case without taking part), Invalid (no words, too many,
    nobody to ask by that id, no such comment or task in this case), Refused (the case has as many as it may).
    """
    now = now or datetime.now(UTC)
    instance = _taken(actor, instance_id)
    if not can(actor, "comment", instance):
        raise Forbidden(_("您只能查看这件事项，不能在其中留言。"))
    words = _words(words, MOST_WORDS, "words")
    if not words:
        raise Invalid(_("请写下要说的话。"), (("words", _("请写下要说的话")),))
    asked = _asked(actor, instance, asked_id)
    answered = _replied_to(instance, reply_to_id)
    _check_task(instance, task_id)
    for said in queries.said_since(instance, actor, now - TWICE):
        if (said.words, said.asked_id, said.reply_to_id) == (words, asked_id, reply_to_id):
            return said
    if queries.count_comments(instance) >= MOST_COMMENTS:
        raise Refused(_("这件事项的沟通已满 %(n)s 条，不能再写。", n=MOST_COMMENTS))
    row = Comment(institution_id=instance.institution_id, instance_id=instance.id, task_id=task_id, words=words)
    row.author, row.asked, row.reply_to_id, row.written_at = actor, asked, reply_to_id, now
    db.session.add(row)
    db.session.flush()
    kept = {"reference": instance.reference, "asked_id": asked_id, "reply_to_id": reply_to_id}
    _record(actor, instance, "correspondence:comment:written", row, now, kept, {"words": words}, task_id=task_id)
    if asked is not None:
        notices.tell_asked(instance, row, asked, now)
    if answered is not None:
        _answer(actor, instance, answered, row, now)
    return row


def _answer(actor: User, instance: ProcessInstance, question: Comment, answer: Comment, now: datetime) -> None:
    """Tell who had asked or spoken; only the person asked answers the question."""
    if question.asked_id == actor.id and question.answered_at is None:
        question.answered_at = now
        kept = {"answer_id": answer.id, "asked_by": question.author_id}
        _record(actor, instance, "correspondence:question:answered", question, now, kept, {})
    if question.author_id not in (actor.id, answer.asked_id):
        notices.tell_replied(instance, answer, question, now)


@transactional
def copy_to(
    actor: User, instance_id: int, user_ids: Sequence[int], note: str = "", *, now: datetime | None = None
) -> list[Copy]:
    """抄送: let people read a case who have nothing to decide in it; whoever has a copy gets no second one.

    Returns the new copies. Raises as `comment`; Refused also when everybody named has a copy already.
    """
    now = now or datetime.now(UTC)
    instance = _taken(actor, instance_id)
    if not can(actor, "copy", instance):
        raise Forbidden(_("只有申请人和办理人可以抄送；您是受抄送、被询问或查看的人。"))
    note = _words(note, MOST_NOTE, "note")
    people = _copied_people(actor, list(dict.fromkeys(user_ids)))
    before = {copy.user_id for copy in queries.copies_of(instance)}
    fresh = [user for user in people if user.id not in before]
    if not fresh:
        raise Refused(_("所选的人都已抄送过。"))
    if len(before) + len(fresh) > MOST_COPIES:
        raise Refused(_("一件事项最多抄送 %(n)s 人。", n=MOST_COPIES))
    copies = [
        Copy(
            institution_id=instance.institution_id,
            instance_id=instance.id,
            user=user,
            sent_by=actor,
            note=note,
            sent_at=now,
        )
        for user in fresh
    ]
    db.session.add_all(copies)
    db.session.flush()
    kept = {"reference": instance.reference, "to": [user.id for user in fresh]}
    _record(actor, instance, "correspondence:copy:sent", copies[0], now, kept, {"note": note})
    notices.tell_copied(instance, copies, actor, now)
    return copies


@transactional
def mark_read(actor: User, copy_ids: Sequence[int], *, now: datetime | None = None) -> int:
    """已阅: the receipt of own copies; how many were unread. Marking again changes nothing.

    Raises Invalid when none is named, NotFound when one is not the actor's.
    """
    now = now or datetime.now(UTC)
    acting(actor)
    wanted = list(dict.fromkeys(copy_ids))
    if not wanted:
        raise Invalid(_("请先勾选要标为已阅的抄送。"))
    found = queries.own_copies(actor, wanted) if len(wanted) <= MOST_COPIES else ()
    if len(found) != len(wanted):
        raise NotFound(_("没有这件抄送。"))
    unread = [copy for copy in found if copy.read_at is None]
    for copy in unread:
        copy.read_at = now
        instance = db.session.get_one(ProcessInstance, copy.instance_id)
        _record(actor, instance, "correspondence:copy:read", copy, now, {"sent_by_id": copy.sent_by_id}, {})
    return len(unread)


@transactional
def urge(actor: User, instance_id: int, words: str = "", *, now: datetime | None = None) -> Urge:
    """催办: remind everybody who may act now. Once per person and three times per case in 24 hours.

    Raises NotFound, Forbidden (not one who may urge), Invalid (too many words), Refused (it is not running, waits for
    nobody else, or was urged too lately: the sentence says when one may again).
    """
    now = now or datetime.now(UTC)
    instance = _taken(actor, instance_id)
    if not can(actor, "urge", instance):
        raise Forbidden(_("只有申请人、办理过的人和牵头部门可以催办。"))
    words = _words(words, MOST_NOTE, "urge-words")
    if instance.state != "running":
        raise Refused(_("这件事项不在办理中，不必催办。"))
    waiting = waits_for(instance, actor, now)
    if not waiting:
        raise Refused(_("这件事项现在没有等别人办理的环节，不必催办。"))
    again = urge_again_at(instance, actor, now)
    if again is not None:
        raise Refused(too_soon(again, notices.moment_of(actor, again[0])))
    row = Urge(institution_id=instance.institution_id, instance_id=instance.id, urged_by=actor, words=words)
    row.urged_at = now
    db.session.add(row)
    db.session.flush()
    told = [user.id for user in people_of(waiting)]
    elements = list(dict.fromkeys(entry.seat.task.element for entry in waiting))
    kept = {"reference": instance.reference, "told": told, "elements": elements}
    _record(actor, instance, "correspondence:case:urged", row, now, kept, {"words": words})
    notices.tell_urged(instance, row, waiting, now)
    return row


def too_soon(again: tuple[datetime, bool], at: str) -> str:
    """Why one may not urge now, and when one may; `at` is that moment in words."""
    if again[1]:
        return str(_("这件事项 24 小时内已催办 %(n)s 次，%(at)s 起可以再催。", n=MOST_A_DAY, at=at))
    return str(_("您 24 小时内已催办过这件事项，%(at)s 起可以再催。", at=at))


def _taken(actor: User, instance_id: int) -> ProcessInstance:
    """The case, locked, as it and the actor's roles stand now. Raises NotFound when the actor may not see it."""
    acting(actor)
    instance = lock_instance(instance_id)
    if instance is None or not can(actor, "view", instance):
        raise NotFound(_("没有这件事项。"))
    return instance


def _words(text: str, most: int, place: str) -> str:
    words = text.replace("\r\n", "\n").replace("\0", "").strip()
    if len(words) > most:
        sentence = _("最长 %(n)s 字，现在 %(got)s 字", n=most, got=len(words))
        raise Invalid(sentence, ((place, sentence),))
    return words


def _asked(actor: User, instance: ProcessInstance, asked_id: int | None) -> User | None:
    if asked_id is None:
        return None
    found = queries.people_by_id(actor.institution_id, [asked_id])
    if not found or found[0].id == actor.id:
        sentence = _("请选一位本校的在职人员，不能是自己")
        raise Invalid(sentence, (("asked", sentence),))
    if not can(actor, "copy", instance) and not can(found[0], "view", instance):
        sentence = _("您是受抄送或被询问的人，只能问已经看得到这件事项的人")
        raise Forbidden(sentence)
    return found[0]


def _replied_to(instance: ProcessInstance, reply_to_id: int | None) -> Comment | None:
    if reply_to_id is None:
        return None
    found = queries.comment(instance, reply_to_id)
    if found is None:
        raise Invalid(_("没有要答复的那一条。"), (("words", _("没有要答复的那一条")),))
    return found


def _check_task(instance: ProcessInstance, task_id: int | None) -> None:
    task = db.session.get(UserTask, task_id) if task_id is not None else None
    if task_id is not None and (task is None or task.instance_id != instance.id):
        raise Invalid(_("这件事项没有这个环节。"))


def _copied_people(actor: User, user_ids: list[int]) -> Sequence[User]:
    if not user_ids:
        raise Invalid(_("请选择抄送给谁。"), (("people", _("请选择抄送给谁")),))
    if len(user_ids) > MOST_AT_ONCE:
        sentence = _("一次最多抄送 %(n)s 人", n=MOST_AT_ONCE)
        raise Invalid(sentence, (("people", sentence),))
    people = queries.people_by_id(actor.institution_id, user_ids)
    if len(people) != len(user_ids) or actor.id in user_ids:
        sentence = _("只能抄送给本校的在职人员，不能是自己")
        raise Invalid(sentence, (("people", sentence),))
    return people


def _record(
    actor: User,
    instance: ProcessInstance,
    what: str,
    thing: Comment | Copy | Urge,
    now: datetime,
    kept: dict[str, Any],
    erasable: dict[str, Any],
    *,
    task_id: int | None = None,
) -> None:
    record(
        db.session(),
        institution_id=instance.institution_id,
        action=what,
        actor_id=actor.id,
        actor_label=actor.name_zh,
        object_type=type(thing).__tablename__,
        object_id=thing.id,
        kept=kept,
        erasable=erasable,
        at=now,
        instance_id=instance.id,
        task_id=task_id,
    )
