"""The expressions of a form file: each compiles, and reads only what is there when it is evaluated."""

from collections.abc import Iterator, Set
from typing import Any, Final

from webapp.engine import feel
from webapp.engine.errors import EngineError
from webapp.formkit.kinds import Component, children, key_of, kind_of, prop
from webapp.formkit.lint.components import check_basis, name_of
from webapp.formkit.lint.faults import Faults
from webapp.formkit.specs import SILENT_KINDS, Kind

CASE_MEMBERS: Final = frozenset(
    {"reference", "filed_at", "started_at", "institution", "unit", "applicant"}
    | {"account", "campaign", "cause", "event_on", "last_day", "late"}
)
FUNCTIONS: Final = frozenset({"today"})
_RULE_MEMBERS: Final = frozenset(
    {"key", "when", "field", "message_zh", "message_en", "article", "reason_zh", "reason_en"}
)


def hide_of(component: Component) -> str:
    """The text of `conditional.hide`, "" when there is none."""
    conditional = component.get("conditional")
    return str(conditional.get("hide") or "") if isinstance(conditional, dict) else ""


def check_conditions(document: Component, faults: Faults) -> None:
    """Note every expression that does not compile or reads an unknown or later field."""
    every = frozenset(key_of(c) for c, _ in _placed(document))
    earlier: set[str] = set()
    for component, hides in _placed(document):
        for text in hides:
            _check(name_of(component), "conditional.hide", text, earlier, every, faults)
        _check_others(component, name_of(component), every, every, faults)
        if kind_of(component) is Kind.ROWS:
            _check_rows(component, earlier, every, faults)
        earlier.add(key_of(component))
    _check_rules(document, every, faults)


def _placed(document: Component) -> Iterator[tuple[Component, list[str]]]:
    """Components at the level of the form, each with the conditions that hide it (its heading's included)."""
    for component in children(document):
        own = [text] if (text := hide_of(component)) else []
        if component.get("type") == "group":
            for child in children(component):
                yield child, own + ([text] if (text := hide_of(child)) else [])
        else:
            yield component, own


def _check_rows(rows: Component, earlier: Set[str], every: Set[str], faults: Faults) -> None:
    own = frozenset(key_of(c) for c in children(rows) if kind_of(c) not in SILENT_KINDS)
    before = set(earlier)
    for child in children(rows):
        element = f"{key_of(rows)}.{name_of(child)}"
        if text := hide_of(child):
            _check(element, "conditional.hide", text, before, every | own, faults)
        _check_others(child, element, every | own, every, faults)
        if prop(child, "current"):
            faults.add(
                element,
                "current_in_rows",
                "重复组里的字段不能写 current，请写在重复组上",
                "a field of a repeating group has no current value; give it to the group",
            )
        before.add(key_of(child))


def _check_others(component: Component, element: str, seen: Set[str], every: Set[str], faults: Faults) -> None:
    for name in ("requiredIf", "check_unless"):
        if text := prop(component, name):
            _check(element, f"properties.{name}", text, seen, seen, faults)
    for name in ("prefill", "current"):
        if text := prop(component, name):
            _check(element, f"properties.{name}", text, frozenset(), every, faults)


def _check(element: str, where: str, text: str, seen: Set[str], every: Set[str], faults: Faults) -> None:
    """`seen`: the keys known when the expression is evaluated; `every`: all keys of the form."""
    try:
        expression = feel.compile(text)
    except EngineError as error:
        faults.add_cause(element, "expression", where, error)
        return
    for name in sorted(expression.names - seen - {"case"}):
        if name in every:
            faults.add(
                element,
                "later_field",
                f"{where} 引用了排在后面（或自身）的字段“{name}”：条件只能看前面的字段，请把“{name}”移到前面",
                f'{where} reads "{name}", which does not stand before it: move "{name}" up, conditions look back only',
            )
        else:
            faults.add(
                element,
                "unknown_field",
                f"{where} 引用了不存在的字段“{name}”",
                f'{where} reads "{name}", which is no field of this form',
            )
    for path in sorted(expression.paths):
        root, _, member = path.partition(".")
        if root == "case" and member and member.split(".")[0] not in CASE_MEMBERS:
            faults.add(
                element,
                "unknown_field",
                f"{where}：case 没有“{member}”，只有 {'、'.join(sorted(CASE_MEMBERS))}",
                f'{where}: case has no "{member}", only {", ".join(sorted(CASE_MEMBERS))}',
            )
    for name in sorted(expression.functions - FUNCTIONS):
        faults.add(element, "unknown_function", f"{where}：没有函数“{name}”", f'{where}: there is no function "{name}"')


def _check_rules(document: Component, every: Set[str], faults: Faults) -> None:
    rules: Any = document.get("beianRules", [])
    if not isinstance(rules, list) or any(not isinstance(r, dict) for r in rules):
        faults.add("beianRules", "shape", "beianRules 须是对象的列表", "beianRules must be a list of objects")
        return
    keys: set[str] = set()
    for rule in rules:
        _check_rule(rule, document, every, keys, faults)


def _check_rule(rule: Component, document: Component, every: Set[str], keys: set[str], faults: Faults) -> None:
    element = str(rule.get("key") or "beianRules")
    if not rule.get("key") or element in keys:
        faults.add(element, "duplicate_key", "规则须有自己的 key", "a rule needs a key of its own")
    keys.add(element)
    for name in sorted(set(rule) - _RULE_MEMBERS):
        faults.add(element, "unknown_attribute", f"规则里不认识“{name}”", f'unknown "{name}" in the rule')
    if not rule.get("message_zh") or not rule.get("message_en"):
        faults.add(element, "message", "规则缺少 message_zh 或 message_en", "the rule lacks message_zh or message_en")
    check_basis(element, rule, faults)
    path = str(rule.get("field") or "")
    rows = {key_of(c): c for c, _ in _placed(document) if kind_of(c) is Kind.ROWS}
    holder, _, inner = path.partition(".")
    own = frozenset(key_of(c) for c in children(rows[holder])) if inner and holder in rows else frozenset()
    if path not in every and inner not in own:
        faults.add(
            element, "unknown_field", f"规则的 field “{path}”不存在", f'the rule\'s field "{path}" does not exist'
        )
    if not rule.get("when"):
        faults.add(element, "expression", "规则缺少 when", "the rule lacks when")
    else:
        _check(element, "when", str(rule["when"]), every | own, every | own, faults)
