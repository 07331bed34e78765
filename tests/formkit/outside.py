"""A small outside world for forms: two units, three people, three platforms, two uploads."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from webapp.engine.feel import Json
from webapp.formkit import Advice, BoundForm, Choice, FileInfo, FormSchema, bind, load

UNITS = [
    Choice("1", "设计创意学院", "School of Design", code="sjcy", kind="department"),
    Choice("2", "宣传部", code="xcb", kind="office"),
]
PEOPLE = [
    Choice("7", "张老师", code="2019001", kind="staff", hint="设计创意学院"),
    Choice("8", "张小明", code="2021002", kind="staff", hint="宣传部"),
    Choice("9", "李同学", code="2025003", kind="student", hint="设计创意学院"),
]
PLATFORMS = [
    Choice("wechat", "微信公众号", "WeChat official account", kind="account"),
    Choice("weibo", "微博", "Weibo", kind="account"),
    Choice("qq_group", "QQ群", "QQ group", kind="group"),
]
ACCOUNTS = [
    Choice("31", "信息之窗", code="备〔2026〕001", kind="weibo", hint="微博"),
    Choice("32", "设计在线", code="备〔2026〕002", kind="wechat", hint="微信公众号"),
]
FILES = {"5": FileInfo("5", "单位意见.pdf", 1200, "aa"), "6": FileInfo("6", "方案.docx", 900, "bb")}
CASE: dict[str, Json] = {
    "unit": {"id": 1, "code": "sjcy", "name": "设计创意学院"},
    "applicant": {"id": 7, "name": "张老师", "kind": "staff"},
}


class Outside:
    """Lookups over the lists above; `asked` records each check as (rule, field, value)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Json]] = []

    def units(self, kind: str | None, query: str) -> list[Choice]:
        return [u for u in UNITS if kind in (None, u.kind) and query in u.label + u.code]

    def people(self, kind: str | None, query: str) -> list[Choice]:
        return [p for p in PEOPLE if kind in (None, p.kind) and query in p.label + p.code]

    def platforms(self) -> list[Choice]:
        return PLATFORMS

    def unit(self, id: str) -> Choice | None:
        return next((u for u in UNITS if u.value == id), None)

    def person(self, id: str) -> Choice | None:
        return next((p for p in PEOPLE if p.value == id), None)

    def accounts(self, scope: str, states: Sequence[str], query: str) -> list[Choice]:
        mine = ACCOUNTS if scope == "all" else ACCOUNTS[:1]
        return [a for a in mine if query in a.label + a.code]

    def account(self, id: str, scope: str, states: Sequence[str]) -> Choice | None:
        return next((a for a in self.accounts(scope, states, "") if a.value == id), None)

    def file(self, id: str) -> FileInfo | None:
        return FILES.get(id)

    def check(self, rule: str, field: str, value: Json, answers: Mapping[str, Json]) -> list[Advice]:
        self.asked.append((rule, field, value))
        if rule == "protected_mark" and "温州" in str(value):
            return [Advice("error", "", "名称含有受保护的标识", "The name carries a protected mark", "wzpt-4")]
        if rule == "other_department" and "宣传部" in str(value):
            return [Advice("error", field, "名称含有其他部门的名称", "The name is another department's", "wzpt-4")]
        if rule == "single_account" and answers.get("platform") == "wechat":
            return [Advice("warning", field, "本单位在此平台已有账号", "The unit has one already", "wzpt-5")]
        return []


def field(type_: str, key: str, **given: Any) -> dict[str, Any]:
    """A component with a label and a legal basis; `properties` are merged."""
    held = {"article": "wzpt-11.1", **given.pop("properties", {})}
    return {"type": type_, "key": key, "label": key.title(), "properties": held, **given}


def rows(path: str, *components: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A repeating group."""
    made = field("dynamiclist", path, components=list(components), **given)
    made["path"] = made.pop("key")
    return made


def source(*components: dict[str, Any], rules: list[dict[str, Any]] | None = None, **top: Any) -> bytes:
    """A form file named sample.form."""
    document = {"type": "default", "schemaVersion": 19, "id": "sample", "components": list(components), **top}
    if rules is not None:
        document["beianRules"] = rules
    return json.dumps(document, ensure_ascii=False).encode()


def form(*components: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> FormSchema:
    """A loaded form."""
    return load(source(*components, rules=rules), "forms/wzpt/sample.form")


def post(schema: FormSchema, *pairs: tuple[str, str], **given: Any) -> BoundForm:
    """The form bound to a post of these pairs."""
    return bind(schema, given.pop("lookups", Outside()), CASE, posted=MultiDict(pairs), **given)


def judged(schema: FormSchema, *pairs: tuple[str, str], **given: Any) -> BoundForm:
    """The same, validated."""
    bound = post(schema, *pairs, **given)
    bound.validate()
    return bound
