"""The attributes of one component: limits, values, our own properties. Unknown ones are faults, typos being silent."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from webapp.formkit.kinds import CHOICE_KINDS, TEXT_KINDS, Component, listed, names_in, prop, properties
from webapp.formkit.lint.document import KEY
from webapp.formkit.lint.faults import Faults
from webapp.formkit.lookups import CHECKS
from webapp.formkit.patterns import MAX_VALUE, UnsafePattern, safe
from webapp.formkit.specs import Kind

PROPERTIES: Final = frozenset(
    {"kind", "unit_kind", "person", "platform_group", "text_zh", "text_en", "label_en", "help_zh", "help_en"}
    | {"article", "reason_zh", "reason_en", "requiredIf", "check", "check_unless", "prefill", "personal", "min", "max"}
    | {"pattern_message_zh", "pattern_message_en", "sheet"}
    | {"current", "scope", "states"}
)
_TEXT_RULES: Final = frozenset({"required", "minLength", "maxLength", "pattern", "validationType"})
_RULES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.TEXT: _TEXT_RULES,
    Kind.LONG_TEXT: _TEXT_RULES,
    Kind.NUMBER: frozenset({"required", "min", "max"}),
    Kind.ROWS: frozenset(),
}
_SCOPES: Final = ("", "own", "all")
_STATE: Final = re.compile(r"[a-z][a-z_]*")
_PERSONS: Final = ("", "staff", "student", "any")
MAX_TEXT = 20_000  # characters of any answer
MAX_ROWS = 200
MAX_FILES = 50
MAX_DECIMALS = 4


def check_attributes(component: Component, kind: Kind, element: str, faults: Faults) -> None:
    """Note what is wrong with the limits, values and properties of a component."""
    _check_names(properties(component), PROPERTIES, "properties", element, faults)
    rules = component.get("validate", {})
    if not isinstance(rules, dict):
        faults.add(element, "validate", "validate 须是对象", "validate must be an object")
        rules = {}
    _check_names(rules, _RULES.get(kind, frozenset({"required"})), "validate", element, faults)
    for name in ("readonly", "disabled", "valuesKey", "valuesExpression"):
        if component.get(name):
            faults.add(element, "unsupported", f"不支持 {name}", f"{name} is not supported")
    if kind in TEXT_KINDS:
        _check_text(rules, element, faults)
    if kind in CHOICE_KINDS:
        _check_values(component, element, faults)
    if kind is Kind.DATE and component.get("subtype") != "date":
        faults.add(element, "subtype", 'subtype 须为 "date"', 'the subtype must be "date"')
    if kind is Kind.UNDERTAKING and not prop(component, "text_zh"):
        faults.add(element, "text", "承诺须有全文 properties.text_zh", "an undertaking needs its full text in text_zh")
    if kind is Kind.PERSON and prop(component, "person") not in _PERSONS:
        faults.add(element, "person", "person 只能是 staff、student、any", "person is staff, student or any")
    _check_account(component, kind, element, faults)
    if kind is Kind.SHEET:
        _check_sheet(component, element, faults)
    _check_bounds(component, kind, rules, element, faults)
    _check_checks(component, element, faults)


def _check_names(held: Mapping[str, Any], known: Iterable[str], where: str, element: str, faults: Faults) -> None:
    for name in held:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            faults.add(
                element,
                "unknown_attribute",
                f"{where} 里不认识“{name}”" + (f"，是不是 {near[0]}？" if near else ""),
                f'unknown "{name}" in {where}' + (f"; did you mean {near[0]}?" if near else ""),
            )


def _check_text(rules: Mapping[str, Any], element: str, faults: Faults) -> None:
    if rules.get("validationType", "") not in ("", "custom"):
        faults.add(
            element,
            "validation_type",
            "不支持 validationType，请写 pattern",
            "validationType is not supported; write a pattern",
        )
    pattern = rules.get("pattern")
    if pattern is None or pattern == "":
        return
    try:
        safe(str(pattern))
    except UnsafePattern as error:
        faults.add(element, "pattern", error.zh, error.en)
    longest = _whole(rules.get("maxLength", MAX_VALUE))
    if longest is not None and longest > MAX_VALUE:
        faults.add(
            element,
            "pattern_length",
            f"有 pattern 的字段 maxLength 不得超过 {MAX_VALUE}",
            f"a field with a pattern has a maxLength of at most {MAX_VALUE}",
        )


def _check_values(component: Component, element: str, faults: Faults) -> None:
    values = listed(component, "values")
    texts = [v.get("value") for v in values if isinstance(v, dict) and v.get("label")]
    if not values or len(texts) != len(values) or not all(isinstance(t, str) and t for t in texts):
        faults.add(
            element,
            "values",
            "values 须是非空列表，每项有文本 value 与 label",
            "values must be a list, each with a text value and a label",
        )
    elif len(set(texts)) < len(texts):
        faults.add(element, "values", "values 里有重复的 value", "a value is given twice")
    else:
        default = component.get("defaultValue")
        if any(d not in texts for d in (default if isinstance(default, list) else [default] if default else [])):
            faults.add(element, "default", "defaultValue 不在 values 中", "the defaultValue is not one of the values")


def _check_account(component: Component, kind: Kind, element: str, faults: Faults) -> None:
    for name in ("scope", "states"):
        if kind is not Kind.ACCOUNT and prop(component, name):
            faults.add(element, "account", f"{name} 只用于账号字段", f"{name} belongs to fields of kind account")
    if kind is not Kind.ACCOUNT:
        return
    if prop(component, "scope") not in _SCOPES:
        faults.add(element, "account", "scope 只能是 own 或 all", "scope is own or all")
    if any(not _STATE.fullmatch(state) for state in names_in(prop(component, "states"))):
        faults.add(element, "account", "states 写账号的状态，逗号分隔", "states lists states of an account")


def _check_sheet(component: Component, element: str, faults: Faults) -> None:
    if not KEY.fullmatch(prop(component, "sheet")):
        faults.add(
            element,
            "sheet",
            "properties.sheet 须写 pack.yaml 中 sheets 的键",
            "properties.sheet names one of the sheets of pack.yaml",
        )
    if component.get("multiple"):
        faults.add(element, "sheet", "表格字段只收一个文件，去掉 multiple", "a sheet takes one file; drop multiple")


def _check_bounds(component: Component, kind: Kind, rules: Mapping[str, Any], element: str, faults: Faults) -> None:
    if kind is Kind.NUMBER:
        low, high = rules.get("min"), rules.get("max")
        ok = all(x is None or (isinstance(x, int | float) and not isinstance(x, bool)) for x in (low, high))
        ok = ok and (low is None or high is None or low <= high)
        ok = ok and (_whole(component.get("decimalDigits") or 0) or 0) <= MAX_DECIMALS
    elif kind in TEXT_KINDS:
        ok = _ordered(rules.get("minLength"), rules.get("maxLength"), MAX_TEXT)
    elif kind in (Kind.ROWS, Kind.FILES):
        most = MAX_ROWS if kind is Kind.ROWS else MAX_FILES
        ok = _ordered(prop(component, "min") or None, prop(component, "max") or None, most)
        ok = ok and (_whole(component.get("defaultRepetitions") or 0) or 0) <= MAX_ROWS
    else:
        return
    if not ok:
        faults.add(
            element,
            "bounds",
            "上下限须是数字，且下限不大于上限（文字最长 20000、行最多 200、附件最多 50）",
            "limits must be numbers, the lower not above the upper (text 20000, rows 200, files 50 at most)",
        )


def _ordered(low: Any, high: Any, most: int) -> bool:
    least = 0 if low is None else _whole(low)
    upper = most if high is None else _whole(high)
    return least is not None and upper is not None and 0 <= least <= upper <= most and upper > 0


def _whole(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 and not isinstance(value, bool) else None


def _check_checks(component: Component, element: str, faults: Faults) -> None:
    for name in (n.strip() for n in prop(component, "check").split(",")):
        if name and name not in CHECKS:
            faults.add(
                element,
                "unknown_check",
                f"不认识的检查“{name}”；可用：{'、'.join(CHECKS)}",
                f'unknown check "{name}"; use: {", ".join(CHECKS)}',
            )
