"""What is wrong with the campaigns a pack declares: names nothing has, expressions that read the unknown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from webapp.definitions.bundle import Bundle
from webapp.definitions.campaign_entries import CampaignEntry
from webapp.engine import Finding, OperationSpec, feel
from webapp.engine.errors import EngineError

PERIOD_PLACES = ("year", "year_before", "month", "half", "quarter")
_PLACE = re.compile(r"\{([^{}]*)\}")


def campaign_findings(bundle: Bundle, operations: Mapping[str, OperationSpec]) -> list[Finding]:
    """All findings of `campaigns` in a pack."""
    found: list[Finding] = []
    keys = [entry.key for entry in bundle.pack.campaigns]
    for entry in bundle.pack.campaigns:
        place = f"campaigns.{entry.key}"
        if keys.count(entry.key) > 1:
            found.append(_wrong(place, "键重复", "The key is used twice"))
        found += [_wrong(place, zh, en) for zh, en in [*_references(bundle, entry), *_texts(entry)]]
        found += [_wrong(place, zh, en) for zh, en in _answers(bundle, entry, operations)]
        found += [_wrong(f"{place}.{name}", zh, en) for name, zh, en in _expressions(entry)]
    return found


def _wrong(place: str, zh: str, en: str) -> Finding:
    return Finding("pack.yaml", place, "campaign", zh, en)


def _references(bundle: Bundle, entry: CampaignEntry) -> Iterator[tuple[str, str]]:
    unfiled = entry.on_close.unfiled
    for process in (entry.process, *([unfiled.process] if unfiled else [])):
        if bundle.pack.process(process) is None:
            yield f"没有流程“{process}”", f"There is no process “{process}”"
    roles = {role.key for role in bundle.pack.roles}
    applicants = [entry.applicant_role] if entry.targets == "units" else []
    named = [*entry.manage_roles, *entry.zero_report_roles, *applicants]
    for role in named:
        if role not in roles:
            yield f"没有角色“{role}”", f"There is no role “{role}”"
    if entry.on_close.bulletin is not None and entry.on_close.bulletin not in bundle.pack.texts:
        yield f"没有文字“{entry.on_close.bulletin}”", f"There is no text “{entry.on_close.bulletin}”"
    if entry.on_close.bulletin is not None and bundle.pack.series("bulletin") is None:
        yield "要发布通报，缺少编号序列“bulletin”", "A bulletin needs the number series “bulletin”, which is missing"
    if entry.zero_report and entry.targets == "units":
        yield "按单位开展的不设零报告", "A campaign over units has no zero report"
    keys = [window.key for window in entry.windows]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"阶段“{key}”重复", f"The window “{key}” is there twice"


def _texts(entry: CampaignEntry) -> Iterator[tuple[str, str]]:
    places = _PLACE.findall(entry.period)
    for place in places:
        if place not in PERIOD_PLACES:
            yield f"周期中没有“{{{place}}}”可用", f"A period has no {{{place}}}"
    finer = {"month", "half", "quarter"} & set(places)
    if entry.recurs and not {"year", "year_before"} & set(places):
        yield "定期开展的，周期须写明 {year}", "What recurs names {year} in its period"
    if entry.recurs and entry.recurs.every_months < 12 and not finer:
        yield (
            "一年开展多次的，周期须写明 {half}、{quarter} 或 {month}",
            "What opens several times a year names {half}, {quarter} or {month} in its period",
        )


def _answers(
    bundle: Bundle, entry: CampaignEntry, operations: Mapping[str, OperationSpec]
) -> Iterator[tuple[str, str]]:
    """Prefilled fields the application does not have; a faulty diagram or form is told elsewhere."""
    try:
        element = bundle.definition(entry.process, operations).elements["Application"]
        fields = {spec.key for spec in bundle.form(element.form_key or "").fields}
    except (EngineError, KeyError):
        return
    for key in entry.answers:
        if key not in fields:
            yield f"申请表没有字段“{key}”", f"The application has no field “{key}”"


def _expressions(entry: CampaignEntry) -> Iterator[tuple[str, str, str]]:
    target = "account" if entry.targets == "accounts" else "unit"
    where_names = {"account", "unit"} if target == "account" else {"unit"}
    answer_names = where_names | {"campaign", "last"}
    unfiled = entry.on_close.unfiled
    yield from _one("where", entry.where, where_names)
    for key, text in entry.answers.items():
        yield from _one(f"answers.{key}", text, answer_names)
    for key, text in (unfiled.answers if unfiled else {}).items():
        yield from _one(f"on_close.unfiled.answers.{key}", text, answer_names)


def _one(place: str, text: str, allowed: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    try:
        names = feel.compile(text).names
    except EngineError as error:
        yield place, error.sentence, error.sentence_en
        return
    for name in sorted(names - set(allowed)):
        yield place, f"这里看不到“{name}”", f"“{name}” cannot be seen here"
