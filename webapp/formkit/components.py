"""One component of a linted form file as a FieldSpec, one entry of beianRules as a RuleSpec."""

from collections.abc import Mapping, Set
from typing import Any, Final

from webapp.engine import feel
from webapp.formkit.conditions import Texts, compiled
from webapp.formkit.kinds import Component, children, key_of, kind_of, listed, names_in, prop
from webapp.formkit.lint.conditions import hide_of
from webapp.formkit.patterns import MAX_VALUE, safe
from webapp.formkit.specs import Basis, Bilingual, FieldSpec, Kind, Limits, Option, RuleSpec

# Longest answer when the file states none, in characters.
_LENGTHS: Final[Mapping[Kind, int]] = {Kind.TEXT: 200, Kind.LONG_TEXT: 4000}


def spec_of(component: Component, hides: Texts, drivers: Set[str], inside: str = "") -> FieldSpec:
    """The field; `hides` are its conditions (its heading's included), `inside` the key of its repeating group."""
    kind = kind_of(component) or Kind.STATIC
    key = key_of(component)
    rules = component.get("validate") or {}
    limits = limits_of(component, kind, rules)
    return FieldSpec(
        key=key,
        kind=kind,
        label=_bilingual(component, str(component.get("label") or "").strip(), "label_en"),
        path=f"{inside}.{key}" if inside else key,
        basis=_basis(component.get("properties") or {}),
        help=_bilingual(component, prop(component, "help_zh") or str(component.get("description") or ""), "help_en"),
        required=bool(rules.get("required")) or (kind is Kind.ROWS and limits.min_rows > 0),
        limits=limits,
        options=tuple(_option(v) for v in listed(component, "values")),
        hide=tuple(feel.compile(text) for text in hides),
        required_if=compiled(prop(component, "requiredIf")),
        checks=names_in(prop(component, "check")),
        check_unless=compiled(prop(component, "check_unless")),
        pick_kind=_pick_kind(component, kind),
        sheet=prop(component, "sheet") if kind is Kind.SHEET else "",
        text=_text(component, kind),
        default=component.get("defaultValue"),
        prefill=compiled(prop(component, "prefill")),
        current=compiled(prop(component, "current")),
        scope=prop(component, "scope") or "own",
        states=names_in(prop(component, "states")),
        personal=prop(component, "personal") == "true" or kind in (Kind.PERSON, Kind.UNDERTAKING),
        drives=key in drivers or kind is Kind.ACCOUNT,
        children=_children(component, kind, key, drivers),
    )


def limits_of(component: Component, kind: Kind, rules: Mapping[str, Any]) -> Limits:
    """Bounds of the field's value; `rules` is the component's `validate`."""
    pattern = str(rules.get("pattern") or "")
    longest = MAX_VALUE if pattern else _LENGTHS.get(kind, 200)
    most = prop(component, "max")
    low, high = (rules.get("min"), rules.get("max")) if kind is Kind.NUMBER else (None, None)
    least_rows = int(prop(component, "min") or 0)
    shown = component.get("defaultRepetitions")
    return Limits(
        min_length=int(rules.get("minLength") or 0) or None,
        max_length=int(rules.get("maxLength") or longest),
        minimum=low,
        maximum=high,
        decimals=int(component.get("decimalDigits") or 0),
        not_before_today=bool(component.get("disallowPassedDates")),
        pattern=safe(pattern) if pattern else None,
        pattern_message=_bilingual(component, prop(component, "pattern_message_zh"), "pattern_message_en"),
        min_rows=least_rows if kind is Kind.ROWS else 0,
        max_rows=int(most) if most and kind is Kind.ROWS else 50,
        start_rows=max(least_rows, int(shown) if isinstance(shown, int) else 1),
        max_files=(int(most) if most else 8) if component.get("multiple") else 1,
        accept=tuple(a.strip() for a in str(component.get("accept") or "").split(",") if a.strip()),
    )


def rule_of(rule: Component) -> RuleSpec:
    """One cross-field rule."""
    return RuleSpec(
        key=str(rule["key"]),
        when=feel.compile(str(rule["when"])),
        field=str(rule["field"]),
        message=Bilingual(str(rule["message_zh"]), str(rule["message_en"])),
        basis=_basis(rule),
    )


def _children(component: Component, kind: Kind, key: str, drivers: Set[str]) -> tuple[FieldSpec, ...]:
    if kind is not Kind.ROWS:
        return ()
    return tuple(
        spec_of(child, (text,) if (text := hide_of(child)) else (), drivers, inside=key)
        for child in children(component)
        if key_of(child)
    )


def _bilingual(component: Component, zh: str, en_property: str) -> Bilingual:
    return Bilingual(zh, prop(component, en_property))


def _basis(held: Mapping[str, Any]) -> Basis:
    articles = tuple(str(held.get("article") or "").split())
    reason = Bilingual(str(held.get("reason_zh") or ""), str(held.get("reason_en") or ""))
    return Basis(articles if articles != ("not-stated",) else (), reason)


def _option(value: Mapping[str, Any]) -> Option:
    return Option(str(value["value"]), Bilingual(str(value["label"]), str(value.get("label_en") or "")))


def _pick_kind(component: Component, kind: Kind) -> str | None:
    if kind is Kind.UNIT:
        return prop(component, "unit_kind") or None
    if kind is Kind.PERSON:
        return prop(component, "person") if prop(component, "person") in ("staff", "student") else None
    if kind is Kind.PLATFORM and prop(component, "platform_group"):
        return "group" if prop(component, "platform_group") == "true" else "account"
    return None


def _text(component: Component, kind: Kind) -> Bilingual:
    if kind is Kind.STATIC:
        return _bilingual(component, str(component.get("text") or ""), "text_en")
    return Bilingual(prop(component, "text_zh"), prop(component, "text_en"))
