"""An account's entry as rows of text, and what one version changed in the one before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from flask_babel import gettext as _

from webapp.formkit import Difference, FormSchema, Row, describe, differences
from webapp.registry.facts import is_contact

_NUMERAL = re.compile(r"^(?:[一二三四五六七八九十]+、|[IVX]+\.\s|\d+\.\s)")


class Names(Protocol):
    """What keys in an entry are called, in the page's language."""

    def platform(self, key: str) -> str: ...
    def tier(self, key: str) -> str: ...
    def unit(self, unit_id: int | None) -> str: ...


@dataclass(frozen=True)
class Fact:
    """One line of the entry. `was` is the earlier text where a version changed it; `note` stands small behind it."""

    key: str
    label: str
    value_text: str
    note: str = ""
    was: str | None = None


@dataclass
class Entry:
    """The words for one account's states. `contacts`: whether telephones and the like are shown."""

    names: Names
    schemas: Sequence[FormSchema] = field(default_factory=list)
    contacts: bool = False
    locale: str = "zh"

    def facts(self, data: Mapping[str, Any]) -> list[Fact]:
        """The fields every account has and this one states; `data` as `facts.state_of` gives it."""
        return [fact for fact in self._all(data) if fact.value_text]

    def details(self, data: Mapping[str, Any]) -> list[Row]:
        """What else was filed, with the labels of the form it was filed on."""
        return self._described(data.get("details"))

    def verification(self, data: Mapping[str, Any]) -> list[Row]:
        """What was found on the platform after opening."""
        return self._described(data.get("verification"))

    def administrators(self, data: Mapping[str, Any]) -> list[Row]:
        """The people who run the account, as a repeating group."""
        rows = [_stated(row) for row in data.get("administrators") or [] if isinstance(row, dict)]
        return self._described({"administrators": rows}) if rows else []

    def changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Fact]:
        """The lines that differ from one version to the next."""
        before = {fact.key: fact.value_text for fact in self._all(old)}
        changed = [
            Fact(fact.key, fact.label, fact.value_text, was=before.get(fact.key, ""))
            for fact in self._all(new)
            if fact.value_text != before.get(fact.key, "")
        ]
        for key in ("details", "verification", "administrators"):
            changed += [
                Fact(found.key, found.label, found.new_text, was=found.old_text)
                for found in self._differences(_inner(old, key), _inner(new, key))
            ]
        return changed

    @staticmethod
    def cause(cause: str) -> str:
        """What made a version, in words."""
        return cause_name(cause)

    def _all(self, data: Mapping[str, Any]) -> list[Fact]:
        people = [(_("第一责任人"), "first_responsible"), (_("直接责任人"), "directly_responsible")]
        people.append((_("主管领导"), "leader_in_charge"))
        followers = data.get("followers")
        counted = f"{followers:,}" if isinstance(followers, int) else ""
        on = _("%(day)s 申报", day=data["followers_on"]) if counted and data.get("followers_on") else ""
        return [
            Fact("filing_number", _("备案号"), _text(data.get("filing_number"))),
            Fact("name", _("名称"), _text(data.get("name"))),
            Fact("platform", _("平台"), self.names.platform(_text(data.get("platform")))),
            Fact("platform_account_id", _("平台标识"), _text(data.get("platform_account_id"))),
            Fact("url", _("网址"), _text(data.get("url"))),
            Fact("state", _("状态"), state_name(_text(data.get("state")))),
            Fact("tier", _("级别"), self.names.tier(_text(data.get("tier")))),
            Fact("unit_id", _("主办单位"), self.names.unit(data.get("unit_id"))),
            *(Fact(key, label, named(data.get(key))) for label, key in people),
            Fact("purpose", _("定位"), _text(data.get("purpose"))),
            Fact("audience", _("服务对象"), _text(data.get("audience"))),
            Fact("payment", _("支付功能"), _("有") if data.get("payment") else _("无")),
            Fact("partner", _("合作单位"), _text(data.get("partner"))),
            Fact("followers", _("关注数"), counted, on),
        ]

    def _described(self, answers: Any) -> list[Row]:
        shown = _stated(answers if self.contacts else without_contacts(answers))
        schema = self._schema(shown)
        rows = describe(schema, shown, locale=self.locale) if schema and shown else []
        # The form's headings are numbered; here they stand inside a numbered section.
        return [replace(row, section=_NUMERAL.sub("", row.section)) for row in rows]

    def _differences(self, old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
        if not self.contacts:
            old, new = without_contacts(old), without_contacts(new)
        schema = self._schema({**old, **new})
        return differences(schema, old, new, locale=self.locale) if schema else []

    def _schema(self, answers: Mapping[str, Any]) -> FormSchema | None:
        """The form that knows most of these answers: the one they were filed on, or what it has become."""
        wanted = set(answers)
        known = {schema.key: len(wanted & {spec.key for spec in schema.top}) for schema in self.schemas}
        best = max(self.schemas, key=lambda schema: known[schema.key], default=None)
        return best if best is not None and known[best.key] else None


def state_name(state: str) -> str:
    """A state of an account in words."""
    words: dict[str, str] = {
        "active": _("在用"),
        "proposed": _("未登记"),
        "rectification": _("整改中"),
        "under_rectification": _("整改中"),
        "suspended": _("已暂停"),
        "ordered_closed": _("已责令关停"),
        "deregistered": _("已注销"),
    }
    return words.get(state, state)


def cause_name(cause: str) -> str:
    """What made a version, in words."""
    words: dict[str, str] = {
        "registered": _("登记入册"),
        "entered": _("补登入册"),
        "verification": _("平台核验"),
        "change": _("变更登记"),
        "deregistration": _("注销"),
        "ordered_closure": _("责令关停"),
        "state": _("状态变动"),
        "imported": _("批量登记"),
        "annual_review": _("年审"),
    }
    return words.get(cause, cause)


def named(rows: Any) -> str:
    """The names in a field of people."""
    people = rows if isinstance(rows, list) else [rows] if rows else []
    names = []
    for row in people:
        person = row.get("person") if isinstance(row, dict) and isinstance(row.get("person"), dict) else row
        names.append(_text(person.get("name") if isinstance(person, dict) else person))
    return "、".join(name for name in names if name)


def without_contacts(value: Any) -> Any:
    """The same answers without telephones, addresses and what else reaches a person."""
    if isinstance(value, dict):
        return {key: without_contacts(inner) for key, inner in value.items() if not is_contact(key)}
    if isinstance(value, list):
        return [without_contacts(inner) for inner in value]
    return value


def _inner(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return {key: value} if isinstance(value, list) else dict(value or {})


def _stated(answers: Any) -> dict[str, Any]:
    found = answers if isinstance(answers, dict) else {}
    return {key: value for key, value in found.items() if value not in (None, "", [], {}, False)}


def _text(value: Any) -> str:
    return "" if value is None else str(value)
