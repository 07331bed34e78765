"""Reads about deployed packs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, exists, select
from sqlalchemy.orm import aliased

from webapp.definitions.bundle import Bundle, BundleCache
from webapp.definitions.models import Deployment, ProcessDefinition, Resource
from webapp.extensions import db, remembered

_cache = BundleCache()


@dataclass(frozen=True)
class Pinned:
    """What a case is pinned to: the key of its process, and the files of its deployment."""

    key: str
    bundle: Bundle


def pinned(definition_id: int) -> Pinned:
    """What a process definition means. Its row and its deployment's never change, so each is read once per process."""
    known: dict[int, tuple[str, str]] = remembered("pins")
    if definition_id not in known:
        row = db.session.execute(
            select(ProcessDefinition.key, Deployment.hash)
            .join(ProcessDefinition.deployment)
            .where(ProcessDefinition.id == definition_id)
        ).one()
        known[definition_id] = (row.key, row.hash)
    key, digest = known[definition_id]
    return Pinned(key, _cache.get(digest, lambda: _pinned_contents(definition_id)))


def _pinned_contents(definition_id: int) -> dict[str, bytes]:
    deployments = select(Deployment).join(ProcessDefinition, ProcessDefinition.deployment_id == Deployment.id)
    return _contents(db.session.scalars(deployments.where(ProcessDefinition.id == definition_id)).one())


def bundle(deployment: Deployment) -> Bundle:
    """The readable form of a deployment; built once per content hash and process."""
    return _cache.get(deployment.hash, lambda: _contents(deployment))


def _contents(deployment: Deployment) -> dict[str, bytes]:
    rows = db.session.execute(
        select(Resource.sha256, Resource.content).where(Resource.sha256.in_(set(deployment.files.values())))
    )
    by_digest = {row[0]: row[1] for row in rows}
    return {path: by_digest[digest] for path, digest in deployment.files.items()}


def newest(institution_id: int, key: str) -> ProcessDefinition | None:
    """The version of a process that takes new cases."""
    return db.session.scalar(
        select(ProcessDefinition)
        .where(ProcessDefinition.institution_id == institution_id, ProcessDefinition.key == key)
        .order_by(ProcessDefinition.version.desc())
        .limit(1)
    )


def newest_of_each(institution_id: int) -> Sequence[ProcessDefinition]:
    """The current version of every process of an institution, by key."""
    newest = select(ProcessDefinition).where(ProcessDefinition.id.in_(_newest_ids())).order_by(ProcessDefinition.key)
    return db.session.scalars(newest, {"institution": institution_id}).all()


def newest_pinned(institution_id: int) -> list[Pinned]:
    """What the current version of every process of an institution means, by key; one light statement."""
    return [pinned(found) for found in db.session.scalars(_newest_by_key(), {"institution": institution_id}).all()]


@cache
def _newest_ids() -> Select[int]:
    other = aliased(ProcessDefinition)
    newer = exists().where(
        other.institution_id == ProcessDefinition.institution_id,
        other.key == ProcessDefinition.key,
        other.version > ProcessDefinition.version,
    )
    return select(ProcessDefinition.id).where(ProcessDefinition.institution_id == bindparam("institution"), ~newer)


@cache
def _newest_by_key() -> Select[int]:
    return _newest_ids().order_by(ProcessDefinition.key)


def versions(institution_id: int, key: str) -> Sequence[ProcessDefinition]:
    """Every version of a process, newest first."""
    return db.session.scalars(
        select(ProcessDefinition)
        .where(ProcessDefinition.institution_id == institution_id, ProcessDefinition.key == key)
        .order_by(ProcessDefinition.version.desc())
    ).all()


def definition(institution_id: int, definition_id: int) -> ProcessDefinition | None:
    return db.session.scalar(
        select(ProcessDefinition).where(
            ProcessDefinition.institution_id == institution_id, ProcessDefinition.id == definition_id
        )
    )


def deployment_by_hash(institution_id: int, digest: str) -> Deployment | None:
    return db.session.scalar(
        select(Deployment).where(Deployment.institution_id == institution_id, Deployment.hash == digest)
    )


def current_deployment(institution_id: int) -> Deployment | None:
    """The deployment that new cases of an institution begin on."""
    return db.session.scalar(
        select(Deployment)
        .join(ProcessDefinition, ProcessDefinition.deployment_id == Deployment.id)
        .where(ProcessDefinition.institution_id == institution_id)
        .order_by(ProcessDefinition.id.desc())
        .limit(1)
    )
