"""Reads for case pages, each narrowed to what the person may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from webapp.extensions import db
from webapp.files import queries as files
from webapp.files.models import StoredFile
from webapp.ledger import queries as ledger
from webapp.ledger.queries import EventView
from webapp.organization.models import User
from webapp.organization.policy import visible
from webapp.registry.models import Account, Filing
from webapp.registry.queries import filing_of_instance
from webapp.workflow.models import ProcessInstance

MOST_EVENTS = 200


@dataclass(frozen=True)
class OfficialFacts:
    """What the register says of a case: its filing, and the account it made or is about."""

    filing: Filing | None
    account: Account | None


def file(user: User, key: str) -> StoredFile | None:
    """An attachment with its bytes, when the person may see it."""
    return files.download(user.institution_id, key, lambda statement: visible(user, statement, StoredFile))


def events(instance: ProcessInstance) -> Sequence[EventView]:
    """The ledger's events of a case, newest first; a very long case shows its newest."""
    return ledger.page(db.session(), instance.institution_id, instance_id=instance.id, limit=MOST_EVENTS)


def official_facts(instance: ProcessInstance) -> OfficialFacts:
    """The filing of a case and its account."""
    filing = filing_of_instance(instance.institution_id, instance.id)
    account = db.session.get(Account, filing.account_id) if filing and filing.account_id else None
    return OfficialFacts(filing, account)
