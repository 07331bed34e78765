"""Deploying a pack: one immutable snapshot, its people's units and roles, and its legal basis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from webapp.definitions.bundle import Bundle, digests, make_bundle
from webapp.definitions.checks import check_pack
from webapp.definitions.models import Deployment, ProcessDefinition, Resource
from webapp.definitions.queries import current_deployment, deployment_by_hash, newest
from webapp.engine import OperationSpec
from webapp.engine.errors import DefinitionError
from webapp.extensions import db, transactional
from webapp.ledger import record
from webapp.organization.commands import public_person, sync_institution, sync_roles, sync_units
from webapp.organization.models import Institution, User
from webapp.organization.queries import institution as find_institution
from webapp.regulations.commands import sync_document
from webapp.regulations.documents import parse_document


@dataclass(frozen=True)
class Deployed:
    """The deployment, and whether this call made it (an unchanged pack is not deployed twice)."""

    institution: Institution
    deployment: Deployment
    created: bool


def deploy(
    files: Mapping[str, bytes], operations: Mapping[str, OperationSpec], *, actor: User | None, note: str = ""
) -> Deployed:
    """Check a pack and deploy it, unless these very files are deployed already.

    Raises DefinitionError with every finding; then nothing is changed.
    """
    bundle = make_bundle(files)
    institution = find_institution(bundle.pack.institution.code)
    current = current_deployment(institution.id) if institution else None
    if institution is not None and current is not None and current.hash == bundle.hash:
        return Deployed(institution, current, created=False)
    findings = check_pack(files, operations)
    if findings:
        raise DefinitionError(tuple(findings))
    return _deploy(bundle, operations, actor, note)


@transactional
def _deploy(bundle: Bundle, operations: Mapping[str, OperationSpec], actor: User | None, note: str) -> Deployed:
    pack = bundle.pack
    entry = pack.institution
    institution = sync_institution(entry.code, entry.name_zh, entry.name_en, entry.time_zone)
    sync_units(institution.id, [unit.model_dump() for unit in pack.units])
    sync_roles(institution.id, [role.model_dump() for role in pack.roles])
    public_person(institution.id)
    for path in pack.regulations:
        sync_document(institution.id, parse_document(bundle.files[path], path))
    kept = digests(bundle.files)
    # Going back to earlier files uses their deployment again; its processes still get new versions.
    deployment = deployment_by_hash(institution.id, bundle.hash)
    if deployment is None:
        _store(bundle.files, kept)
        deployment = Deployment(
            institution_id=institution.id,
            hash=bundle.hash,
            files=kept,
            deployed_at=datetime.now(UTC),
            deployed_by_id=actor.id if actor else None,
            note=note,
        )
        db.session.add(deployment)
        db.session.flush()
    versions = [_version(bundle, deployment, process.key, operations) for process in pack.processes]
    record(
        db.session(),
        institution_id=institution.id,
        action="definitions:pack:deployed",
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        object_type="deployment",
        object_id=deployment.id,
        kept={"hash": bundle.hash, "files": kept, "versions": versions, "note": note},
        erasable={},
        deployment_hash=bundle.hash,
    )
    return Deployed(institution, deployment, created=True)


def _store(files: Mapping[str, bytes], kept: Mapping[str, str]) -> None:
    have = set(db.session.scalars(select(Resource.sha256).where(Resource.sha256.in_(set(kept.values())))))
    for path, digest in kept.items():
        if digest not in have:
            have.add(digest)
            db.session.add(Resource(sha256=digest, size=len(files[path]), content=files[path]))


def _version(
    bundle: Bundle, deployment: Deployment, key: str, operations: Mapping[str, OperationSpec]
) -> dict[str, object]:
    """A new version of a process; every deployment makes one, since forms and tables belong to it too."""
    process = bundle.process(key)
    last = newest(deployment.institution_id, key)
    row = ProcessDefinition(
        institution_id=deployment.institution_id,
        deployment=deployment,
        key=key,
        version=last.version + 1 if last else 1,
        process_id=bundle.process_id(key),
        content_hash=bundle.definition(key, operations).hash,
        name_zh=process.name_zh,
        name_en=process.name_en,
        settings=process.model_dump(mode="json"),
        deployed_at=datetime.now(UTC),
    )
    db.session.add(row)
    return {"key": key, "version": row.version}
