"""The register's ledger events. Each says the complete row it made, so that `fold` can rebuild the register."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from webapp.extensions import db
from webapp.ledger import record
from webapp.organization.models import User
from webapp.registry.facts import as_json, split_personal, state_of
from webapp.registry.models import Account, AccountVersion, Assessment, Decision, Filing, Measure, Review

FILED = "registry:filing:lodged"
AMENDED = "registry:filing:amended"
CLOSED = "registry:filing:closed"
DECIDED = "registry:decision:recorded"
REGISTERED = "registry:account:registered"
REVISED = "registry:account:revised"
UPDATED = "registry:account:updated"
MEASURED = "registry:measure:recorded"
REVIEWED = "registry:review:recorded"
ASSESSED = "registry:assessment:recorded"

FILING = (
    *(
        "reference",
        "kind",
        "unit_id",
        "account_id",
        "filed_by_id",
        "filed_at",
        "event_on",
        "last_day",
        "late",
        "period",
    ),
)
CLOSING = ("outcome", "receipt", "closed_at")
DECISION = (
    *("filing_id", "seat_id", "element", "element_name", "round", "role", "outcome"),
    *("decided_by_id", "on_behalf_of_id", "decided_at"),
)
GROUND = ("clause_code", "article", "duty_zh")
UPDATE = ("last_update_on", "update_recorded_at")
_MADE = ("filing_id", "decision_id", "recorded_at")
MEASURE = ("kind", "account_id", "unit_id", "authority", "article", "year", *_MADE)
REVIEW = ("account_id", "period", "result", *_MADE)
ASSESSMENT = ("unit_id", "year", "points", "eligible", "vetoed", *_MADE)
# What may name people, by table.
SPOKEN = {"measure": ("note", "persons"), "review": ("note",), "assessment": ("items",)}
KEPT: dict[str, tuple[str, ...]] = {"measure": MEASURE, "review": REVIEW, "assessment": ASSESSMENT}
VERSION = ("number", "cause", "filing_id", "decision_id", "recorded_at")


def columns(row: object, names: Iterable[str]) -> dict[str, Any]:
    """Those columns of a row as JSON."""
    return {name: as_json(getattr(row, name)) for name in names}


def filed(filing: Filing, actor: User | None) -> None:
    _write(FILED, filing, filing.filed_at, actor, columns(filing, FILING), instance_id=filing.instance_id)


def amended(filing: Filing, actor: User | None, at: datetime) -> None:
    """A correction: what the filing says of itself now."""
    _write(AMENDED, filing, at, actor, columns(filing, FILING), instance_id=filing.instance_id)


def closed(filing: Filing, actor: User | None) -> None:
    kept = columns(filing, CLOSING)
    _write(CLOSED, filing, filing.closed_at, actor, kept, instance_id=filing.instance_id)


def decided(decision: Decision, filing: Filing, actor: User, on_behalf_of: User | None) -> None:
    kept = columns(decision, DECISION)
    kept["grounds"] = [columns(ground, GROUND) for ground in decision.grounds]
    # An opinion is free text in which people get named, so it can be erased while its commitment stays.
    erasable = {"opinion": decision.opinion} if decision.opinion else {}
    _write(DECIDED, decision, decision.decided_at, actor, kept, erasable, on_behalf_of, filing.instance_id)


def changed(action: str, account: Account, version: AccountVersion, actor: User | None, instance: int | None) -> None:
    """An account registered or revised: its whole new state and the version that keeps it."""
    kept, erasable = split_personal(state_of(account))
    kept["version"] = columns(version, VERSION)
    if version.note:
        erasable["note"] = version.note
    _write(action, account, version.recorded_at, actor, kept, erasable, instance_id=instance)


def updated(account: Account, actor: User | None, instance: int | None) -> None:
    """The day an account last put something out."""
    _write(UPDATED, account, account.update_recorded_at, actor, columns(account, UPDATE), instance_id=instance)


def recorded(action: str, row: Measure | Review | Assessment, actor: User | None, instance: int | None) -> None:
    """A measure, a review or an assessment."""
    kept = columns(row, KEPT[row.__tablename__])
    _write(action, row, row.recorded_at, actor, kept, spoken(row), instance_id=instance)


def spoken(row: Measure | Review | Assessment) -> dict[str, Any]:
    """The columns of a row in which people may be named, where they say anything."""
    return {name: value for name in SPOKEN[row.__tablename__] if (value := getattr(row, name))}


def _write(
    action: str,
    thing: Filing | Decision | Account | Measure | Review | Assessment,
    at: datetime | None,
    actor: User | None,
    kept: dict[str, Any],
    erasable: dict[str, Any] | None = None,
    on_behalf_of: User | None = None,
    instance_id: int | None = None,
) -> None:
    record(
        db.session(),
        institution_id=thing.institution_id,
        action=action,
        actor_id=actor.id if actor else None,
        actor_label=actor.name_zh if actor else "system",
        on_behalf_of=on_behalf_of.id if on_behalf_of else None,
        object_type=thing.__tablename__,
        object_id=thing.id,
        kept=kept,
        erasable=erasable or {},
        instance_id=instance_id,
        at=at,
    )
