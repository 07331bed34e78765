"""What happened to an account: its versions, each with what it changed, who decided it and on which ground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from webapp.registry.entry import Entry, Fact
from webapp.registry.models import AccountVersion, Decision, Filing
from webapp.registry.queries import AccountFile
from webapp.regulations.citing import Citation, Citing, href

# The clauses a step rests on by the diagram its case ran on, for decisions that named no ground: (filing, element).
Bases = Mapping[tuple[int, str], Sequence[str]]


@dataclass(frozen=True)
class Happening:
    """One version: what it changed in the one before, its filing, and the decision that made it."""

    version: AccountVersion
    changes: Sequence[Fact]
    filing: Filing | None
    decision: Decision | None


def happenings(file: AccountFile, entry: Entry) -> list[Happening]:
    """The versions, newest first; the first one changed nothing."""
    filings = {filing.id: filing for filing in file.filings}
    older = [*file.versions[1:], None]
    return [
        Happening(
            version,
            entry.changes(before.data, version.data) if before else [],
            filings.get(version.filing_id) if version.filing_id else None,
            file.made_by(version),
        )
        for version, before in zip(file.versions, older, strict=True)
    ]


def grounds(file: AccountFile, bases: Bases, locale: str) -> dict[int, list[Citation]]:
    """The citations of every decision by its id: the grounds it named, else what its step rests on."""
    every = [row for rows in file.decisions.values() for row in rows]
    citing = Citing(file.account.institution_id, [code for codes in bases.values() for code in codes], locale)
    return {
        row.id: _named(row) if row.grounds else citing(bases.get((row.filing_id, row.element), ())) for row in every
    }


def _named(decision: Decision) -> list[Citation]:
    """The grounds with the words they had on the day of the decision."""
    tags = [
        Citation(ground.clause_code, ground.article or ground.clause_code, ground.duty_zh, href(ground.clause_code))
        for ground in decision.grounds
    ]
    return list({tag.label: tag for tag in tags}.values())
