"""Each component of a form file: a known type, a key of its own, a label, a legal basis."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from webapp.formkit.kinds import TYPES, Component, children, key_of, kind_of, listed, prop, properties
from webapp.formkit.lint.attributes import check_attributes
from webapp.formkit.lint.document import MAX_FIELDS, check_key
from webapp.formkit.lint.faults import Faults
from webapp.formkit.specs import SILENT_KINDS, Kind

_ARTICLE: Final = re.compile(r"[a-z][a-z0-9]*(-[A-Za-z0-9.]+)+", re.ASCII)
_INSTEAD: Final = {
    "taglist": "checklist",
    "button": "提交按钮由页面提供",
    "time": "datetime (subtype date)",
    "iframe": "text",
    "html": "text",
    "image": "text",
    "table": "dynamiclist",
}


@dataclass
class Walk:
    """What the walk over one level has seen: keys taken, and whether it is inside a repeating group."""

    faults: Faults
    inside: str = ""
    keys: set[str] = field(default_factory=set)
    fields: int = 0


def check_components(document: Component, faults: Faults) -> None:
    """Note what is wrong with the components of the document, nested ones included."""
    walk = Walk(faults)
    for component in _top(document, walk):
        _check(component, walk)
    if walk.fields > MAX_FIELDS:
        faults.add("", "size", f"字段多于 {MAX_FIELDS} 个", f"the form has more than {MAX_FIELDS} fields")
    if not walk.fields and not faults.found:
        faults.add("", "empty", "表单里没有字段", "the form has no fields")


def name_of(component: Component) -> str:
    """How findings call a component: its key, else its form-js id, else its label or type."""
    return key_of(component) or str(component.get("id") or component.get("label") or component.get("type") or "?")


def _top(document: Component, walk: Walk) -> Iterator[Component]:
    """The components of the form, those of headings in place of the headings."""
    for component in _objects(document, "", walk):
        if component.get("type") != "group":
            yield component
            continue
        if component.get("path"):
            walk.faults.add(
                name_of(component),
                "group_path",
                "分节（group）不能有 path：各字段的键直接写在表单层",
                "a heading (group) may not have a path: its fields keep their keys at the level of the form",
            )
        _check_label(component, walk)
        yield from _objects(component, name_of(component), walk)


def _objects(holder: Component, name: str, walk: Walk) -> Iterator[Component]:
    if any(not isinstance(c, dict) for c in listed(holder, "components")):
        walk.faults.add(name, "shape", "components 里有不是对象的项", "an entry of components is not an object")
    yield from children(holder)


def _check(component: Component, walk: Walk) -> None:
    kind = kind_of(component)
    element = f"{walk.inside}.{name_of(component)}" if walk.inside else name_of(component)
    if kind is None:
        _unknown_type(component, element, walk)
        return
    if kind in SILENT_KINDS:
        return
    walk.fields += 1
    check_key(key_of(component), element, walk.keys, walk.faults)
    _check_label(component, walk)
    check_basis(element, properties(component), walk.faults)
    check_attributes(component, kind, element, walk.faults)
    if kind is Kind.ROWS:
        _check_rows(component, element, walk)


def _check_rows(component: Component, element: str, walk: Walk) -> None:
    if walk.inside:
        walk.faults.add(
            element, "nested_rows", "重复组里不能再放重复组", "a repeating group may not hold another repeating group"
        )
        return
    inner = Walk(walk.faults, inside=key_of(component))
    for child in _objects(component, element, inner):
        _check(child, inner)
    if not inner.fields:
        walk.faults.add(element, "empty", "重复组里没有字段", "the repeating group has no fields")
    walk.fields += inner.fields


def _unknown_type(component: Component, element: str, walk: Walk) -> None:
    type_, kind = str(component.get("type", "")), prop(component, "kind")
    if type_ == "group":
        walk.faults.add(
            element, "nested_group", "分节只能放在表单最外层", "a heading (group) stands at the top level only"
        )
    elif type_ in TYPES:
        walk.faults.add(
            element,
            "unknown_kind",
            f"properties.kind “{kind}” 不能用在 {type_} 上",
            f'properties.kind "{kind}" does not go with the type {type_}',
        )
    else:
        instead = _INSTEAD.get(type_, "、".join(TYPES))
        walk.faults.add(
            element,
            "unknown_type",
            f"不认识的部件类型“{type_}”；可用：{instead}",
            f'unknown component type "{type_}"; use: {instead}',
        )


def _check_label(component: Component, walk: Walk) -> None:
    label: Any = component.get("label")
    element = name_of(component)
    if not isinstance(label, str) or not label.strip():
        walk.faults.add(element, "label", "缺少标签 label", "the label is missing")
    elif label.startswith("=") or "{{" in label:
        walk.faults.add(element, "label", "标签不能是表达式", "the label may not be an expression")


def check_basis(element: str, held: Component, faults: Faults) -> None:
    """Whether `held` (properties of a field, or a rule) names its clauses, or `not-stated` with a reason."""
    articles = str(held.get("article") or "").split()
    if not articles:
        faults.add(
            element,
            "article",
            "没写依据：article 写条款编号（空格分隔），或 not-stated 并写 reason_zh",
            "no legal basis: article holds clause ids separated by spaces, or not-stated together with reason_zh",
        )
    elif articles == ["not-stated"]:
        if not str(held.get("reason_zh") or "").strip() or not str(held.get("reason_en") or "").strip():
            faults.add(
                element,
                "article_reason",
                "not-stated 须写明理由 reason_zh 与 reason_en",
                "not-stated needs a reason_zh and a reason_en",
            )
    else:
        for article in articles:
            if not _ARTICLE.fullmatch(article):
                faults.add(element, "article", f"条款编号“{article}”不合规", f'"{article}" is not a clause id')
