"""Search terms of Chinese and Latin text: single characters, pairs of neighbours (bigrams) and whole words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MAX_TERM = 40
_RUN = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_LATIN = re.compile(r"[a-z0-9]+")


def normalize(text: str) -> str:
    """`text` as it is compared: compatibility forms and width unified (NFKC), case folded, format characters gone."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(char for char in folded if unicodedata.category(char) != "Cf").split())


def terms(texts: Iterable[str]) -> set[str]:
    """What is stored for an account: words of Latin letters and digits; of Chinese each character and bigram."""
    found: set[str] = set()
    for text in texts:
        for run in _RUN.findall(normalize(text)):
            if _LATIN.fullmatch(run):
                found.add(run[:MAX_TERM])
            else:
                found.update(run)
                found.update(bigrams(run))
    return found


def bigrams(run: str) -> list[str]:
    """Neighbouring pairs, in order: "新媒体" -> 新媒, 媒体."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


@dataclass(frozen=True)
class SearchTerms:
    """`exact` terms and `prefixes` that must all be there, and the `runs` that must stand in the text unbroken."""

    exact: tuple[str, ...]
    prefixes: tuple[str, ...]
    runs: tuple[str, ...]


def search_terms(query: str, limit: int = 12) -> SearchTerms:
    """The terms to look up for a typed query; at most `limit` of each kind, so a pasted page costs no more."""
    runs = _RUN.findall(normalize(query))[:limit]
    latin = [run[:MAX_TERM] for run in runs if _LATIN.fullmatch(run)]
    other = [run for run in runs if not _LATIN.fullmatch(run)]
    exact = [term for run in other for term in (bigrams(run) or [run])]
    return SearchTerms(tuple(dict.fromkeys(exact))[:limit], tuple(dict.fromkeys(latin)), tuple(dict.fromkeys(other)))


def similarity(one: str, other: str) -> float:
    """How alike two short texts are, 0 to 1: Dice's coefficient over the sets of their bigrams."""
    first, second = (set(bigrams("".join(_RUN.findall(normalize(text))))) for text in (one, other))
    if not first or not second:
        return 0.0
    return 2 * len(first & second) / (len(first) + len(second))
