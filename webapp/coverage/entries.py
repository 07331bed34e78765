"""The elements of `pack.yaml` and of the layouts it names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from webapp.coverage.parts import Element
from webapp.definitions.bundle import Bundle
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.definitions.packs import Pack
from webapp.definitions.process_entries import ProcessEntry
from webapp.documents.layout import parse_layout
from webapp.engine.errors import DefinitionError

PACK = "pack.yaml"


def pack_elements(bundle: Bundle) -> Iterator[Element]:
    """Every entry of the pack that can cite clauses."""
    pack = bundle.pack
    yield from _named(pack)
    for mark in pack.protected_marks:
        yield _entry(mark, "mark", f"protected_marks.{mark.text}", mark.text)
    for series in pack.number_series:
        yield _entry(series, "series", f"number_series.{series.key}", series.format)
    for key, text in pack.texts.items():
        yield _entry(text, "text", f"texts.{key}", text.subject_zh, text.subject_en)
    yield _entry(pack.limits, "limits", "limits", "附件限制", "Limits of attachments")
    for process in pack.processes:
        yield from _of_process(process)
    for campaign in pack.campaigns:
        yield from _of_campaign(campaign)
    if pack.inactivity is not None:
        named = (f"{pack.inactivity.months} 个月未更新", f"{pack.inactivity.months} months without an update")
        yield _entry(pack.inactivity, "inactivity", "inactivity", *named)
    if pack.public_report is not None:
        named = ("社会公众举报", "Reports from the public")
        yield _entry(pack.public_report, "report", "public_report", *named, process=pack.public_report.process)
    for page in pack.pages:
        yield _entry(page, "page", f"pages.{page.page}", page.page)
    yield from _of_documents(bundle)


def _named(pack: Pack) -> Iterator[Element]:
    groups: Iterable[tuple[str, str, Iterable[Any], str]] = (
        ("platform", "platforms", pack.platforms, "key"),
        ("tier", "tiers", pack.tiers, "key"),
        ("role", "roles", pack.roles, "key"),
        ("sheet", "sheets", pack.sheets, "key"),
        ("register", "registers", pack.registers, "field"),
    )
    for kind, place, entries, key in groups:
        for entry in entries:
            yield _entry(entry, kind, f"{place}.{getattr(entry, key)}", entry.name_zh, entry.name_en)


def _of_process(process: ProcessEntry) -> Iterator[Element]:
    place, names = f"processes.{process.key}", (process.name_zh, process.name_en)
    yield _entry(process, "process", place, *names, process=process.key)
    for number, deadline in enumerate(process.deadline):
        yield _entry(deadline, "deadline", f"{place}.deadline.{number}", *names, process=process.key)


def _of_campaign(campaign: CampaignEntry) -> Iterator[Element]:
    place, names = f"campaigns.{campaign.key}", (campaign.name_zh, campaign.name_en)
    yield _entry(campaign, "campaign", place, *names, process=campaign.process)
    for window in campaign.windows:
        named = (window.name_zh, window.name_en)
        yield _entry(window, "window", f"{place}.windows.{window.key}", *named, process=campaign.process, must=False)
    closing = campaign.on_close
    if closing.article:
        yield _entry(closing, "closing", f"{place}.on_close", *names, process=campaign.process, must=False)
    if closing.unfiled is not None and closing.unfiled.article:
        where = f"{place}.on_close.unfiled"
        yield _entry(closing.unfiled, "closing", where, *names, process=campaign.process, must=False)


def _of_documents(bundle: Bundle) -> Iterator[Element]:
    for path in bundle.pack.documents:
        try:
            layout = parse_layout(bundle.files[path], path)
        except (DefinitionError, KeyError):
            continue  # the check says so
        articles = tuple(layout.article.split()) or (("not-stated",) if layout.ours else ())
        named = (layout.title_zh, layout.title_en)
        owner = " ".join(layout.process)
        yield Element("document", path, layout.key, *named, "", articles, bool(layout.reason_zh), owner=owner)


def _entry(
    entry: Any, kind: str, place: str, name_zh: str, name_en: str = "", *, process: str = "", must: bool = True
) -> Element:
    articles = tuple(entry.article.split())
    reason = bool(getattr(entry, "reason_zh", ""))
    return Element(kind, PACK, place, name_zh, name_en, process, articles, reason, must)
