"""Where the pages show an element."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

from webapp.coverage.naming import page_names
from webapp.coverage.parts import Element
from webapp.definitions.models import ProcessDefinition

# Entries of `pack.yaml` that a page of their own shows, by kind.
_PAGES = {
    "campaign": "campaigns.campaigns",
    "window": "campaigns.campaigns",
    "closing": "campaigns.campaigns",
    "inactivity": "registry.accounts",
    "register": "registry.accounts",
    "tier": "registry.accounts",
}
_OWNED = ("flow", "deadline")
_NAMED_PAGES = {
    "bulletins": "bulletins.bulletins",
    "campaigns": "campaigns.campaigns",
    "account": "registry.accounts",
    "measures": "registry.taken_measures",
    "directory": "directory.directory",
    "public_report": "directory.report",
}


@dataclass(frozen=True)
class Links:
    """Addresses and names of elements, with the present version of each process."""

    versions: Mapping[str, int]
    names: Mapping[str, str]
    locale: str

    @classmethod
    def of(cls, rows: Sequence[ProcessDefinition], locale: str) -> Links:
        """`rows`: the newest version of each process."""
        english = locale == "en"
        names = {row.key: (row.name_en or row.name_zh if english else row.name_zh) for row in rows}
        return cls({row.key: row.version for row in rows}, names, locale)

    def name(self, element: Element) -> str:
        """What the element is called; a page by its own name."""
        if element.kind == "page":
            return page_names().get(element.name_zh, element.name_zh)
        return element.name(self.locale)

    def process(self, element: Element) -> str:
        """The name of its process, "" when it belongs to none or is the process itself."""
        return "" if element.kind == "process" else self.names.get(element.process, "")

    def href(self, element: Element) -> str:
        """The address of the page that shows it, "" when none does."""
        if element.file != "pack.yaml" and element.process:
            return self._on_process_page(element)
        if element.kind in ("process", "deadline", "report"):
            return self._page_of(element.process)
        if element.kind == "document":
            return next((self._page_of(key) for key in element.owner.split() if key in self.versions), "")
        if element.kind == "platform":
            return _address("registry.accounts", platform=element.place.removeprefix("platforms."))
        if element.kind == "sheet":
            return _address("documents.sheet", key=element.place.removeprefix("sheets."))
        if element.kind == "page":
            return _address(_NAMED_PAGES.get(element.name_zh, ""))
        return _address(_PAGES.get(element.kind, ""))

    def _page_of(self, key: str) -> str:
        return url_for("definitions.process", key=key, version=self.versions[key]) if key in self.versions else ""

    def _on_process_page(self, element: Element) -> str:
        page = self._page_of(element.process)
        anchors: dict[str, Callable[[], str]] = {
            "table": lambda: f"table-{element.owner}",
            "row": lambda: f"table-{element.owner}",
            "field": lambda: f"{element.owner}-{element.place.replace('.', '-')}",
            "rule": lambda: f"form-{element.owner}",
        }
        anchor = anchors.get(element.kind, lambda: element.owner if element.kind in _OWNED else element.place)()
        return f"{page}#{anchor}" if page else ""


def _address(endpoint: str, **values: Any) -> str:
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""
