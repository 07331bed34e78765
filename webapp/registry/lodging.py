"""Many filings at once, as the system lodges them in people's names."""

from __future__ import annotations

from collections.abc import Sequence

from webapp.extensions import db, transactional
from webapp.registry import events, queries
from webapp.registry.models import Filing


@transactional
def lodge_many(filings: Sequence[Filing]) -> None:
    """Write new filings, each with its event; nobody but the system did it, whoever they are filed for."""
    db.session.add_all(filings)
    db.session.flush()
    for filing in filings:
        queries.held(filing)
        events.filed(filing, None)
