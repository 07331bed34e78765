"""A deployed process in words: its steps in order, its decision tables and its forms, each with what it rests on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.definitions.bundle import Bundle
from webapp.definitions.ordering import in_order
from webapp.engine import Definition, Element
from webapp.engine.decision_tables import DecisionTable
from webapp.formkit import Basis, FieldSpec, FormSchema

_DUE = re.compile(r'^due\(\s*(\d+)\s*,\s*"(\w+)"\s*(?:,\s*([^()]+?)\s*)?\)$')
_PERIOD = re.compile(r"^P(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?$")


@dataclass(frozen=True)
class Branch:
    """A way on from a step: to which step, under which condition ("" for the default or the only way)."""

    target: str
    name: str
    condition: str
    default: bool
    articles: Sequence[str]


@dataclass(frozen=True)
class Step:
    """One element. `actor` is who acts, `limit` the time given, `reason` why no clause, `inside` its block."""

    id: str
    kind: str
    name: str
    actor: str
    limit: str
    form_key: str
    table: str
    articles: Sequence[str]
    reason: str
    hint: str
    inside: str
    acts: Sequence[str]
    branches: Sequence[Branch]


def steps(definition: Definition, bundle: Bundle, locale: str) -> list[Step]:
    """Every element that does or decides something, in the order a case meets them."""
    return [_step(definition, bundle, element, locale) for element in in_order(definition) if _says_something(element)]


def decision_tables(definition: Definition) -> list[DecisionTable]:
    """The tables the process asks, in the order it asks them."""
    order = [element.decision_ref for element in in_order(definition) if element.decision_ref]
    return [definition.decisions[name] for name in dict.fromkeys(order) if name in definition.decisions]


def forms(definition: Definition, bundle: Bundle) -> list[FormSchema]:
    """The forms the process uses, in the order a case meets them."""
    keys = dict.fromkeys(element.form_key for element in in_order(definition) if element.form_key)
    return [bundle.form(key) for key in keys]


def reason(basis: Basis, locale: str) -> str:
    """Why a field rests on no clause."""
    return basis.reason.say("en" if locale == "en" else "zh")


def demand(field: FieldSpec) -> str:
    """Whether a field must be filled in."""
    if field.required:
        return str(_("必填"))
    return str(_("视情况必填") if field.required_if is not None else _("可不填"))


def kind_name(kind: str) -> str:
    """What an element of the diagram is called."""
    words: dict[str, str] = {
        "userTask": _("办理"),
        "serviceTask": _("系统执行"),
        "businessRuleTask": _("查决策表"),
        "startEvent": _("开始"),
        "endEvent": _("结束"),
        "exclusiveGateway": _("择一分支"),
        "inclusiveGateway": _("按条件并行"),
        "parallelGateway": _("同时进行"),
        "subProcess": _("会签段"),
        "callActivity": _("调用流程"),
        "boundaryEvent": _("到期转出"),
        "intermediateCatchEvent": _("等待"),
    }
    return words.get(kind, kind)


def act_name(act: str) -> str:
    """What a decision is called on its button."""
    words: dict[str, str] = {
        "approve": _("同意"),
        "request_correction": _("退回补正"),
        "reject": _("不予"),
        "receive": _("收存"),
    }
    return words.get(act, act)


def limit_text(text: str | None) -> str:
    """A deadline or a timer in words; what is no plain number of days is shown as it is written."""
    if not text:
        return ""
    plain = text.removeprefix("=").strip()
    units = {
        "working_days": _("个工作日"),
        "days": _("天"),
        "weeks": _("周"),
        "months": _("个月"),
        "hours": _("小时"),
    }
    if found := _DUE.match(plain):
        number, unit, since = found.groups()
        span = f"{number} {units.get(unit, unit)}"
        return span if not since else str(_("%(since)s起 %(span)s", since=_since(since), span=span))
    if found := _PERIOD.match(plain.strip('"')):
        parts = zip(found.groups(), ("months", "weeks", "days", "hours"), strict=True)
        return " ".join(f"{number} {units[unit]}" for number, unit in parts if number) or plain
    return plain


def _since(text: str) -> str:
    return str(_("提交")) if text == "case.filed_at" else text


def _step(definition: Definition, bundle: Bundle, element: Element, locale: str) -> Step:
    english = locale == "en"
    properties = element.properties
    inside = definition.elements.get(element.scope[-1]) if element.scope else None
    return Step(
        id=element.id,
        kind=element.kind,
        name=_name(element, locale),
        actor=_actor(bundle, element, locale),
        limit=limit_text(element.due or element.timer),
        form_key=element.form_key or "",
        table=element.decision_ref or "",
        articles=[code for code in element.articles if code != "not-stated"],
        reason=properties.get("reason_en" if english else "reason_zh") or properties.get("reason_zh") or "",
        hint=properties.get("hint_en" if english else "hint_zh") or properties.get("hint_zh") or element.documentation,
        inside=_name(inside, locale) if inside else "",
        acts=[act_name(act.strip()) for act in properties.get("decisions", "").split(",") if act.strip()],
        branches=_branches(definition, element, locale),
    )


def _branches(definition: Definition, element: Element, locale: str) -> list[Branch]:
    if len(element.outgoing) < 2:
        return []
    found = []
    for target in element.outgoing:
        flow = definition.flow_between(element.id, target)
        if flow is not None:
            name = _name(definition.elements[_landing(definition, target)], locale)
            found.append(Branch(name, flow.name, flow.condition or "", flow.default, flow.articles))
    return found


def _landing(definition: Definition, target: str) -> str:
    """Where a flow really leads: past gateways that only bring ways together."""
    seen = set()
    while target not in seen and len(definition.elements[target].outgoing) == 1:
        element = definition.elements[target]
        if not element.kind.endswith("Gateway"):
            break
        seen.add(target)
        target = element.outgoing[0]
    return target


def _actor(bundle: Bundle, element: Element, locale: str) -> str:
    if element.kind == "serviceTask":
        return element.topic or ""
    if element.assignee == "applicant":
        return str(_("申请人"))
    names = [role.name(locale) for key in element.candidate_groups if (role := bundle.pack.role(key))]
    return ("、" if locale == "zh" else ", ").join(names) or (element.assignee or "")


def _name(element: Element, locale: str) -> str:
    english = element.properties.get("name_en") if locale == "en" else ""
    return english or element.name or kind_name(element.kind)


def _says_something(element: Element) -> bool:
    """Gateways that only bring ways together, and starts inside blocks, say nothing to a reader."""
    if element.kind.endswith("Gateway"):
        return len(element.outgoing) > 1
    return not (element.scope and element.kind in ("startEvent", "endEvent"))
