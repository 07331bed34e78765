"""Rules of substitution in words."""

from __future__ import annotations

from datetime import date

from flask_babel import gettext as _

from webapp.definitions.queries import bundle, current_deployment
from webapp.organization.models import Delegation, User


def process_choices(institution_id: int, locale: str) -> list[tuple[str, str]]:
    """(key, name) of every process of the pack now in force, in the pack's order."""
    deployment = current_deployment(institution_id)
    return [(entry.key, entry.name(locale)) for entry in bundle(deployment).pack.processes] if deployment else []


def scope(found: Delegation, names: dict[str, str]) -> str:
    """The process the rule is for, or that it is for all; one the pack no longer has is shown as it stands."""
    return str(_("全部流程")) if found.process_key is None else names.get(found.process_key, found.process_key)


def span(found: Delegation, today: date) -> str:
    """ "11-20 至 11-27", with the years where one of them is another."""
    same = found.valid_from.year == found.valid_to.year == today.year
    first, last = (f"{day:%m-%d}" if same else day.isoformat() for day in (found.valid_from, found.valid_to))
    return str(_("%(first)s 至 %(last)s", first=first, last=last))


def person_name(user: User, locale: str) -> str:
    return user.name_en or user.name_zh if locale == "en" else user.name_zh
