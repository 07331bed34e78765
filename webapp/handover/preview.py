"""What would be handed over, before it is ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from webapp.handover.holdings import NOUNS, holdings
from webapp.handover.wording import group_names, labels
from webapp.organization.models import User

MOST_SHOWN = 20


@dataclass(frozen=True)
class Group:
    """One group: how many things, the first of them by name, and what becomes of them."""

    noun: str
    name: str
    effect: str
    count: int
    shown: Sequence[tuple[str, str]]

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


def preview(leaver: User, today: date, locale: str) -> list[Group]:
    """Every group in the order it is dealt with, the empty ones too."""
    names, found = group_names(), holdings(leaver, today)
    return [_group(leaver, noun, names[noun], found[noun], locale) for noun in NOUNS]


def _group(leaver: User, noun: str, words: tuple[str, str], ids: Sequence[int], locale: str) -> Group:
    first = ids[:MOST_SHOWN]
    known = labels(leaver.institution_id, noun, first, locale)
    return Group(noun, *words, len(ids), [known[one] for one in first if one in known])
