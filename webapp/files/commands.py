"""Taking in uploads. A file belongs to the person who uploaded it until a case files it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from flask_babel import gettext as _
from sqlalchemy import func, or_, select, update

from webapp.errors import Invalid, NotFound, Refused, TooLarge
from webapp.extensions import db, transactional
from webapp.files.content import TYPES, clean_name, extension, sniff
from webapp.files.models import StoredFile
from webapp.files.queries import UNFILED_FOR
from webapp.ledger import record
from webapp.organization.models import User

# What one person may have uploaded without filing it; a draft needs a few files, an attack many.
UNFILED = 100


@dataclass(frozen=True)
class UploadLimits:
    """A pack's limits: the largest file in bytes, and the extensions taken."""

    max_bytes: int = 10 * 1024 * 1024
    types: tuple[str, ...] = ("pdf", "png", "jpg", "docx", "xlsx")


def upload(user: User, name: str, content: bytes, limits: UploadLimits, now: datetime) -> StoredFile:
    """Check a file and keep it. Raises TooLarge, or Invalid with the reason when its type is not taken, its content is
    not what its extension says, or it is empty; Refused when too many are waiting.
    """
    name = clean_name(name)
    media_type = check(name, content, limits)
    return _keep(user, name, content, media_type, sha256(content).hexdigest(), now)


def check(name: str, content: bytes, limits: UploadLimits) -> str:
    """The media type to serve the file as. Raises as `upload` does."""
    if len(content) > limits.max_bytes:
        raise TooLarge(_("“%(name)s”超过 %(size)s MB，请压缩后再传。", name=name, size=_megabytes(limits.max_bytes)))
    if not content:
        raise Invalid(_("“%(name)s”是空文件，请重新选择。", name=name))
    ending = extension(name)
    family, media_type = TYPES.get(ending, ("", ""))
    taken = {TYPES[kind][0] for kind in limits.types if kind in TYPES}
    if family not in taken:
        listed = "、".join(limits.types)
        raise Invalid(_("“%(name)s”的类型不受理；可以上传：%(types)s。", name=name, types=listed))
    if sniff(content) != family:
        raise Invalid(_("“%(name)s”的内容不是 %(type)s 文件，或者文件已损坏。", name=name, type=ending))
    return media_type


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:g}"


@transactional
def _keep(user: User, name: str, content: bytes, media_type: str, digest: str, now: datetime) -> StoredFile:
    unfiled = select(StoredFile.id).where(StoredFile.uploaded_by_id == user.id, StoredFile.instance_id.is_(None))
    waiting = db.session.scalar(select(func.count()).select_from(unfiled.limit(UNFILED).subquery()))
    if waiting == UNFILED:
        raise Refused(_("您有太多上传后未提交的文件，请先提交或删除草稿。"))
    stored = StoredFile(
        institution_id=user.institution_id,
        key=secrets.token_urlsafe(32),
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=digest,
        uploaded_by_id=user.id,
        uploaded_at=now,
        content=content,
    )
    db.session.add(stored)
    db.session.flush()
    _write("files:file:uploaded", stored, user, now)
    return stored


@transactional
def attach(user: User, keys: Iterable[str], instance_id: int) -> None:
    """Tie uploads to the case that files them. Raises NotFound unless each is the person's own and not in another case.

    Files the case holds already may be named again, whoever uploaded them.
    """
    wanted = set(keys)
    if not wanted:
        return
    ours = or_(
        StoredFile.instance_id == instance_id,
        (StoredFile.uploaded_by_id == user.id) & StoredFile.instance_id.is_(None),
    )
    statement = update(StoredFile).where(StoredFile.institution_id == user.institution_id, ours)
    statement = statement.where(StoredFile.key.in_(wanted)).values(instance_id=instance_id)
    # The rows found are the answer: what is not among them is somebody else's or does not exist.
    found = set(db.session.scalars(statement.returning(StoredFile.key)))
    if found != wanted:
        raise NotFound(_("没有这个附件，请重新上传。"))


@transactional
def discard(user: User, key: str, now: datetime) -> None:
    """Delete an own upload that no case has filed. Raises NotFound otherwise."""
    statement = select(StoredFile).where(
        StoredFile.key == key, StoredFile.uploaded_by_id == user.id, StoredFile.instance_id.is_(None)
    )
    stored = db.session.scalar(statement.with_for_update())
    if stored is None:
        raise NotFound(_("没有这个附件，请重新上传。"))
    _write("files:file:discarded", stored, user, now)
    db.session.delete(stored)


@transactional
def discard_unfiled(institution_id: int, now: datetime, *, older_than: timedelta = UNFILED_FOR) -> int:
    """Delete up to 50 uploads that no case has filed for so long; returns how many. Drafts are forgotten sooner."""
    statement = (
        select(StoredFile)
        .where(StoredFile.institution_id == institution_id, StoredFile.instance_id.is_(None))
        .where(StoredFile.uploaded_at < now - older_than)
        .order_by(StoredFile.id)
        .limit(50)
        .with_for_update(skip_locked=True)
    )
    old = db.session.scalars(statement).all()
    for stored in old:
        _write("files:file:discarded", stored, None, now)
        db.session.delete(stored)
    return len(old)


def _write(action: str, stored: StoredFile, actor: User | None, now: datetime) -> None:
    record(
        db.session(),
        institution_id=stored.institution_id,
        action=action,
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="stored_file",
        object_id=stored.id,
        kept={"sha256": stored.sha256, "size": stored.size, "media_type": stored.media_type},
        erasable={"name": stored.name},
        at=now,
    )
