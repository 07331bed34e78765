"""What the keys of a pack are called on a page: platforms, tiers, units, roles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from webapp.definitions.bundle import Bundle
from webapp.definitions.queries import bundle, current_deployment
from webapp.extensions import db
from webapp.organization.models import Unit


@dataclass
class PackNames:
    """Names in the page's language, from the institution's newest pack; an unknown key is shown as it stands."""

    institution_id: int
    locale: str
    bundle: Bundle | None = None

    @classmethod
    def current(cls, institution_id: int, locale: str) -> PackNames:
        """Those of the pack now in force."""
        deployment = current_deployment(institution_id)
        return cls(institution_id, locale, bundle(deployment) if deployment else None)

    @cached_property
    def _platforms(self) -> dict[str, str]:
        return {entry.key: entry.name(self.locale) for entry in self.bundle.pack.platforms} if self.bundle else {}

    @cached_property
    def platform_choices(self) -> list[tuple[str, str]]:
        """(key, name) of every platform, in the pack's order."""
        return list(self._platforms.items())

    def platform(self, key: str) -> str:
        return self._platforms.get(key, key)

    def tier(self, key: str) -> str:
        return self.bundle.pack.tier_name(key, self.locale) if self.bundle and key else key

    def role(self, key: str) -> str:
        """A role's name; "" for one the pack does not know, such as the applicant."""
        entry = self.bundle.pack.role(key) if self.bundle else None
        return entry.name(self.locale) if entry else ""

    def unit(self, unit_id: int | None) -> str:
        """A unit's name, an inactive one's too; "" for another institution's."""
        found = db.session.get(Unit, unit_id) if unit_id is not None else None
        if found is None or found.institution_id != self.institution_id:
            return ""
        return found.name_en or found.name_zh if self.locale == "en" else found.name_zh
