"""The line at the top of the pages while a rule of substitution is in force, for both of its parties.

Whom it does not concern it costs nothing: a substitute is known by `substitutes_until`; a principal is asked for on the
pages that `wide` says are worked on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from webapp.cases.moments import page_locale
from webapp.organization.models import Delegation, User
from webapp.organization.queries import local_day
from webapp.substitution import queries
from webapp.substitution.wording import person_name, process_choices, scope, span

MOST_LINES = 2


@dataclass(frozen=True)
class Lines:
    """What stands in the banner; `more` rules are left to the page behind the link."""

    texts: Sequence[str]
    more: int


def banner(user: User, now: datetime, *, wide: bool) -> Lines | None:
    """The banner of this person at this moment, None without a rule in force. `wide`: look for substitutes, too."""
    today = local_day(now, user.institution.time_zone)
    until = user.substitutes_until
    mine = queries.stood_in_for(user, today) if until is not None and until >= today else []
    theirs = queries.standing_in(user, today) if wide else []
    if not mine and not theirs:
        return None
    locale = page_locale()
    named = any(found.process_key is not None for found in (*mine, *theirs))
    names = dict(process_choices(user.institution_id, locale)) if named else {}
    texts = [_theirs(found, span(found, today), scope(found, names), locale) for found in theirs]
    texts += [_mine(found, span(found, today), scope(found, names), locale) for found in mine]
    return Lines(texts[:MOST_LINES], len(texts) - MOST_LINES if len(texts) > MOST_LINES else 0)


def _theirs(found: Delegation, days: str, what: str, locale: str) -> str:
    who = person_name(found.substitute, locale)
    return str(_("%(days)s 由 %(who)s 代您办理（%(what)s）", days=days, who=who, what=what))


def _mine(found: Delegation, days: str, what: str, locale: str) -> str:
    who = person_name(found.principal, locale)
    return str(_("您正在代 %(who)s 办理（%(what)s，%(days)s）", days=days, who=who, what=what))
