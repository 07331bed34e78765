"""Telling people of what was said, each in the own language."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask_babel import force_locale

from webapp.notifications.commands import tell
from webapp.organization.models import User
from webapp.workflow.models import ProcessInstance

MOST_QUOTED = 200
LOCALES = ("zh", "en")
Wording = Callable[[str, str], tuple[str, str]]


def tell_each(
    instance: ProcessInstance,
    people: Sequence[User],
    wording: Wording,
    *,
    kind: str,
    link: str,
    key: str,
    now: datetime,
) -> None:
    """Tell each person once under `key`. `wording(locale, title)` gives subject and body, in the locale in force."""
    for locale in LOCALES:
        ids = [user.id for user in people if (user.locale == "en") == (locale == "en")]
        if not ids:
            continue
        title = instance.title_en or instance.title_zh if locale == "en" else instance.title_zh
        with force_locale(locale):
            subject, body = wording(locale, title)
        tell(
            instance.institution_id,
            ids,
            subject,
            body,
            instance_id=instance.id,
            now=now,
            key=key,
            kind=kind,
            link=link,
        )


def name_in(user: User, locale: str) -> str:
    """A person's name in a language."""
    return user.name_en or user.name_zh if locale == "en" else user.name_zh


def quoted(words: str) -> str:
    """What was said, short enough for a notice."""
    return words if len(words) <= MOST_QUOTED else f"{words[:MOST_QUOTED]}…"
