"""Reads of uploads. Who may see a file is the policy's to say: callers pass its narrowing of the query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import undefer

from webapp.extensions import db
from webapp.files.models import StoredFile
from webapp.organization.models import User

# Drafts are forgotten sooner than this.
UNFILED_FOR = timedelta(days=90)
Narrow = Callable[[Select[Any]], Select[Any]]


def download(institution_id: int, key: str, narrow: Narrow) -> StoredFile | None:
    """The file with its bytes, None when absent or not to be seen; `narrow` is the policy's `visible` for a person."""
    statement = select(StoredFile).where(StoredFile.institution_id == institution_id, StoredFile.key == key)
    return db.session.scalar(narrow(statement).options(undefer(StoredFile.content)))


def usable(user: User, key: str, instance_id: int | None) -> StoredFile | None:
    """The upload a form may name: the person's own unfiled one, or one this case holds already. Without the bytes."""
    own = (StoredFile.uploaded_by_id == user.id) & StoredFile.instance_id.is_(None)
    allowed = own if instance_id is None else or_(own, StoredFile.instance_id == instance_id)
    return db.session.scalar(
        select(StoredFile).where(StoredFile.institution_id == user.institution_id, StoredFile.key == key, allowed)
    )


def by_keys(institution_id: int, keys: Iterable[str]) -> dict[str, StoredFile]:
    """Files by key, without the bytes."""
    statement = select(StoredFile).where(StoredFile.institution_id == institution_id, StoredFile.key.in_(set(keys)))
    return {stored.key: stored for stored in db.session.scalars(statement)}


def file_keys(answers: Any) -> list[str]:
    """Keys of every stored file that answers name."""
    if isinstance(answers, dict):
        if "sha256" in answers and "size" in answers and isinstance(answers.get("id"), str):
            return [answers["id"]]
        return [key for value in answers.values() for key in file_keys(value)]
    if isinstance(answers, list):
        return [key for value in answers for key in file_keys(value)]
    return []


def institutions_with_old_uploads(now: datetime, *, older_than: timedelta = UNFILED_FOR) -> Sequence[int]:
    """Institutions that hold uploads nobody filed for so long."""
    old = StoredFile.instance_id.is_(None) & (StoredFile.uploaded_at < now - older_than)
    return db.session.scalars(select(StoredFile.institution_id).where(old).distinct()).all()
